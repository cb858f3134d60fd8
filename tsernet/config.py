"""params.yaml as frozen, validated objects; the only reader of that file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from tsernet.config_errors import explain
from tsernet.errors import UserError
from tsernet.flips import Flips
from tsernet.measures import Measure
from tsernet.methods.names import require_name

if TYPE_CHECKING:
    from tsernet.images.masks import MaskRule

PARAMS_FILE = Path("params.yaml")

VariantName = Annotated[str, AfterValidator(require_name)]
Share = Annotated[float, Field(ge=0.0, lt=1.0)]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Width = Annotated[float, Field(gt=0.0, le=2.0)]
Side = Annotated[int, Field(ge=32, le=4096, multiple_of=32)]


class Section(BaseModel):
    """A part of params.yaml: complete, immutable, without unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Synthetic(Section):
    """The synthetic strip-steel images: how many, how large, from which seed.

    `per_class`: squares with a defect, of each of the three classes. `clean`: squares without one. `wide`: strips, as high as a square.
    """

    per_class: int = Field(ge=4, le=100_000)
    size: int = Field(ge=32, le=4096)
    seed: int = Field(ge=0)
    clean: int = Field(ge=0, le=100_000, default=0)
    wide: int = Field(ge=0, le=100_000, default=0)


class LevelPair(Section):
    """The sample value that becomes black and the one that becomes white."""

    black: int = Field(ge=0, le=65534)
    white: int = Field(ge=1, le=65535)


def _levels(given: Any) -> Any:
    """Check levels as one value, so that a mistake in either half is one line that shows all that is allowed."""
    expected = "expected none, auto or {black: B, white: W} with 0 ≤ B < W ≤ 65535"
    if isinstance(given, LevelPair) or given in ("none", "auto"):
        return given
    try:
        pair = LevelPair.model_validate(given)
    except ValidationError:
        raise ValueError(f"{expected}, got {given!r}") from None
    if pair.black >= pair.white:
        raise ValueError(f"{expected}, got {given!r}")
    return pair


def _mask_values(given: Any) -> Any:
    numbers = isinstance(given, list) and given and all(type(value) is int and 0 <= value <= 65535 for value in given)
    if not (numbers or given in ("binary", "nonzero")):
        raise ValueError(f"expected binary, nonzero or a list of whole numbers from 0 to 65535, got {given!r}")
    return given


def _mask_threshold(given: Any) -> Any:
    if given != "none" and not (type(given) is int and 1 <= given <= 65535):
        raise ValueError(f"expected none or a whole number from 1 to 65535, got {given!r}")
    return given


def _pixel_mm(given: Any) -> Any:
    if given != "none" and not (type(given) in (int, float) and 0.0 < given <= 1000.0):
        raise ValueError(f"expected none or millimetres above 0 and at most 1000, got {given!r}")
    return given if given == "none" else float(given)


def _fold(given: Any) -> Any:
    if given != "none" and not (type(given) is int and given >= 1):
        raise ValueError(f"expected none or a whole number from 1, got {given!r}")
    return given


def _window(given: Any) -> Any:
    if not (type(given) is int and (given == 0 or 32 <= given <= 8192)):
        raise ValueError(f"expected 0 for the whole image, or from 32 to 8192 pixels, got {given!r}")
    return given


class Masks(Section):
    """How masks are named and what in them is defect; `tsernet.images.masks.MaskRule` says what each value means."""

    suffix: str = Field(default="", max_length=64, pattern=r"^[^/\\]*$")
    values: Annotated[Literal["binary", "nonzero"] | list[int], BeforeValidator(_mask_values)] = "binary"
    threshold: Annotated[Literal["none"] | int, BeforeValidator(_mask_threshold)] = "none"

    def rule(self) -> MaskRule:
        """Give the section as the rule that reads masks."""
        # With NumPy and Pillow behind it, which a reader of params need not wait for.
        from tsernet.images.masks import MaskRule

        values = self.values if isinstance(self.values, str) else tuple(self.values)
        return MaskRule(self.suffix, values, None if isinstance(self.threshold, str) else self.threshold)

    @model_validator(mode="after")
    def _one_rule(self) -> Masks:
        if self.threshold != "none" and self.values != "binary":
            raise ValueError(f"values must be binary where threshold is set (to {self.threshold}), got {self.values}")
        return self


