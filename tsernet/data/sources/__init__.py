"""Where images come from: a formula, the published dataset, or one's own folder."""

from __future__ import annotations

from pathlib import Path

from tsernet.config import Dataset
from tsernet.data.atomic import replacing
from tsernet.data.sources.folder import copy_folder
from tsernet.data.sources.published import find_published
from tsernet.data.sources.synthetic.dataset import make_synthetic

__all__ = ["acquire"]


def acquire(dataset: Dataset, raw: Path) -> int:
    """Bring the dataset's files into the raw folder, whole or not at all.

    Inputs are checked before anything is written; a failure leaves what was there before.

    Args:
        dataset: The section `dataset` of params.yaml.
        raw: The folder to make or replace.
    Returns:
        The number of files.
    Raises:
        UserError: If the source is missing, incomplete, changed or refused; the file is named.
    """
    with replacing(raw) as fresh:
        if dataset.source == "synthetic":
            make_synthetic(dataset.synthetic, fresh)
        elif dataset.source == "folder":
            copy_folder(Path(dataset.folder), fresh, exclude=dataset.exclude, mask_suffix=dataset.masks.suffix)
        else:
            with find_published() as tree:
                copy_folder(tree, fresh)
        return sum(1 for path in fresh.rglob("*") if path.is_file())
