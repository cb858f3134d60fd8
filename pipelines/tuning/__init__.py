"""A search over params: trials that are trainings on folds, chosen and cut short by Optuna."""
