"""One file a stage of dvc.yaml; each is run as a process of its own."""
