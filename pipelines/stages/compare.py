"""Stage `compare`: the report over everything that was evaluated, with the paper's figures beside it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.exit_codes import run_stage
from pipelines.stages.pool import clear_pool
from pipelines.validation_summary import read_summary
from tsernet.config import Params, load_params

if TYPE_CHECKING:
    from tsernet.report import ReportInputs, Share

PREPARED = Path("data/prepared")
TEST = Path("data/splits/test.csv")
EVALUATE = Path("results/evaluate")
REPORT = Path("results/report")

_NAMES = {
    "synthetic": "synthetic strip-steel images",
    "sd-saliency-900": "SD-saliency-900",
    "folder": "images of your own",
}
_SPLITS = {
    "official": "the dataset's own split",
    "stratified": "drawn by class",
    "files": "given in files",
}


def main(_: Sequence[str]) -> None:
    """Build results/report/ and log it to the execution's parent run."""
    from tsernet.report import build_report

    params = load_params()
    build_report(_inputs(params), REPORT, lambda what: print(f"compare: {what}", file=sys.stderr))
    _log(REPORT)
    clear_pool()
    print(f"{REPORT / 'report.html'}")


def _inputs(params: Params) -> ReportInputs:
    from pipelines.stages.costs import costs_of
    from tsernet.data.levels import read_levels
    from tsernet.data.samples import read_split
    from tsernet.report import ReportInputs

    return ReportInputs(
        prepared=PREPARED,
        evaluations=EVALUATE,
        test=read_split(TEST),
        variants=params.variants,
        seeds=params.seeds,
        published={name: Path(folder) for name, folder in params.compare.published.items()},
        resamples=params.compare.bootstrap,
        rows_per_class=params.compare.rows_per_class,
        dataset=_NAMES[params.dataset.source],
        split=_SPLITS[params.split.method],
        shares=_shares(),
        comparable=params.dataset.source == "sd-saliency-900" and params.split.method == "official",
        levels=read_levels(TEST.parent),
        costs=costs_of(params),
        size=params.evaluate.resize,
        registered=params.register_.variant,
    )


def _shares() -> list[Share]:
    from tsernet.report import Share

    summary = read_summary()
    return [Share(name, count, summary.digests[name]) for name, count in summary.splits.items()]


def _log(report: Path) -> None:
    from pipelines.tracking import parent_run

    with parent_run() as run:
        for path in sorted(path for path in report.rglob("*") if path.is_file()):
            folder = Path("report") / path.parent.relative_to(report)
            run.log_artifact(path, folder.as_posix())


if __name__ == "__main__":
    run_stage(main)
