"""Image files: one decoder for everybody, levels for more than 8 bits, and what a mask means."""
