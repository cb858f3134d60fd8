"""Stage `inherit`: what this execution takes over from the champion, pinned, so that all that follows has one answer to who that was.

The registry is no input that DVC sees: once pinned, `dvc repro` keeps the champion of then, however often another follows it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pipelines.exit_codes import run_stage
from tsernet.config import Params, load_params
from tsernet.data.inherited import CHAMPION, Pin, pin_start
from tsernet.errors import UserError


def main(_: Sequence[str]) -> None:
    """Pin the weights that a training starts from, where the params say `champion`."""
    params = load_params()
    if params.model.start_from != CHAMPION:
        pin_start(None, None)
        print("nothing is taken over from the champion")
        return
    pin, weights = _start(params)
    pin_start(pin, weights)
    print(f"training starts from {pin.model} (sha256 {pin.weights_sha256})")


def _start(params: Params) -> tuple[Pin, Path]:
    """Fetch the champion's weights.

    Raises:
        UserError: If there is no champion, or it is not the network that the params describe.
    """
    from pipelines.registry.versions import Registry
    from pipelines.registry.weights_file import weights_file
    from pipelines.tracking.location import is_anything_tracked
    from tsernet.model_files import read_tensors

    name, key = params.register_.name, "params.yaml: model.start_from: champion"
    # A store that is not there would be made by asking it.
    number = Registry(name).alias(CHAMPION) if is_anything_tracked() else ""
    if not number:
        raise UserError(f"{key}: models:/{name} has no champion yet; set it to none for the first training")
    uri = f"models:/{name}/{number}"
    path = weights_file(uri).path
    _, metadata = read_tensors(path)
    variant, width = metadata["variant"], float(metadata["width"])
    if width != (wanted := params.model.width_of(variant)):
        raise UserError(f"{key}: {uri} has width {width:g}, model.width is {wanted:g}; set one to the other's")
    if params.variants != [variant]:
        raise UserError(f"{key}: {uri} is the variant {variant}, variants are {', '.join(params.variants)}; set variants: [{variant}]")
    return Pin(uri, path.stem), path


if __name__ == "__main__":
    run_stage(main)