class Dataset(Section):
    """Where the images come from, and how their files are read.

    `levels`: how more than 8 bits become the network's 8: `none` (8-bit images alone), two sample values, or `auto` (robust
    percentiles over the training split). `depths`: `one` holds a dataset to one number of bits, `mixed` allows several.
    `pixel_mm`: side of a pixel on the strip, millimetres, for the lengths of defects; `none` where it is not known.
    `subfolders`: what the folders in images/ are: part of the `name` alone, or also the `group` or the `class`.
    `exclude`: names of samples of a `folder` to leave out; a retraining adds those whose files are still being copied.
    """

    source: Literal["synthetic", "sd-saliency-900", "folder"]
    folder: str = Field(min_length=1)
    synthetic: Synthetic
    levels: Annotated[Literal["none", "auto"] | LevelPair, BeforeValidator(_levels)] = "none"
    depths: Literal["one", "mixed"] = "one"
    pixel_mm: Annotated[Literal["none"] | float, BeforeValidator(_pixel_mm)] = "none"
    masks: Masks = Masks()
    subfolders: Literal["name", "group", "class"] = "name"
    exclude: list[str] = []


class Prepare(Section):
    """How the raw files become samples."""

    edge_width: int = Field(ge=1, le=31)


class Split(Section):
    """Which samples are for training, for choices (validation) and for the verdict (test).

    `validation` is a share of the training part; `test` is used by the method `stratified` alone. `fold`: in place of that share, the
    training part is dealt into `folds` disjoint parts of one size, and the one of this number, from 1, is the validation part. `keep`:
    `champion` leaves the images that the champion's split had in their parts, so that old test images stay, and draws among the new ones
    alone; `none` draws all anew.
    """

    method: Literal["official", "stratified", "files"]
    validation: Share
    fold: Annotated[Literal["none"] | int, BeforeValidator(_fold)] = "none"
    folds: int = Field(default=5, ge=2, le=100)
    test: Share
    seed: int = Field(ge=0)
    files: str = Field(min_length=1)
    keep: Literal["none", "champion"] = "none"

    @model_validator(mode="after")
    def _lists_are_kept_by_hand(self) -> Split:
        if self.keep != "none" and self.method == "files":
            raise ValueError("keep must be none where method is files: the lists say what stays where it is")
        return self

    @model_validator(mode="after")
    def _fold_exists(self) -> Split:
        if self.fold == "none":
            return self
        if self.method == "files":
            raise ValueError("fold must be none where method is files: the lists say what validates")
        if self.fold > self.folds:
            raise ValueError(f"fold must be none or from 1 to folds ({self.folds}), got {self.fold}")
        return self


class CleanShare(Section):
    """The least and the most share of images with an empty mask in any part of the dataset."""

    least: Share = 0.0
    most: Share = 0.99

    @model_validator(mode="after")
    def _in_order(self) -> CleanShare:
        if self.least > self.most:
            raise ValueError(f"least must be at most most ({self.most}), got {self.least}")
        return self


class Validate(Section):
    """Bounds of the expectations that data must keep.

    `inverted_above`: a mask counts as inverted where its coverage and the defect share of its outermost pixels sum up to more.
    `max_clipped`: share of an image's samples outside the levels. `max_lost`: share of the defects that vanish at the training's scale.
    `clean`: bounds of the share of images without a defect; SD-saliency-900 has none.
    """

    max_class_ratio: float = Field(ge=1.0)
    min_contrast: float = Field(ge=0.0, le=128.0)
    max_pixels: int = Field(ge=1024)
    near_duplicate_bits: int = Field(ge=0, le=32)
    thumbnails: int = Field(ge=0, le=200)
    inverted_above: float = Field(default=1.1, ge=0.0, le=2.0)
    max_clipped: Probability = 0.01
    max_lost: Probability = 0.1
    clean: CleanShare = CleanShare()


class Model(Section):
    """The network: its width, and the weights it starts from.

    `initialisation`: `torch` (PyTorch's defaults) or `residual` (He-normal, residual branches that begin at zero).
    `encoder_weights`: `none`, `imagenet` (torchvision's ResNet-34, width 1.0 only) or a local file of those weights.
    `start_from`: `none`; a .safetensors file of this network to fine-tune; `shipped` or `shipped-paper`, which come with the package; or
    `champion`, the registry's, as the stage `inherit` has pinned it.
    `widths`: the width of some of the `variants`, by name, in place of `width`.
    """

    width: Width
    initialisation: Literal["torch", "residual"]
    encoder_weights: str = Field(min_length=1)
    start_from: str = Field(min_length=1)
    widths: dict[VariantName, Width] = {}

    def width_of(self, variant: str) -> float:
        """Give a network's width: its own in `widths`, else `width`."""
        return self.widths.get(variant, self.width)


class Loss(Section):
    """The objective: the edge loss, weighted per batch as released or plain as printed.

    `empty`: what IoU and F are of a sample without a defect: constants, as in the `paper`, or those of the `background`.
    """

    edge: Literal["balanced", "plain"]
    empty: Literal["paper", "background"] = "paper"


class Noise(Section):
    """Salt-and-pepper noise: how often an image gets it, and the share of its pixels then hit."""

    probability: Probability
    amount: Probability


