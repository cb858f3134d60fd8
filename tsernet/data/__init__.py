"""The dataset: sources, samples on disk, splits, and what an image goes through before the network."""

SPLITS = ("train", "val", "test")
