"""`tsernet score`: the measures of any folder of saliency maps."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from tsernet.images.masks import MaskRule
    from tsernet.metrics import Scores


def register(app: typer.Typer) -> None:
    """Add the command `score`."""
    app.command()(score)


def score(
    maps: Annotated[Path, typer.Argument(help="Folder of saliency maps: PNG, JPEG or BMP, 8-bit grey or RGB.")],
    masks: Annotated[Path, typer.Argument(help="Folder of masks of the same names: 0 is ground, 255 defect; see --mask-values.")],
    names: Annotated[Path | None, typer.Option(help="Score these alone: one name a line, or a CSV with a column `name`.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    allow_missing: Annotated[bool, typer.Option("--allow-missing", help="Score what has map and mask, and name the rest.")] = False,
    per_image: Annotated[Path | None, typer.Option(help="Write each image's scores to this CSV file.")] = None,
    pr_curve: Annotated[Path | None, typer.Option(help="Write the precision-recall curve to this CSV file.")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing CSV files.")] = False,
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0: one a core.")] = 0,
    mask_suffix: Annotated[str | None, typer.Option(help="Behind the map's stem in the mask's, such as _mask.")] = None,
    mask_values: Annotated[str | None, typer.Option(help="binary (0 and 255), nonzero, or the values of defects: 1,3")] = None,
    mask_threshold: Annotated[int | None, typer.Option(min=1, max=65535, help="From this value on is defect.")] = None,
) -> None:
    """Score saliency maps against masks: S, MAE, E, F, weighted F, IoU at 0.5 and the PR curve."""
    from pipelines.outputs import require_new_file
    from tsernet.metrics import read_names, score_folder, write_curves, write_per_image

    for table in (per_image, pr_curve):
        if table is not None:
            require_new_file(table, [one for one in (names, *_files(maps), *_files(masks)) if one is not None], overwrite)
    chosen = read_names(names) if names else None
    rule = _rule(mask_suffix, mask_values, mask_threshold)
    with _Bar() as bar:
        scores = score_folder(maps, masks, chosen, allow_missing=allow_missing, workers=workers or None, progress=bar.show, rule=rule)
    if per_image:
        write_per_image(scores, per_image)
    if pr_curve:
        write_curves(scores.curves, pr_curve)
    if as_json:
        print(json.dumps(_as_tree(scores)))
    else:
        _print_table(scores)


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []


def _rule(suffix: str | None, values: str | None, threshold: int | None) -> MaskRule | None:
    """Read the masks' rule as `dataset.masks` has it; None where no option was given."""
    from tsernet.config import parse_masks
    from tsernet.errors import UserError

    if suffix is None and values is None and threshold is None:
        return None
    listed = [int(part) if part.isdecimal() else part for part in values.split(",")] if values else []
    one = values if values in ("binary", "nonzero") else listed
    tree = {"suffix": suffix or "", "values": one or "binary", "threshold": threshold or "none"}
    try:
        return parse_masks(tree, "masks").rule()
    except UserError as error:
        # The keys of `dataset.masks` are the options' names behind --mask-.
        raise UserError(f"--mask-{str(error).removeprefix('masks: ')}") from None


class _Bar:
    """A progress bar on stderr that redraws when told: a bar with a thread of its own would forbid forks."""

    def __enter__(self) -> _Bar:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        columns = (TextColumn("scoring"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = Progress(*columns, console=Console(stderr=True), auto_refresh=False, transient=True)
        self._task = self._progress.add_task("scoring", total=None)
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def show(self, done: int, total: int) -> None:
        self._progress.update(self._task, completed=done, total=total, refresh=True)


def _as_tree(scores: Scores) -> dict[str, object]:
    tree: dict[str, object] = dict(scores.measures())
    return tree | {"missing": scores.missing, "extra": scores.extra, "resized": scores.resized}


def _print_table(scores: Scores) -> None:
    from rich.console import Console
    from rich.table import Table

    from tsernet.metrics import MEASURES
    from tsernet.wording import counted

    console = Console()
    if scores.count:
        table = Table(title=counted(scores.count, "map"))
        table.add_column("measure")
        table.add_column("score", justify="right")
        table.add_column("better")
        for measure in MEASURES:
            table.add_row(measure.label, f"{getattr(scores, measure.key):.4f}", "higher" if measure.higher_is_better else "lower")
        console.print(table)
        console.print(f"max F is reached at threshold {scores.curves.best_threshold} of 255", highlight=False)
    kinds = ((scores.clean, "clean images, whose masks are empty", "marked"), (scores.full, "images that are all defect", "missed"))
    for apart, what, wrong in kinds:
        if apart:
            console.print(
                f"{apart.count} {what}, are not in the measures above: {apart.wrong_area:.4%} of the area {wrong} at threshold 128, "
                f"{apart.with_any:.1%} of them with any, MAE {apart.mae:.4f}",
                highlight=False,
                soft_wrap=True,
            )
    for words, names in (("have no map", scores.missing), ("have no mask", scores.extra), ("were resized to their mask", scores.resized)):
        if names:
            console.print(f"{len(names)} {words}: {', '.join(names)}", highlight=False)
