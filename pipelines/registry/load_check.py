"""Load a registered model as a stranger would, in a process of its own, and predict: `load_check.py INPUT.npz`.

It must not import anything of `pipelines`, and refuses what a user of the model need not have. INPUT holds `p0`, `p1`, …:
images; OUTPUT will hold `one0`, …: their maps one by one, and `three0`, …: in batches of three.
"""

from __future__ import annotations

import base64
import io
import json
import sys
from collections.abc import Sequence
from typing import Any

FORBIDDEN = ("pipelines", "dvc", "prefect", "great_expectations", "lightning", "lightning_fabric", "torch")


class ForbidPipelineImports:
    """An import hook that fails where the model wants more than it says."""

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> None:
        """Refuse the forbidden packages, leave the others to the next finder."""
        if name.partition(".")[0] in FORBIDDEN:
            raise ImportError(f"the registered model imports {name}, which its users need not have")


def refuse_unpickling(event: str, arguments: tuple[Any, ...]) -> None:
    """End the process when anything is unpickled that names a class."""
    if event == "pickle.find_class":
        raise RuntimeError(f"loading the registered model unpickles {arguments}")


def main(source: str) -> None:
    """Predict with every model that is asked for on stdin, a line each: [URI, OUTPUT.npz] as JSON; `done` on stdout answers."""
    sys.meta_path.insert(0, ForbidPipelineImports())
    import mlflow
    import numpy as np

    sys.addaudithook(refuse_unpickling)
    with np.load(source) as file:
        images = [file[f"p{index}"] for index in range(len(file.files))]
    places = list(sys.path)
    for line in sys.stdin:
        uri, target = json.loads(line)
        _forget_code(places)
        # Without its comparison of requirements with what is installed, which reads the files of every package there is.
        np.savez(target, **_predict(mlflow.pyfunc.load_model(uri, suppress_warnings=True), images))
        print("done", flush=True)


def _forget_code(places: list[str]) -> None:
    """Forget the code that came with an earlier model: each must bring its own."""
    sys.path[:] = places
    for name in [name for name in sys.modules if name.partition(".")[0] == "tsernet"]:
        del sys.modules[name]


def _predict(model: Any, images: Sequence[Any]) -> dict[str, Any]:
    """Predict every image alone, encoded and answered as PNG, and in batches of three, as an array where sizes allow."""
    import numpy as np

    maps = {f"one{index}": _decode(model.predict(_table([image]))[0]) for index, image in enumerate(images)}
    for start in range(0, len(images), 3):
        batch = images[start : start + 3]
        alike = len({(image.shape, image.dtype) for image in batch}) == 1
        predicted = model.predict(np.stack(batch) if alike else _table(batch), params={"output": "array"})
        maps |= {f"three{start + index}": one for index, one in enumerate(predicted)}
    return maps


def _decode(png: str) -> Any:
    import numpy as np
    from PIL import Image

    return np.asarray(Image.open(io.BytesIO(base64.b64decode(png))), dtype=np.float32) / np.float32(255.0)


def _table(images: Sequence[Any]) -> Any:
    import pandas as pd
    from PIL import Image

    encoded = []
    for image in images:
        if image.dtype == "uint16" and image.ndim == 3:
            # Pillow has no 48-bit colour.
            import imagecodecs

            encoded.append(bytes(imagecodecs.png_encode(image)))
            continue
        stream = io.BytesIO()
        Image.fromarray(image).save(stream, "PNG")
        encoded.append(stream.getvalue())
    return pd.DataFrame({"image": encoded})


if __name__ == "__main__":
    main(*sys.argv[1:])
