"""Monitoring: the last images of the inspection log beside the images that the model was trained on."""
