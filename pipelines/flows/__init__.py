"""The Prefect side: retraining as a flow whose tasks run DVC stages. The only imports of prefect."""
