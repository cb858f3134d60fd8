"""What `tsernet benchmark algorithm1` keeps of a trained network: scores, maps in one archive, and small weights."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from pipelines.benchmarks.measure import describe_machine
from tsernet.measures import MEASURES

if TYPE_CHECKING:
    from tsernet.config import Params
    from tsernet.resident.training import ResidentTraining

_MOST_PARAMETERS = 16_000_000


def write_results(
    training: ResidentTraining, params: Params, prepared: Path, names: list[str], out: Path, prefix: str, facts: Mapping[str, object]
) -> str:
    """Score a network on images by the paper's protocol; write PREFIXscores.json, PREFIXmaps.zip and perhaps PREFIXmodel.safetensors.

    Args:
        training: With the network as it was left.
        params: For `evaluate` and `train.norm_batches`.
        prepared: Folder with images/ and masks/.
        names: Of the images.
        out: Folder for the files.
        prefix: Of their names.
        facts: What else scores.json says.
    Returns:
        The scores in one line.
    """
    from tsernet.data.pixels import read_image
    from tsernet.inference import Predictor, to_uint8
    from tsernet.metrics import score_pairs
    from tsernet.runtimes.torch_session import TorchSession
    from tsernet.training.batchnorm import recomputed_statistics
    from tsernet.weights import save_model

    settings, network = params.evaluate, training.network
    images, masks = ([read_image(prepared / room / f"{name}.png", max_pixels=None) for name in names] for room in ("images", "masks"))
    parameters = sum(parameter.numel() for parameter in network.parameters())
    with recomputed_statistics(network, (inputs.images for inputs in training.batches(params.train.norm_batches))):
        session = TorchSession(network, next(network.parameters()).device)
        predictor = Predictor(
            session, resize=settings.resize, scaling=params.train.scaling, stretch=settings.stretch, batch_size=settings.batch_size
        )
        maps = [to_uint8(one) for one in predictor.stream(images)]
        if parameters <= _MOST_PARAMETERS:
            metadata = {"resize": str(settings.resize), "scaling": params.train.scaling, "stretch": str(settings.stretch).lower()}
            save_model(out / f"{prefix}model.safetensors", network, metadata, half=True)
    scores = score_pairs(zip(names, maps, masks, strict=True))
    measures = {name: float(getattr(scores, name)) for name in MEASURES}
    content = {**facts, "images": len(names), "parameters": parameters, **measures, "machine": describe_machine()}
    (out / f"{prefix}scores.json").write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    with zipfile.ZipFile(out / f"{prefix}maps.zip", "w") as archive:
        for name, one in zip(names, maps, strict=True):
            buffer = io.BytesIO()
            Image.fromarray(one).save(buffer, format="PNG")
            archive.writestr(f"{name}.png", buffer.getvalue())
    return ", ".join(f"{name} {value:.4f}" for name, value in measures.items())
