"""What a person may choose for a retraining: the form on the deployment's page."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import SkipJsonSchema

from tsernet.config import VariantName
from tsernet.methods import network_names


def _without_default(schema: dict[str, Any]) -> None:
    """Take the default out of a number's schema: the form would send it as null, which its own validation refuses."""
    schema.pop("default", None)


# A missing number means "as the preset has it"; the form shows a plain number field, not a choice between a number and nothing.
Iterations = Annotated[int, Field(ge=1, le=10_000_000)] | SkipJsonSchema[None]
LearningRate = Annotated[float, Field(gt=0.0, le=1.0)] | SkipJsonSchema[None]
BatchSize = Annotated[int, Field(ge=1, le=4096)] | SkipJsonSchema[None]

# An empty list means "as the preset has it"; any other must hold the variant that gets registered. That is `full` in the presets; what
# params.yaml registers, the form cannot know, and the task `workspace` says what is wrong.
_FORM: dict[str, Any] = {
    "if": {"properties": {"preset": {"not": {"const": "committed"}}}, "required": ["preset"]},
    "then": {"properties": {"variants": {"if": {"minItems": 1}, "then": {"contains": {"const": "full"}}}}},
}


class Settings(BaseModel):
    """A preset and the few values that may differ from it; whatever is left empty stays as the preset has it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra=_FORM)

    preset: Literal["committed", "demo", "cpu", "variants", "paper"] = Field(
        default="committed", description="The complete parameter set to start from; `committed` is params.yaml as the revision has it."
    )
    source: Literal["preset", "synthetic", "sd-saliency-900", "folder"] = Field(
        default="preset", description="Where the images come from; `folder` reads the repository's own folder."
    )
    revision: str = Field(
        default="HEAD",
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_./@^~-]*$",
        max_length=200,
        description="The commit, tag or branch of the repository whose code and parameters are used.",
    )
    variants: list[Annotated[VariantName, Field(json_schema_extra={"enum": list(network_names())})]] = Field(
        default=[],
        max_length=32,
        json_schema_extra={"uniqueItems": True},
        description="Which variants and other methods to train; the one that gets registered (`register.variant`) must be among them.",
    )
    seeds: list[Annotated[int, Field(ge=0, le=2**31 - 1)]] = Field(
        default=[], max_length=20, json_schema_extra={"uniqueItems": True}, description="Which seeds to train each variant with."
    )
    iterations: Iterations = Field(default=None, json_schema_extra=_without_default, description="Optimisation steps of each training.")
    learning_rate: LearningRate = Field(default=None, json_schema_extra=_without_default, description="Adam's learning rate.")
    batch_size: BatchSize = Field(default=None, json_schema_extra=_without_default, description="Images a step.")
    start: Literal["preset", "fresh", "champion"] = Field(
        default="preset",
        description="The weights to begin with: fresh ones, or the champion's of this moment, to fine-tune (the registered variant alone).",
    )
    split: Literal["preset", "anew", "champion"] = Field(
        default="preset",
        description="Which images test: all drawn anew, or the champion's stay and new ones join them, so that scores stay comparable.",
    )
    device: Literal["preset", "auto", "cpu", "cuda"] = Field(default="preset", description="What the training runs on.")
    spread: Literal["one after another", "dask"] = Field(
        default="one after another",
        description="How the trainings share the machines; `dask` runs as many at once as there are slots.",
    )
    settle_seconds: int = Field(
        default=30, ge=0, le=86_400, description="Of a folder: images whose files are younger, or still grow, wait for the next run."
    )
    promote: bool = Field(default=True, description="Whether a new version that is better may become champion.")

    def overrides(self, registered: str) -> dict[str, Any]:
        """List what differs from the preset, by dotted key of params.yaml.

        Args:
            registered: The preset's `register.variant`.
        """
        chosen: dict[str, Any] = {
            "dataset.source": None if self.source == "preset" else self.source,
            "variants": self.variants or ([registered] if self.start == "champion" else None),
            "seeds": self.seeds or None,
            "train.iterations": self.iterations,
            "train.optimiser.lr": self.learning_rate,
            "train.batch_size": self.batch_size,
            "model.start_from": {"preset": None, "fresh": "none", "champion": "champion"}[self.start],
            "split.keep": {"preset": None, "anew": "none", "champion": "champion"}[self.split],
            "train.hardware.accelerator": None if self.device == "preset" else self.device,
            "register.promote": self.promote,
        }
        return {key: value for key, value in chosen.items() if value is not None}
