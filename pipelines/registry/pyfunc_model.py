"""The registered model's code: MLflow runs this file to load a version; nothing is unpickled.

It is copied into the version together with `tsernet`, so it must not import anything of `pipelines`.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models.model import set_model
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc.model import PythonModel

WEIGHTS = "weights"
RUNTIME_KEY = "TSERNET_RUNTIME"
"""Of the environment: `auto`, `onnx`, `openvino`, `mnn` or `torch`, where one that the version does not ask for is installed."""
OUTPUTS = ("auto", "png", "array", "defects")
_EXPECTED = (
    "expected images (uint8; uint16 for a model with levels) as an array (N, H, W) or (N, H, W, 3), "
    "or a table with one encoded image (base64 or bytes) a row"
)


class _Saliency:
    """What the model does; apart from PythonModel, which asks for type hints on a predict of its own, and none could say what it takes."""

    def load_context(self, context: Any) -> None:
        """Load the weights, if they are those that were registered."""
        from tsernet.digests import sha256_of
        from tsernet.inference import load_predictor
        from tsernet.runtimes import open_session
        from tsernet.saliency import map_maker

        path = Path(context.artifacts[WEIGHTS])
        expected, found = context.model_config["weights_sha256"], sha256_of(path)
        if found != expected:
            raise MlflowException.invalid_parameter_value(
                f"{path.name} was changed after registration: sha256 {found}, expected {expected}"
            )
        # A server cannot be told a model's config, but has an environment. `auto` is what the gate has held against the scored maps.
        runtime = os.environ.get(RUNTIME_KEY) or str(context.model_config.get("runtime", "auto"))
        if protocol := context.model_config.get("protocol"):
            session, metadata = open_session(path, runtime)
            self._protocol = metadata | dict(protocol)
            self._predictor: Any = map_maker(session, self._protocol)
            return
        self._protocol = {}
        self._predictor = load_predictor(path, batch_size=int(context.model_config["batch_size"]), runtime=runtime)
        self._predictor.resize = int(context.model_config["resize"])
        self._predictor.stretch = bool(context.model_config["stretch"])
        self._predictor.flips = context.model_config.get("flips", "none")

    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]  # mlflow takes type hints here for a schema
        """Predict saliency maps.

        Args:
            context: Unused; mlflow passes it.
            model_input: Array (N, H, W) or (N, H, W, 3), uint8 or, for a model with levels, uint16; or a table, whose one column (or its
                column `image`) holds encoded images.
            params: `output`: `array`, `png` or `defects`; `auto` (the default) answers encoded images with PNG and arrays with arrays.
        Returns:
            `array`: float32 in [0, 1], (N, H, W) for an array, for a table a list of one (H, W) a row. `png`: a list of base64 text, of one
            8-bit grey PNG a row, 255 for saliency 1: a thousandth of the bytes that the numbers take as JSON. `defects`: a list of JSON
            text, of one object a row: `verdict` (clean or defective), `width`, `height` and `found`, a list of the defects' measures.
        Raises:
            MlflowException: INVALID_PARAMETER_VALUE, which a server answers with 400, if anything in the input is not an image.
        """
        output = str((params or {}).get("output", OUTPUTS[0]))
        if output not in OUTPUTS:
            raise MlflowException(f"got output {output!r}; expected one of {', '.join(OUTPUTS)}", error_code=INVALID_PARAMETER_VALUE)
        images, together = read_input(model_input, self._predictor.levels)
        maps = self._predictor.predict(images)
        if output == "defects":
            return [_as_defects(one, self._protocol) for one in maps]
        if output == "png" or (output == "auto" and not together):
            return [_as_png(one) for one in maps]
        return np.stack(maps) if together else maps


class SaliencyModel(_Saliency, PythonModel):
    """Images in, saliency maps at their own sizes out."""


def read_input(given: Any, levels: Any = None) -> tuple[list[Any], bool]:
    """Turn what was given into images.

    Args:
        given: As `predict` takes it.
        levels: The model's, where it was trained on images of more than 8 bits: numbers are then samples as its camera gives them, save
            those of a uint8 array.
    Returns:
        uint8 or, with levels, uint16 images, (H, W) or (H, W, 3); and whether they came as one array.
    """
    if isinstance(given, pd.DataFrame):
        return [_decode(value, row, levels) for row, value in enumerate(_column(given))], False
    array = np.asarray(given)
    if array.size == 0:
        raise _refuse(f"an empty input of shape {array.shape}")
    if array.dtype.kind in "OSU" and isinstance(array.flat[0], (str, bytes)):
        return [_decode(value, row, levels) for row, value in enumerate(array.ravel().tolist())], False
    if array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] != 3):
        raise _refuse(f"an array of shape {array.shape}")
    return list(_as_samples(array, np.uint8 if levels is None else np.uint16)), True


def _column(table: Any) -> list[Any]:
    if not len(table):
        raise _refuse("an empty table")
    if "image" in table.columns:
        return list(table["image"])
    if len(table.columns) != 1:
        raise _refuse(f"a table with the columns {', '.join(map(str, table.columns))} and none named image")
    return list(table.iloc[:, 0])


def _as_samples(array: Any, kind: Any) -> Any:
    """Take whole numbers from 0 to the most of `kind`, whatever JSON made of them; refuse anything else rather than wrap or round it."""
    if array.dtype in (np.uint8, kind):
        return array
    most = np.iinfo(kind).max
    try:
        numbers = array.astype(np.float64)
    except (TypeError, ValueError):
        raise _refuse(f"values that are not numbers (dtype {array.dtype})") from None
    if not (np.isfinite(numbers).all() and (numbers == np.rint(numbers)).all() and numbers.min() >= 0 and numbers.max() <= most):
        raise _refuse(f"numbers from {numbers.min():g} to {numbers.max():g} that are not all whole and within 0…{most}")
    return numbers.astype(kind)


def _decode(value: Any, row: int, levels: Any) -> Any:
    """Decode one image by the rules of `tsernet.images.decode`, to 8 bits."""
    if isinstance(value, str):
        try:
            value = base64.b64decode("".join(value.split()), validate=True)
        except (binascii.Error, ValueError):
            raise _refuse(f"row {row}: text that is not base64") from None
    if not isinstance(value, bytes):
        raise _refuse(f"row {row}: {type(value).__name__}, neither base64 text nor bytes")
    from tsernet.images.decode import decode
    from tsernet.images.errors import ImageError
    from tsernet.images.levels import to_8bit

    try:
        return to_8bit(decode(value).pixels, levels)
    except ImageError as error:
        raise _refuse(f"row {row}: {len(value)} bytes that are no usable image: {error.sentence}") from None


def _as_defects(saliency: Any, metadata: Any) -> str:
    from dataclasses import asdict

    from tsernet.defects import find_defects, runs_of_rows
    from tsernet.protocol import OperatingPoint, protocol_of

    point = protocol_of(metadata).operating_point if metadata else OperatingPoint()
    height, width = saliency.shape
    found = find_defects(runs_of_rows(saliency, point.threshold), [height], width, point.min_area)
    defects = [asdict(one.defect) for one in found]
    answer = {"verdict": "defective" if defects else "clean", "width": width, "height": height, "found": defects}
    return json.dumps(answer)


def _as_png(saliency: Any) -> str:
    from PIL import Image

    from tsernet.inference import to_uint8

    stream = io.BytesIO()
    Image.fromarray(to_uint8(saliency)).save(stream, "PNG", compress_level=1)
    return base64.b64encode(stream.getvalue()).decode("ascii")


def _refuse(what: str) -> MlflowException:
    return MlflowException(f"got {what}; {_EXPECTED}", error_code=INVALID_PARAMETER_VALUE)


set_model(SaliencyModel())