class Flip(Section):
    """How often an image is mirrored, by axis: steel has a rolling direction, and what is common along it may be rare across."""

    up_down: Probability
    left_right: Probability


def _both_axes(value: Any) -> Any:
    return {"up_down": value, "left_right": value} if isinstance(value, int | float) else value


class Sides(Section):
    """To which side a training image is resized, and the side of what is cut from that."""

    resize: Side
    crop: Side

    @model_validator(mode="after")
    def _crop_fits(self) -> Self:
        if self.crop > self.resize:
            raise ValueError(f"crop must be at most resize ({self.resize}), got {self.crop}")
        return self


class Augment(Sides):
    """What happens to a training image before the network sees it.

    `flip`: one probability for both axes, or one for each.
    """

    noise: Noise
    flip: Annotated[Flip, BeforeValidator(_both_axes)]
    rotate: bool


class Smaller(Sides):
    """A part of the training on smaller inputs: until that share of the iterations, at these sides in place of `augment`'s."""

    until: Annotated[float, Field(gt=0.0, lt=1.0)]


class Optimiser(Section):
    """Adam, its schedule, and what steadies it."""

    lr: float = Field(gt=0.0, le=1.0)
    betas: Annotated[list[Probability], Field(min_length=2, max_length=2)]
    eps: float = Field(gt=0.0, le=1.0)
    weight_decay: float = Field(ge=0.0, le=1.0)
    schedule: Literal["constant", "cosine"]
    warmup: int = Field(ge=0)
    clip_norm: float = Field(ge=0.0)
    ema: float = Field(ge=0.0, lt=1.0)


class Hardware(Section):
    """Where and how the arithmetic runs; `auto` is what measured fastest and safest there."""

    accelerator: Literal["auto", "cpu", "cuda"]
    devices: int = Field(ge=1, le=64)
    strategy: Literal["auto", "ddp"]
    precision: Literal["auto", "32-true", "bf16-mixed"]
    memory_format: Literal["auto", "contiguous", "channels_last"]
    compile: bool
    threads: int = Field(ge=0, le=256)


class Plateau(Section):
    """The rule "until the loss converges": stop when the mean loss of the last `window` steps is less than
    `tolerance` (relative) below that of the window before. A window of 0 turns it off."""

    window: int = Field(ge=0)
    tolerance: float = Field(ge=0.0, lt=1.0)


class Train(Section):
    """Algorithm 1 of the paper and what surrounds it.

    `norm_batches`: before the network is scored or kept, BatchNorm's running statistics are taken anew over so many
    training batches; 0 keeps the running averages. They lag behind the weights in a short training.
    `window`: side of the windows that are cut from larger images, original pixels, half of them over a defect; 0 takes every image whole.
    `clean_share`: of a batch, windows without a defect: of clean images, and where nothing is marked and nothing stands out.
    `montage`: how often an input is put together of up to four windows: what lies beside a defect, and a step in brightness, then say
    nothing of it.
    `progressive`: progressive resizing, parts of the training on smaller inputs, one after the other; what is left has `augment`'s sides.
    """

    iterations: int = Field(ge=1, le=10_000_000)
    batch_size: int = Field(ge=1, le=4096)
    scaling: Literal["unit", "own_max"]
    window: Annotated[int, BeforeValidator(_window)] = 0
    clean_share: Share = 0.0
    montage: Probability = 0.0
    augment: Augment
    progressive: list[Smaller] = []
    optimiser: Optimiser
    hardware: Hardware
    plateau: Plateau
    norm_batches: int = Field(ge=0, le=10_000)
    log_every: int = Field(ge=1)
    validate_every: int = Field(ge=0)
    checkpoint_every: int = Field(ge=1)
    keep_checkpoints: int = Field(ge=2, le=100)

    @model_validator(mode="after")
    def _grows(self) -> Train:
        shares = [part.until for part in self.progressive]
        if shares != sorted(set(shares)):
            raise ValueError(f"progressive must be in order of until, got {shares}")
        if self.progressive and self.clean_share and not self.window:
            raise ValueError("progressive with clean_share needs a window above 0: else each side has clean places of its own")
        return self

    def augment_of_step(self, step: int) -> Augment:
        """The augmentation of a step from 0; from `iterations` on, as of the last one, `augment`."""
        for part in self.progressive:
            if step < part.until * self.iterations:
                return self.augment.model_copy(update={"resize": part.resize, "crop": part.crop})
        return self.augment


