"""The dataset: sources, samples on disk, splits, and what a picture goes through before the network."""
