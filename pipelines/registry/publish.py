"""From a candidate to a version: the gate, the upload, the aliases, the verdict."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipelines.registry.candidate import Candidate
from pipelines.registry.champion import settle
from pipelines.registry.comparison import Verdict, meets_floor
from pipelines.registry.decisions import Decision, write_decision
from pipelines.registry.fresh_process import TOLERANCE, FreshProcess, largest_difference
from pipelines.registry.promotion import CLEAN_TAG, SAMPLES_TAG, judge
from pipelines.registry.versions import CHALLENGER, INPUT_TAGS, NETWORK, VERSION_TAGS, Registry, Version
from pipelines.tracking.provenance import provenance_tags
from pipelines.tracking.server import reachable
from tsernet.config import Evaluate, Register
from tsernet.errors import CheckError
from tsernet.measures import MEASURES

_PROVENANCE = (
    *("mlflow.source.git.commit", "tsernet.git_dirty", "tsernet.params_digest", "tsernet.flow_run", "tsernet.execution"),
    *("tsernet.start", "tsernet.start_sha256"),
)
_ROUNDS = 10


@dataclass(frozen=True)
class Outcome:
    """What became of a candidate: the version if it is one, whether it is champion now, the reason, the figures."""

    version: str | None
    champion: bool
    reason: str
    figures: dict[str, Any] = field(default_factory=dict)


def publish(registry: Registry, candidate: Candidate, settings: Register, evaluate: Evaluate, parent_run: str) -> Outcome:
    """Bring a candidate through the gate into the registry, and let it challenge the champion.

    Args:
        registry: Where to.
        candidate: What training and evaluation left.
        settings: The params' `register`.
        evaluate: The params' `evaluate`: how maps are made.
        parent_run: Run of this execution, which stands in where the run that trained is not in this store.
    Raises:
        CheckError: If the exported model does not give in a fresh process the maps that were scored; no version is made.
    """
    meets, sentence = meets_floor(candidate.metrics, settings)
    if not meets:
        return Outcome(None, False, f"no version: {sentence}")
    version = _known(registry, candidate, evaluate) or _register(registry, candidate, evaluate, parent_run)
    if not settings.promote:
        return Outcome(version.number, False, "a version, not promoted: the params say register.promote: false")
    verdict, champion = challenge(registry, version, settings)
    return Outcome(version.number, champion == version.number, verdict.reason, verdict.figures)


def challenge(registry: Registry, version: Version, settings: Register) -> tuple[Verdict, str]:
    """Decide between a version and the champion, and write the decision down.

    If another process makes another version champion meanwhile, it is decided again, against that one.

    Returns:
        The verdict, and the champion after it.
    """
    for _ in range(_ROUNDS):
        champion = settle(registry).champion
        if champion == version.number:
            return Verdict(True, "it is the champion already", {}), champion
        verdict = judge(registry, version, champion, settings)
        action = Decision("promote" if verdict.promote else "keep", version.number, champion, verdict.reason, verdict.figures)
        nonce = write_decision(registry, action)
        record = settle(registry, nonce)
        if record.outcome(nonce).effect != "overtaken":
            return verdict, record.champion
    raise CheckError(f"models:/{registry.name}/{version.number}: the champion changed {_ROUNDS} times while it was decided; register again")


def _identity(candidate: Candidate, evaluate: Evaluate) -> str:
    """Name what a candidate is; which runtime computed its maps makes no other version of it."""
    # Versions that were made before there were flips keep their names.
    left_out = {"runtime", "flips"} if evaluate.flips == "none" else {"runtime"}
    return candidate.identity(evaluate.model_dump(exclude=left_out))


def _known(registry: Registry, candidate: Candidate, evaluate: Evaluate) -> Version | None:
    """Find the version that this candidate is already: registering twice makes one version."""
    identity = _identity(candidate, evaluate)
    same_weights = (one for one in registry.versions() if one.weights_sha256 == candidate.weights_sha256)
    return next((one for one in same_weights if registry.provenance(one).get("tsernet.identity") == identity), None)


def _register(registry: Registry, candidate: Candidate, evaluate: Evaluate, parent_run: str) -> Version:
    from pipelines.registry.export import export_model, exported_network
    from tsernet.digests import sha256_of

    images, scored = candidate.sample()
    config = {
        "weights_sha256": candidate.weights_sha256,
        "batch_size": evaluate.batch_size,
        "resize": evaluate.resize,
        "stretch": evaluate.stretch,
        "flips": evaluate.flips,
        # ONNX Runtime, which the version brings; `load_model(…, model_config={"runtime": …})` or the environment may name another.
        "runtime": "auto",
        "protocol": candidate.protocol if candidate.is_strip else {},
    }
    fed = candidate.protocol if candidate.is_strip else {"protocol": "paper", **_fed(evaluate)}
    with FreshProcess(images, registry.uri) as stranger, tempfile.TemporaryDirectory() as scratch:
        folder, network = Path(scratch) / "model", Path(scratch) / f"{NETWORK}.onnx"
        network.write_bytes(exported_network(candidate.weights, fed, candidate.weights_sha256))
        _hold(largest_difference(_predicted(network, images), scored))
        export_model(folder, candidate.weights, {**candidate.papers, NETWORK: network}, config, images[0][None])
        _hold(largest_difference(stranger.predict(str(folder)), scored))
        tags = _tags(registry, candidate, evaluate) | {"tsernet.network_sha256": sha256_of(network)}
        number = _upload(registry, candidate, folder, tags, parent_run)
        try:
            _hold(largest_difference(stranger.predict(f"models:/{registry.name}/{number}"), scored))
        except CheckError:
            registry.client.delete_model_version(registry.name, number)
            raise
    registry.set_alias(CHALLENGER, number)
    return registry.get(number)


def _predicted(network: Path, images: Sequence[Any]) -> dict[str, Any]:
    """Predict with the exported network, for `largest_difference`: alone or in batches is the same here."""
    from tsernet.inference import to_uint8
    from tsernet.runtimes import open_session
    from tsernet.saliency import map_maker

    maps = map_maker(*open_session(network)).predict(images)
    return {f"{how}{index}": to_uint8(one).astype("float32") / 255 for index, one in enumerate(maps) for how in ("one", "three")}


def _hold(difference: float) -> None:
    if not difference <= TOLERANCE:
        found = f"by up to {difference:.5f}, allowed is {TOLERANCE:.5f} (1/255)"
        raise CheckError(f"the exported model's maps differ from those that evaluate scored, {found}; 'dvc repro -f evaluate' scores again")


def _upload(registry: Registry, candidate: Candidate, folder: Path, tags: dict[str, str], parent_run: str) -> str:
    """Store the files as a logged model of the training's run, and make it a version."""
    from mlflow.entities import LoggedModelOutput

    client = registry.client
    with reachable(registry.uri):
        registry.ensure()
        run = _training_run(registry, candidate) or client.get_run(parent_run)
        model = client.create_logged_model(run.info.experiment_id, name=registry.name, source_run_id=run.info.run_id, model_type="tsernet")
        client.log_model_artifacts(model.model_id, str(folder))
        model = client.finalize_logged_model(model.model_id, "READY")
        client.log_outputs(run.info.run_id, [LoggedModelOutput(model.model_id, step=0)])
        registry.keep_details(run.info.run_id, model.model_id, {key: value for key, value in tags.items() if key not in VERSION_TAGS})
        version = client.create_model_version(
            registry.name,
            model.artifact_location,
            run_id=run.info.run_id,
            model_id=model.model_id,
            tags={key: tags[key] for key in VERSION_TAGS if tags.get(key)},
            description=_description(candidate),
        )
    return str(version.version)