class Evaluate(Section):
    """How an image becomes a saliency map at test time, and how a registered version is fed.

    `protocol`: `paper` (the whole image is resized to `resize` and its map stretched, where `stretch` says so) or `strip` (at the
    training's scale, in tiles, calibrated, never stretched). `runtime`: what computes; `auto` is PyTorch for the paper's protocol, whose
    published scores depend on the last digits, and ONNX Runtime on the CPU for the strip's. Any other than PyTorch is held against it.
    `flips`: the mirror images whose logits are averaged: `none`, `left_right` (twice the time) or `both` axes (four times).
    """

    protocol: Literal["paper", "strip"] = "paper"
    runtime: Literal["auto", "torch", "onnx", "openvino", "mnn"] = "auto"
    resize: Side
    batch_size: int = Field(ge=1, le=1024)
    stretch: bool
    flips: Flips = "none"


class Operate(Section):
    """The rule that chooses, on the validation split, from which saliency on something is a defect.

    `false_alarms`: the lowest threshold with at most `per_megapixel` false components in a million unmarked training pixels. `cost`: the
    least total of `miss` for each defective image that is not marked and `false_alarm` for each clean one that is. `recall`: the highest
    threshold that still marks `at_least` of the defective images. `none`: half of the range. `min_area`: smaller groups of pixels are no
    defects, training pixels.
    """

    rule: Literal["none", "false_alarms", "cost", "recall"] = "none"
    per_megapixel: float = Field(default=1.0, ge=0.0)
    miss: float = Field(default=50.0, gt=0.0)
    false_alarm: float = Field(default=1.0, gt=0.0)
    at_least: float = Field(default=0.99, gt=0.0, le=1.0)
    min_area: int = Field(default=40, ge=1)


class Compare(Section):
    """What stands in the report beside our variants: name → folder of published maps."""

    published: dict[str, str]
    bootstrap: int = Field(ge=100, le=1_000_000)
    rows_per_class: int = Field(ge=1, le=20)


class Register(Section):
    """Which model becomes a version, and what it must reach for that and to become champion.

    `variant`: the one of `variants` that is registered, with the first of `seeds`; the report is about it. `floor`: the least `measure` of
    any version. `margin`: by how much the champion must be beaten in `measure`.
    `tolerance`: how much worse the other measures may be, at the bootstrap's confidence.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    variant: VariantName = "full"
    measure: Measure
    floor: Probability
    margin: Probability
    tolerance: Probability
    confidence: float = Field(gt=0.5, lt=1.0)
    promote: bool


class Params(Section):
    """The whole of params.yaml."""

    preset: str = Field(min_length=1)
    variants: Annotated[list[VariantName], Field(min_length=1)]
    seeds: Annotated[list[Annotated[int, Field(ge=0, le=2**31 - 1)]], Field(min_length=1)]
    dataset: Dataset
    prepare: Prepare
    split: Split
    validate_: Validate = Field(alias="validate")
    model: Model
    loss: Loss
    train: Train
    evaluate: Evaluate
    operate: Operate = Operate()
    compare: Compare
    register_: Register = Field(alias="register")

    @model_validator(mode="after")
    def _no_repeats(self) -> Params:
        for key, values in (("variants", self.variants), ("seeds", self.seeds)):
            if len(set(values)) != len(values):
                raise ValueError(f"{key} must not repeat, got {values}")
        if self.evaluate.protocol == "strip" and not self.train.window:
            raise ValueError(
                "train.window must be above 0 where evaluate.protocol is strip: it is the scale at which a model goes over a strip"
            )
        if (variant := self.register_.variant) not in self.variants:
            among = ", ".join(self.variants)
            raise ValueError(f"register.variant must be one of variants ({among}), got {variant!r}; add it to them or name one of them")
        return self


def parse_params(tree: Any, source: str) -> Params:
    """Validate a tree of plain values.

    Args:
        tree: What a YAML reader made of the file.
        source: The file's name for messages.
    Raises:
        UserError: One line naming the first bad key, what it holds and what is allowed.
    """
    if not isinstance(tree, dict):
        raise UserError(f"{source}: expected keys and values, got {type(tree).__name__}")
    try:
        return Params.model_validate(tree)
    except ValidationError as error:
        raise UserError(explain(error, Params, source)) from None


def parse_masks(tree: Any, source: str) -> Masks:
    """Validate a section `dataset.masks` alone.

    Raises:
        UserError: One line naming the bad key, what it holds and what is allowed.
    """
    try:
        return Masks.model_validate(tree)
    except ValidationError as error:
        raise UserError(explain(error, Masks, source)) from None


def load_params(path: Path = PARAMS_FILE) -> Params:
    """Read and validate params.yaml.

    Raises:
        UserError: If the file is missing, is not YAML, or does not validate.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); 'tsernet preset demo' writes one") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: not a UTF-8 text file") from None
    try:
        # YAML 1.2, as DVC reads the file: `1e-3` is a number.
        tree = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise UserError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    return parse_params(tree, str(path))
