"""`tsernet benchmark review`: whether what `tsernet review` would pick teaches a model more than images picked by chance.

By simulation on SD-saliency-900, all of whose images have masks: of its 540 training images some are labelled, the others wait; each
round labels some more of them and fine-tunes the model of the round before. The 360 test images are for the measure alone.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tsernet.config import Params

ARMS = ("review", "chance")
_PRESET = Path(__file__).parents[2] / "presets" / "demo.yaml"
_MIDDLE = 128
"""The operating point of the simulation: a validation split for another would be labelled images that nobody trains on."""
_MIN_AREA = 40.0


def register(group: typer.Typer) -> None:
    """Add the command `review`."""
    group.command()(review)


def review(
    out: Annotated[Path, typer.Option(help="Folder for what is done so far; the same call goes on there")],
    seeds: Annotated[int, typer.Option(min=1, help="Repetitions, each with another first draw and other first weights")] = 3,
    rounds: Annotated[int, typer.Option(min=1)] = 5,
    first: Annotated[int, typer.Option(min=8, help="Labelled images to begin with")] = 80,
    step: Annotated[int, typer.Option(min=1, help="Images that a round labels")] = 40,
    iterations: Annotated[int, typer.Option(min=1, help="Of the first training")] = 100,
    more: Annotated[int, typer.Option(min=1, help="Of each later one, from the weights of the round before and at half the rate")] = 50,
    size: Annotated[int, typer.Option(min=32, help="Side of the network's input, a multiple of 32")] = 64,
    width: Annotated[float, typer.Option(min=0.01, max=2.0, help="Of the network")] = 0.125,
    pause: Annotated[Path | None, typer.Option(help="Wait before each training as long as this file is there")] = None,
) -> None:
    """Simulate rounds of labelling, by review and by chance; print max F on the 360 test images by number of labelled images."""
    settings = {"first": first, "step": step, "iterations": iterations, "more": more, "size": size, "width": width}
    simulation = _Simulation(_params(settings), first, step, more, out, pause)
    simulation.begin(settings)
    # Round by round over all seeds: what is there when time is up compares like with like.
    for number in range(rounds + 1):
        for seed in range(seeds):
            for arm in ARMS:
                done = simulation.round(seed, arm, number)
                typer.echo(f"seed {seed}, {arm:6}, {len(done['labelled'])} labelled: max F {done['max_f']:.4f}")
    typer.echo(_table(simulation, seeds, rounds))


@dataclass(frozen=True)
class _Simulation:
    params: Params
    first: int
    step: int
    more: int
    out: Path
    pause: Path | None

    def begin(self, settings: dict[str, Any]) -> None:
        """Prepare the images, once; refuse a folder of other settings."""
        from tsernet.data.atomic import write_whole
        from tsernet.data.prepare import prepare, read_manifest
        from tsernet.data.sources import acquire
        from tsernet.data.splits import make_splits, write_splits
        from tsernet.errors import UserError

        record = self.out / "settings.json"
        if record.is_file() and json.loads(record.read_text(encoding="utf-8")) != settings:
            raise UserError(f"{record}: was begun with other settings; give another folder with --out")
        if not (self.out / "splits").is_dir():
            acquire(self.params.dataset, self.out / "raw")
            prepare(self.out / "raw", self.out / "prepared", self.params.prepare.edge_width, self.params.validate_.max_pixels)
            rows = read_manifest(self.out / "prepared" / "manifest.csv")
            write_splits(make_splits(rows, self.params.split, self.params.dataset.source), rows, self.out / "splits")
        write_whole(record, json.dumps(settings) + "\n")

    def round(self, seed: int, arm: str, number: int) -> dict[str, Any]:
        """Give what came of a round, from an earlier call if it is there: its labelled images, and max F after training on them."""
        from tsernet.data.atomic import write_whole

        if number == 0:
            arm = "begin"  # one for both
        record = self._folder(seed, arm, number) / "round.json"
        if not record.is_file():
            labelled = self._labelled(seed, arm, number)
            start = self._folder(seed, arm, number - 1) / "model.safetensors" if number else None
            self._train(seed, labelled, record.parent, start)
            max_f = self._measure(record.parent / "model.safetensors")
            write_whole(record, json.dumps({"labelled": labelled, "max_f": max_f}) + "\n")
        done: dict[str, Any] = json.loads(record.read_text(encoding="utf-8"))
        return done

    def _folder(self, seed: int, arm: str, number: int) -> Path:
        return self.out / f"seed-{seed}" / ("begin" if number == 0 else f"{arm}-{number}")

    def _labelled(self, seed: int, arm: str, number: int) -> list[str]:
        import numpy as np

        pool = self._names("train")
        if number == 0:
            drawn = np.random.default_rng((seed, 0)).permutation(len(pool))[: self.first]
            return [pool[index] for index in drawn]
        earlier: list[str] = self.round(seed, arm, number - 1)["labelled"]
        waiting = [name for name in pool if name not in set(earlier)]
        if arm == "chance":
            drawn = np.random.default_rng((seed, number)).permutation(len(waiting))[: self.step]
            return earlier + [waiting[index] for index in drawn]
        # The model of now, and from the second round on that of the round before beside it, as challenger and champion are.
        weights = [self._folder(seed, arm, one) / "model.safetensors" for one in range(max(0, number - 2), number)]
        return earlier + self._worth_most(waiting, weights)

    def _worth_most(self, waiting: list[str], weights: Sequence[Path]) -> list[str]:
        from tsernet.data.pixels import read_image
        from tsernet.review import Signals, choose, descriptor, disagreement, uncertainty

        maps = [dict(self._maps(path, waiting)) for path in weights]
        worth, descriptors = [], []
        for name in waiting:
            now, before = maps[-1][name], maps[0][name]
            apart = disagreement(now >= _MIDDLE, before >= _MIDDLE, _MIN_AREA)
            worth.append(Signals(uncertainty(now, _MIDDLE, _MIN_AREA), apart).worth)
            descriptors.append(descriptor(read_image(self.out / "prepared" / "images" / f"{name}.png"), now))
        return [waiting[one.index] for one in choose(worth, descriptors, self.step)]

    def _train(self, seed: int, labelled: list[str], folder: Path, start: Path | None) -> None:
        from tsernet.data.inherited import find_start
        from tsernet.training import NoReporter, TrainingJob, train
        from tsernet.weights import save_model

        _wait(self.pause)
        params = self.params if start is None else _later(self.params, self.more)
        began = find_start(str(start)) if start else None
        job = TrainingJob("full", seed, params, self.out / "prepared", labelled, [], folder / "checkpoints", start=began)
        result = train(job, NoReporter())
        metadata = {"resize": str(self.params.train.augment.resize), "scaling": self.params.train.scaling, "stretch": "false"}
        save_model(folder / "model.safetensors", result.model, metadata)

    def _measure(self, weights: Path) -> float:
        from tsernet.metrics import read_grey, score_pairs

        maps = self._maps(weights, self._names("test"))
        return score_pairs((name, one, read_grey(self.out / "prepared" / "masks" / f"{name}.png")) for name, one in maps).max_f_measure

    def _maps(self, weights: Path, names: Sequence[str]) -> list[tuple[str, NDArray[Any]]]:
        from tsernet.data.pixels import read_image
        from tsernet.inference import load_predictor, to_uint8

        predictor = load_predictor(weights, batch_size=8, runtime="onnx")
        images = (read_image(self.out / "prepared" / "images" / f"{name}.png") for name in names)
        return [(name, to_uint8(one)) for name, one in zip(names, predictor.stream(images), strict=True)]

    def _names(self, part: str) -> list[str]:
        from tsernet.data.samples import read_split

        return read_split(self.out / "splits" / f"{part}.csv")


def _params(settings: dict[str, Any]) -> Params:
    """Make the demo's params those of whole images of SD-saliency-900, at the settings' size."""
    from ruamel.yaml import YAML

    from tsernet.config import parse_params

    tree = YAML(typ="safe", pure=True).load(_PRESET.read_text(encoding="utf-8"))
    tree["dataset"]["source"] = "sd-saliency-900"
    tree["split"] |= {"method": "official", "validation": 0.0}
    tree["model"]["width"] = settings["width"]
    tree["train"] |= {"iterations": settings["iterations"], "window": 0, "clean_share": 0.0, "checkpoint_every": 25}
    tree["train"]["augment"] |= {"resize": settings["size"], "crop": settings["size"], "rotate": True}
    tree["evaluate"] |= {"protocol": "paper", "resize": settings["size"]}
    return parse_params(tree, "the benchmark's params")


def _later(params: Params, iterations: int) -> Params:
    optimiser = params.train.optimiser.model_copy(update={"lr": params.train.optimiser.lr / 2})
    return params.model_copy(update={"train": params.train.model_copy(update={"iterations": iterations, "optimiser": optimiser})})


def _wait(pause: Path | None) -> None:
    import time

    while pause is not None and pause.exists():
        time.sleep(5.0)


def _table(simulation: _Simulation, seeds: int, rounds: int) -> str:
    """Put means over the seeds, and the lowest and highest, into a Markdown table."""
    lines = ["| labelled | review | chance | review − chance, by seed |", "| --: | --: | --: | --- |"]
    for number in range(rounds + 1):
        found = {arm: [simulation.round(seed, arm, number) for seed in range(seeds)] for arm in ARMS}
        scores = {arm: [one["max_f"] for one in found[arm]] for arm in ARMS}
        cells = [f"{sum(each) / seeds:.3f} ({min(each):.3f}–{max(each):.3f})" for each in scores.values()]
        apart = ", ".join(f"{one - other:+.3f}" for one, other in zip(scores["review"], scores["chance"], strict=True))
        lines.append(f"| {len(found['review'][0]['labelled'])} | {cells[0]} | {cells[1]} | {apart} |")
    return "\n".join(lines)
