"""Stage `inherit`: what this execution takes over from the champion, pinned, so that all that follows has one answer to who that was.

The registry is no input that DVC sees: once pinned, `dvc repro` keeps the champion of then, however often another follows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.exit_codes import run_stage
from tsernet.config import Params, load_params
from tsernet.data.inherited import CHAMPION, Pin, find_start, pin_split, pin_start
from tsernet.errors import UserError

if TYPE_CHECKING:
    from pipelines.registry.versions import Registry


def main(_: Sequence[str]) -> None:
    """Pin the weights that a training starts from, of a file their digest alone, and the parts in which images stay, if the champion's."""
    params = load_params()
    starts, keeps = params.model.start_from == CHAMPION, params.split.keep == CHAMPION
    # Asked once: between two questions another could become champion; the training would start from one and keep the split of the other.
    champion = _champion(params) if starts or keeps else None
    pin, weights = _start(params, *champion) if champion and starts else (_file(params.model.start_from), None)
    pin_start(pin, weights)
    print(f"training starts from {pin.model} (sha256 {pin.weights_sha256})" if pin else "training starts from no champion")
    if champion and keeps:
        _keep_split(*champion)
    else:
        pin_split(None, None)


def _file(name: str) -> Pin | None:
    """Digest the file that a training starts from: its name in the params stays the same when its content does not."""
    start = find_start(name)
    return Pin(start.model, start.weights_sha256) if start else None


def _champion(params: Params) -> tuple[Registry, str]:
    """Find the champion's number, empty where there is none."""
    from pipelines.registry.versions import Registry

    registry = Registry(params.register_.name)
    return registry, registry.alias(CHAMPION)


def _start(params: Params, registry: Registry, number: str) -> tuple[Pin, Path]:
    """Fetch the champion's weights.

    Raises:
        UserError: If there is no champion, or it is not the network that the params describe.
    """
    from pipelines.registry.weights_file import weights_file
    from tsernet.model_files import read_tensors

    key = "params.yaml: model.start_from: champion"
    if not number:
        raise UserError(f"{key}: models:/{registry.name} has no champion yet; set it to none for the first training")
    uri = f"models:/{registry.name}/{number}"
    path = weights_file(uri).path
    _, metadata = read_tensors(path)
    variant, width = metadata["variant"], float(metadata["width"])
    if variant != (wanted_variant := params.register_.variant):
        raise UserError(
            f"{key}: {uri} is the variant {variant}, register.variant is {wanted_variant}; set model.start_from to none,"
            f" or register.variant and variants to {variant}"
        )
    if width != (wanted := params.model.width_of(variant)):
        raise UserError(f"{key}: {uri} has width {width:g}, model.width is {wanted:g}; set one to the other's")
    if params.variants != [variant]:
        raise UserError(f"{key}: {uri} is the variant {variant}, variants are {', '.join(params.variants)}; set variants: [{variant}]")
    return Pin(uri, path.stem), path


def _keep_split(registry: Registry, number: str) -> None:
    """Pin the champion's split; before the first champion there is none to keep.

    Raises:
        UserError: If the champion was registered by a release that kept no list of its samples.
    """
    from tsernet.data.listed import SAMPLES

    if not number:
        pin_split(None, None)
        print("no champion yet, whose split would be kept")
        return
    version = registry.get(number)
    uri = f"models:/{registry.name}/{number}"
    try:
        with registry.files(version, f"artifacts/{SAMPLES}") as path:
            pin_split(Pin(uri, version.weights_sha256), path)
    except UserError as error:
        raise UserError(
            f"params.yaml: split.keep: champion: {uri} has no list of its samples (those of release 0.2.0 have none);"
            " set it to none until another is champion"
        ) from error
    print(f"the images of {uri} stay in its parts of the split")


if __name__ == "__main__":
    run_stage(main)
