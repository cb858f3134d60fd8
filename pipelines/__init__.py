"""The pipeline around the library: DVC stages, MLflow tracking and registry, Prefect flows, the command."""
