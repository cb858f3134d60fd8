"""An import added to a dataset that is there already."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from glob import escape
from pathlib import Path

from tsernet.data.atomic import write_whole
from tsernet.data.layout import labelled_name, read_labels
from tsernet.errors import UserError


def add_files(staging: Path, out: Path, files: Sequence[str], earlier: Sequence[str]) -> list[str]:
    """Put the files of an import beside those of a dataset.

    Masks go before images and labels come last, so that whatever a kill leaves is a dataset still: a mask of no image is named by the
    validation, an image is never seen without its mask.

    Args:
        staging: Where they are now.
        out: The dataset.
        files: Their names below either.
        earlier: What earlier imports have written there.
    Returns:
        All that imports have written; a mask or a labels.csv that a person had there before is that person's still, so that no later
        `--update` removes it.
    Raises:
        UserError: If the dataset has an image of the same name and other content or suffix, or a labels.csv that cannot be read; then
            nothing was added.
    """
    if not out.exists():
        out.mkdir(parents=True)
    images = [name for name in files if name.startswith("images/")]
    changed = [name for name in images if (out / name).exists() and (out / name).read_bytes() != (staging / name).read_bytes()]
    twins = [name for name in images if not (out / name).exists() and list((out / name).parent.glob(f"{escape(Path(name).stem)}.*"))]
    for found, why in ((changed, "is there already, with other content"), (twins, "is there already, with another suffix")):
        if found:
            raise UserError(f"{out / found[0]}: {why}; nothing was added")
    labels = _joined_labels(out / "labels.csv", staging / "labels.csv")
    new = [name for name in files if not (out / name).exists()]
    masks = [path.relative_to(staging).as_posix() for path in sorted((staging / "masks").rglob("*.png"))]
    for name in [*masks, *images]:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (staging / name).replace(out / name)
    write_whole(out / "labels.csv", labels)
    return sorted({*earlier, *new})


def _joined_labels(there: Path, added: Path) -> str:
    """Join two label files: of a name that both have, the added line counts; the columns are those of either."""
    read_labels(there)  # what the data stages would refuse is refused before anything is moved
    rows: dict[str, dict[str, str]] = {}
    columns: dict[str, None] = {}
    for path in (there, added):
        if path.is_file():
            with path.open(newline="", encoding="utf-8-sig") as lines:
                reader = csv.DictReader(lines)
                columns |= dict.fromkeys(reader.fieldnames or ())
                # A class that the person has not given again stays.
                for row in reader:
                    name = labelled_name(row.get("name"))
                    rows[name] = rows.get(name, {}) | {key: value for key, value in row.items() if key and value} | {"name": name}
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows.values())
    return text.getvalue()
