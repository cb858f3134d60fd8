"""The registered model's code: MLflow runs this file to load a version; nothing is unpickled.

It is copied into the version together with `tsernet`, so it must not import anything of `pipelines`.
"""

from __future__ import annotations

import base64
import binascii
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models.model import set_model
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc.model import PythonModel
from PIL import Image, UnidentifiedImageError

WEIGHTS = "weights"
MAX_PIXELS = 100_000_000
_EXPECTED = "expected uint8 pictures as an array (N, H, W) or (N, H, W, 3), or a table with one encoded picture (base64 or bytes) a row"


class _Saliency:
    """What the model does; apart from PythonModel, which asks for type hints on a predict of its own, and none could say what it takes."""

    def load_context(self, context: Any) -> None:
        """Load the weights, if they are those that were registered."""
        from tsernet.inference import load_predictor
        from tsernet.weights import sha256_of

        path = Path(context.artifacts[WEIGHTS])
        expected, found = context.model_config["weights_sha256"], sha256_of(path)
        if found != expected:
            raise MlflowException.invalid_parameter_value(
                f"{path.name} was changed after registration: sha256 {found}, expected {expected}"
            )
        self._predictor = load_predictor(path, batch_size=int(context.model_config["batch_size"]))
        self._predictor.resize = int(context.model_config["resize"])
        self._predictor.stretch = bool(context.model_config["stretch"])

    def predict(self, context, model_input, params=None):  # type: ignore[no-untyped-def]  # mlflow takes type hints here for a schema
        """Predict saliency maps.

        Args:
            context: Unused; mlflow passes it.
            model_input: uint8 array (N, H, W) or (N, H, W, 3); or a table, whose one column (or its column `image`) holds encoded pictures.
            params: None are known.
        Returns:
            float32 in [0, 1]: (N, H, W) for an array; for a table a list of one (H, W) a row.
        Raises:
            MlflowException: INVALID_PARAMETER_VALUE, which a server answers with 400, if anything in the input is not a picture.
        """
        pictures, together = read_input(model_input)
        maps = self._predictor.predict(pictures)
        return np.stack(maps) if together else maps


class SaliencyModel(_Saliency, PythonModel):
    """Pictures in, saliency maps at their own sizes out."""


def read_input(given: Any) -> tuple[list[Any], bool]:
    """Turn what was given into pictures.

    Returns:
        uint8 pictures, (H, W) or (H, W, 3); and whether they came as one array.
    """
    if isinstance(given, pd.DataFrame):
        return [_decode(value, row) for row, value in enumerate(_column(given))], False
    array = np.asarray(given)
    if array.size == 0:
        raise _refuse(f"an empty input of shape {array.shape}")
    if array.dtype.kind in "OSU" and isinstance(array.flat[0], (str, bytes)):
        return [_decode(value, row) for row, value in enumerate(array.ravel().tolist())], False
    if array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] != 3):
        raise _refuse(f"an array of shape {array.shape}")
    return list(_as_uint8(array)), True


def _column(table: Any) -> list[Any]:
    if not len(table):
        raise _refuse("an empty table")
    if "image" in table.columns:
        return list(table["image"])
    if len(table.columns) != 1:
        raise _refuse(f"a table with the columns {', '.join(map(str, table.columns))} and none named image")
    return list(table.iloc[:, 0])


def _as_uint8(array: Any) -> Any:
    """Take whole numbers from 0 to 255, whatever JSON made of them; refuse anything else rather than wrap or round it."""
    if array.dtype == np.uint8:
        return array
    try:
        numbers = array.astype(np.float64)
    except (TypeError, ValueError):
        raise _refuse(f"values that are not numbers (dtype {array.dtype})") from None
    if not (np.isfinite(numbers).all() and (numbers == np.rint(numbers)).all() and numbers.min() >= 0 and numbers.max() <= 255):
        raise _refuse(f"numbers from {numbers.min():g} to {numbers.max():g} that are not all whole and within 0…255")
    return numbers.astype(np.uint8)


def _decode(value: Any, row: int) -> Any:
    """Decode one picture; what is not 8-bit grey is made RGB, 16-bit pictures are refused."""
    if isinstance(value, str):
        try:
            value = base64.b64decode("".join(value.split()), validate=True)
        except (binascii.Error, ValueError):
            raise _refuse(f"row {row}: text that is not base64") from None
    if not isinstance(value, bytes):
        raise _refuse(f"row {row}: {type(value).__name__}, neither base64 text nor bytes")
    try:
        with Image.open(io.BytesIO(value)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise _refuse(f"row {row}: a picture of {image.width}×{image.height}, above {MAX_PIXELS} pixels")
            if image.mode.startswith(("I", "F")):
                raise _refuse(f"row {row}: a picture of mode {image.mode}, not 8-bit")
            return np.array(image if image.mode == "L" else image.convert("L" if image.mode in ("1", "LA") else "RGB"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise _refuse(f"row {row}: {len(value)} bytes that are not a picture ({' '.join(str(error).split())[:100]})") from None


def _refuse(what: str) -> MlflowException:
    return MlflowException(f"got {what}; {_EXPECTED}", error_code=INVALID_PARAMETER_VALUE)


set_model(SaliencyModel())
