"""Model files: a round trip, whole or not at all, and nothing else taken for one."""

from __future__ import annotations

import hashlib
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tsernet.errors import UserError
from tsernet.models import TSERNet, build_tsernet
from tsernet.weights import load_model, save_model, sha256_of

INPUT = {"resize": "96", "scaling": "unit", "stretch": "true"}
WIDTH = 0.0625


@pytest.fixture
def model() -> TSERNet:
    torch.manual_seed(3)
    return build_tsernet("no_erm", WIDTH)


def test_round_trip_is_exact(model: TSERNet, tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "model.safetensors"
    save_model(path, model.to(memory_format=torch.channels_last), {**INPUT, "note": "mine"})
    loaded, metadata = load_model(path)
    assert metadata == {**INPUT, "note": "mine", "format": "tsernet/1", "variant": "no_erm", "width": "0.0625"}
    assert (loaded.variant, loaded.width, loaded.training) == ("no_erm", WIDTH, False)
    assert all(parameter.requires_grad for parameter in loaded.parameters())
    saved = model.state_dict()
    assert loaded.state_dict().keys() == saved.keys()
    assert all(torch.equal(tensor, saved[name]) for name, tensor in loaded.state_dict().items())
    assert sha256_of(path) == hashlib.sha256(path.read_bytes()).hexdigest()
    assert path.stat().st_mode & 0o777 == 0o644


def test_same_model_same_bytes(model: TSERNet, tmp_path: Path) -> None:
    metadata = INPUT | {"note": 'äöü "quoted" \\ and\ttabbed'}
    for name in "abcdef":
        save_model(tmp_path / name, model, dict(reversed(metadata.items())) if name in "bdf" else metadata)
    assert len({sha256_of(tmp_path / name) for name in "abcdef"}) == 1
    assert load_model(tmp_path / "f")[1].items() >= metadata.items()


def test_a_failed_write_leaves_what_was_there(model: TSERNet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"the one before")

    def full_disk(tensors: object, target: Path, metadata: object) -> None:
        target.write_bytes(b"half of")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tsernet.weights.save_file", full_disk)
    with pytest.raises(OSError, match="No space left"):
        save_model(path, model, INPUT)
    assert path.read_bytes() == b"the one before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("change", [{"variant": "full"}, {"width": "0.5"}, {"format": "tsernet/2"}])
def test_metadata_cannot_contradict_the_model(model: TSERNet, tmp_path: Path, change: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        save_model(tmp_path / "model.safetensors", model, INPUT | change)
    with pytest.raises(ValueError, match=r"missing: \['stretch'\]"):
        save_model(tmp_path / "model.safetensors", model, {"resize": "96", "scaling": "unit"})
    assert not (tmp_path / "model.safetensors").exists()


class Bomb:
    """Runs code when unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return Path.write_text, (self.trace, "it ran")


def test_a_pickle_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(pickle.dumps(Bomb(tmp_path / "trace")))
    with pytest.raises(UserError, match="not a safetensors file"):
        load_model(path)
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": "other/9"}, "expected a model file of format tsernet/1, got other/9"),
        ({"variant": "half"}, "variant: expected one of .* got 'half'"),
        ({"width": "wide"}, "width must be above 0.0 and at most 2.0, got wide"),
        ({"width": "1000000"}, "got 1000000"),
        ({"width": "nan"}, "got nan"),
        ({"width": "0.125"}, "do not fit a no_erm of width 0.125, such as"),
        ({"variant": "full"}, "do not fit a full of width 0.0625"),
    ],
)
def test_lying_metadata_is_named(model: TSERNet, tmp_path: Path, change: dict[str, str], message: str) -> None:
    path = tmp_path / "model.safetensors"
    metadata = {"format": "tsernet/1", "variant": "no_erm", "width": "0.0625", **INPUT, **change}
    save_file(model.state_dict(), path, metadata=metadata)
    with pytest.raises(UserError, match=message):
        load_model(path)


def test_what_is_no_model_file_is_named(model: TSERNet, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such model file"):
        load_model(tmp_path / "absent.safetensors")
    save_file(model.state_dict(), tmp_path / "bare.safetensors")
    with pytest.raises(UserError, match=r"got none; tsernet convert takes official weights"):
        load_model(tmp_path / "bare.safetensors")
    save_file(model.state_dict(), tmp_path / "short.safetensors", metadata={"format": "tsernet/1", "variant": "no_erm"})
    with pytest.raises(UserError, match="the metadata lacks width, resize, scaling, stretch"):
        load_model(tmp_path / "short.safetensors")
    save_model(tmp_path / "cut.safetensors", model, INPUT)
    cut = (tmp_path / "cut.safetensors").read_bytes()[:-1000]
    (tmp_path / "cut.safetensors").write_bytes(cut)
    with pytest.raises(UserError, match="not a safetensors file"):
        load_model(tmp_path / "cut.safetensors")
