"""Another method than TSERNet through training, model files and runtimes: one of this package, and one of another package."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from tsernet.config import Params
from tsernet.errors import UserError
from tsernet.methods import network_names
from tsernet.runtimes import open_session
from tsernet.training import NoReporter, TrainingJob, train
from tsernet.training.fingerprint import training_fingerprint
from tsernet.weights import load_model, save_model

MakeJob = Callable[..., TrainingJob]
METADATA = {"resize": "64", "scaling": "unit", "stretch": "true"}
CONTRIBUTING = (Path(__file__).parents[3] / "CONTRIBUTING.md").read_text(encoding="utf-8")
SHORT = {"train__iterations": 2, "train__validate_every": 0}


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Install the package that CONTRIBUTING shows, as pip would: a module, and metadata that name its entry point."""
    code, declaration = (re.search(rf"```{kind}\n(.*?)```", CONTRIBUTING, re.DOTALL) for kind in ("python", "toml"))
    assert code is not None
    assert declaration is not None
    assert len(code[1].splitlines()) < 100
    site = tmp_path / "site"
    facts = site / "tiny_method-1.0.dist-info"
    facts.mkdir(parents=True)
    (site / "tiny_method.py").write_text(code[1], encoding="utf-8")
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-method\nVersion: 1.0\n", encoding="utf-8")
    group, entry = re.findall(r'entry-points\."(.+?)"\]\n(.+)', declaration[1])[0]
    (facts / "entry_points.txt").write_text(f"[{group}]\n{entry.replace(chr(34), '')}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(site)
    yield site
    sys.modules.pop("tiny_method", None)


@pytest.mark.usefixtures("toy")
def test_another_packages_method_is_trained_saved_and_run(make_job: MakeJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert network_names()[-1] == "tiny"
    job = make_job(variant="tiny", variants=["full", "tiny"], model__widths={"tiny": 0.5}, **SHORT)
    result = train(job, NoReporter())
    assert (result.model.variant, result.model.width) == ("tiny", 0.5)
    path = tmp_path / "m.safetensors"
    save_model(path, result.model, METADATA)
    inputs = np.random.default_rng(0).normal(size=(1, 3, 32, 64)).astype(np.float32)
    expected = open_session(path, "torch")[0].logits(inputs)
    monkeypatch.undo()  # on a machine without that package
    assert "tiny" not in network_names()
    np.testing.assert_allclose(open_session(path, "onnx")[0].logits(inputs), expected, atol=1e-4)
    with pytest.raises(UserError, match=r"m\.safetensors: variant: expected one of full, .*, got 'tiny'; another package's needs that"):
        load_model(path)


def test_the_fingerprint_holds_the_method_and_its_code(toy: Path, make_params: Callable[..., Params]) -> None:
    params = make_params({"variants": ["full", "tiny", "unet"]})
    prints = [training_fingerprint(params, name, 0, "data") for name in ("full", "tiny", "unet")]
    assert len(set(prints)) == 3
    assert training_fingerprint(make_params({"model.widths": {"unet": 0.5}}), "full", 0, "data") == prints[0]
    with (toy / "tiny_method.py").open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert training_fingerprint(params, "tiny", 0, "data") != prints[1]


def test_an_entry_point_with_a_taken_name_is_named(toy: Path) -> None:
    (toy / "tiny_method-1.0.dist-info" / "entry_points.txt").write_text("[tsernet.methods]\nunet = tiny_method:METHOD\n", encoding="utf-8")
    with pytest.raises(UserError, match=r"tiny-method: the entry point 'unet' of tsernet.methods must be a name of its own"):
        network_names()


def test_a_method_of_this_package_trains_resumes_and_is_refused_imagenets_weights(make_job: MakeJob) -> None:
    result = train(make_job(variant="unet", **SHORT), NoReporter())
    assert result.history.steps == 2
    assert result.history.to_state()[0][:, 1].tolist() == [0.0, 0.0]  # it has no edge map
    with pytest.raises(UserError, match=r"model\.encoder_weights is 'imagenet', which unet does not take; use none"):
        train(make_job("other", variant="unet", model__encoder_weights="imagenet", **SHORT), NoReporter())
