"""A trained and evaluated model on its way to the registry: its files, and what they say."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tsernet.errors import CheckError, UserError

TRAIN, EVALUATE, REPORT, IMAGES = Path("results/train"), Path("results/evaluate"), Path("results/report"), Path("data/prepared/images")
SAMPLES = Path("data/splits/samples.csv")


@dataclass(frozen=True)
class Candidate:
    """A variant and seed as `train` and `evaluate` left it.

    `run`: train's run.json. `metrics`: evaluate's metrics.json. `protocol`: evaluate's operating.json, how maps are made, in the words of a
    model file's metadata. `weights`, `per_image`: files. `papers`: what goes along with the weights.
    """

    variant: str
    seed: int
    run: dict[str, Any]
    metrics: dict[str, Any]
    weights: Path
    per_image: Path
    papers: dict[str, Path]
    protocol: dict[str, str] = field(default_factory=dict)

    @property
    def weights_sha256(self) -> str:
        """Digest of the weights as training wrote them."""
        return str(self.run["weights_sha256"])

    @property
    def is_strip(self) -> bool:
        """Whether it was evaluated at its training's scale, calibrated, and not by the paper's protocol."""
        return self.protocol.get("protocol") == "strip"

    def identity(self, settings: dict[str, Any]) -> str:
        """Digest of everything that makes it another version: weights, the run that made them, how maps are made, what they scored."""
        parts = [self.weights_sha256, self.run["run_id"], settings, hashlib.sha256(self.per_image.read_bytes()).hexdigest()]
        # What is of the paper's protocol, or without flips, keeps the identity that earlier releases gave it.
        if self.is_strip:
            parts.append({key: value for key, value in self.protocol.items() if (key, value) != ("flips", "none")})
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def sample(self, count: int = 4) -> tuple[list[Any], list[Any]]:
        """Read a few of the test images, spread over the list, and the maps that evaluation scored.

        Returns:
            Images as the cameras gave them: uint8, or uint16 above 8 bits; (H, W) or (H, W, 3). Maps float32 (H, W) in [0, 1], in steps of
            1/255.
        Raises:
            UserError: If a map is missing.
        """
        from tsernet.data.pixels import read_image, read_samples

        names = [row.partition(",")[0] for row in self.per_image.read_text(encoding="utf-8").splitlines()[1:]]
        chosen = names[:: max(1, len(names) // count)][:count]
        maps = [self.per_image.parent / "maps" / f"{name}.png" for name in chosen]
        if missing := [str(path) for path in maps if not path.is_file()]:
            raise UserError(f"register: expected {', '.join(missing)}; run 'dvc repro' first")
        images = [read_samples(IMAGES / f"{name}.png", max_pixels=None) for name in chosen]
        return images, [read_image(path, max_pixels=None).astype("float32") / 255 for path in maps]


def read_candidate(variant: str, seed: int) -> Candidate:
    """Read what training and evaluation left in the working directory.

    Raises:
        UserError: If a file is missing, or the weights are no model file.
        CheckError: If the weights are not those that training wrote.
    """
    from tsernet.digests import sha256_of
    from tsernet.model_files import read_tensors

    trained, evaluated = TRAIN / variant / str(seed), EVALUATE / variant / str(seed)
    paths = [trained / "model.safetensors", trained / "run.json", evaluated / "metrics.json", evaluated / "per_image.csv"]
    missing = [str(path) for path in paths if not path.is_file()]
    if missing:
        raise UserError(f"register: expected {', '.join(missing)}; run 'dvc repro' first")
    run = json.loads(paths[1].read_text(encoding="utf-8"))
    found = sha256_of(paths[0])
    if found != run["weights_sha256"]:
        raise CheckError(f"{paths[0]} was changed after training: sha256 {found}, expected {run['weights_sha256']} as in {paths[1]}")
    read_tensors(paths[0])
    optional = {"model_card": REPORT / "model_card.md", "params": Path("params.yaml")}
    optional |= {"samples": SAMPLES, "operating": evaluated / "operating.json", "clean": evaluated / "clean.csv"}
    papers = {"per_image": paths[3], "metrics": paths[2], **{name: path for name, path in optional.items() if path.is_file()}}
    operating = optional["operating"]
    protocol = json.loads(operating.read_text(encoding="utf-8")) if operating.is_file() else {}
    return Candidate(variant, seed, run, json.loads(paths[2].read_text(encoding="utf-8")), paths[0], paths[3], papers, protocol)