def _tags(registry: Registry, candidate: Candidate, evaluate: Evaluate) -> dict[str, str]:
    """Gather all that is to be known of the version: from the run that trained it, else from here."""
    from tsernet.digests import sha256_of

    run = _training_run(registry, candidate)
    known = dict(run.data.tags) if run else provenance_tags(Path.cwd(), "")
    kept = {key: value for key, value in known.items() if key in _PROVENANCE or key.startswith(("tsernet.digest.", "tsernet.version."))}
    parts = [kept.get(f"tsernet.digest.{part}", "") for part in ("train", "val", "test")]
    return kept | {
        # One digest of the three parts, so that versions of one split are seen to be.
        **({"tsernet.digest.split": hashlib.sha256(" ".join(parts).encode()).hexdigest()} if any(parts) else {}),
        "tsernet.weights_sha256": candidate.weights_sha256,
        "tsernet.training_run": str(candidate.run["run_id"]),
        "tsernet.parent_run": str(candidate.run.get("parent_run_id", "")),
        "tsernet.variant": candidate.variant,
        "tsernet.seed": str(candidate.seed),
        "tsernet.identity": _identity(candidate, evaluate),
        # How it was fed when it was evaluated, which need not be how it was trained.
        **{f"{INPUT_TAGS}{key}": value for key, value in _fed(evaluate).items()},
        # Part of the weights' own metadata too; here so that a reader of the registry sees which camera the model expects.
        **_levels_tag(candidate),
        **({f"{INPUT_TAGS}{key}": value for key, value in candidate.protocol.items()} if candidate.is_strip else {}),
        **{f"tsernet.test.{key}": str(candidate.metrics[key]) for key in MEASURES},
        **({SAMPLES_TAG: sha256_of(candidate.papers["samples"])} if "samples" in candidate.papers else {}),
        **({CLEAN_TAG: str(candidate.metrics["clean_images"])} if candidate.metrics.get("clean_images") else {}),
    }


def _fed(evaluate: Evaluate) -> dict[str, str]:
    return {"resize": str(evaluate.resize), "stretch": str(evaluate.stretch).lower(), "flips": evaluate.flips}


def _levels_tag(candidate: Candidate) -> dict[str, str]:
    levels = candidate.run.get("levels")
    return {f"{INPUT_TAGS}levels": f"{levels['black']} {levels['white']}"} if levels else {}


def _training_run(registry: Registry, candidate: Candidate) -> Any | None:
    """Find the run that trained the candidate; None where it was trained with another tracking store, and came by a shared cache."""
    from mlflow.exceptions import MlflowException

    try:
        return registry.client.get_run(candidate.run["run_id"])
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return None


def _description(candidate: Candidate) -> str:
    card = candidate.papers.get("model_card")
    scores = ", ".join(f"{key} {candidate.metrics[key]:.4f}" for key in MEASURES)
    text = f"{candidate.variant}, seed {candidate.seed}: {scores}"
    return f"{text}\n\n{card.read_text(encoding='utf-8')}"[:5000] if card else text
