"""What is compared: figures of which each image has one."""

from __future__ import annotations

from typing import NamedTuple

IMAGE, MODEL = "image", "model"
"""Kinds of columns: what the camera saw, which any images can be compared by; and what one version of the model made of it."""
FEATURES_KEPT = 4


class Column(NamedTuple):
    """A figure.

    Attributes:
        key: Its name, in the log too where the log has it.
        kind: IMAGE or MODEL.
        label, meaning: For people.
    """

    key: str
    kind: str
    label: str
    meaning: str


COLUMNS = (
    Column("brightness", IMAGE, "Brightness", "mean grey level, 0 to 1: lamp, exposure, white level"),
    Column("contrast", IMAGE, "Contrast", "standard deviation of the grey levels"),
    Column("sharpness", IMAGE, "Sharpness", "logarithm of the Laplacian's variance: focus, dirt on the lens, compression"),
    Column("clipped", IMAGE, "Clipped", "share of pixels that are black or white"),
    Column("saliency_mean", MODEL, "Mean saliency", "of the map: how much is marked, and how surely"),
    Column("saliency_p99", MODEL, "99th percentile of saliency", "of the map: how sure the model is of what it marks"),
    Column("saliency_peak", MODEL, "Highest saliency", "of the map"),
    Column("saliency_unsure", MODEL, "Unsure share", "of pixels between 1/8 and 7/8: neither defect nor ground"),
    *(
        Column(f"feature_{number}", MODEL, f"Encoder feature {number}", f"direction {number} in which these images differ most")
        for number in range(1, FEATURES_KEPT + 1)
    ),
    Column("feature_rest", MODEL, "Encoder, the rest", "how far an image lies from what those directions can show"),
)


def keys_of(kind: str) -> tuple[str, ...]:
    """List the columns of a kind, IMAGE or MODEL, by their keys."""
    return tuple(column.key for column in COLUMNS if column.kind == kind)
