"""A training whose samples lie on the device: drawn on the host, augmented there, each step one graph of kernels without a wait."""
