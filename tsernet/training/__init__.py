"""Algorithm 1, and what makes it survive a crash, a signal, a full disk and bad numbers."""

from tsernet.training.loop import NoReporter, Reporter, TrainingJob, TrainingResult, train

__all__ = ["NoReporter", "Reporter", "TrainingJob", "TrainingResult", "train"]
