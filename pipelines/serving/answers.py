"""What the API answers, for its OpenAPI document."""

from __future__ import annotations

from pydantic import BaseModel, Field

Share = Field(ge=0.0, le=1.0)


class Refusal(BaseModel):
    """Why a request, or an image of it, was not answered."""

    detail: str = Field(description="One sentence")
    code: str | None = Field(None, description="A word that a program can tell the reason by, where there are several of a status")


class ModelAnswer(BaseModel):
    """The model that answered."""

    role: str
    name: str
    version: str | None = Field(description="Of the registry; null for a file")
    weights_sha256: str
    threshold: float = Field(description="Its operating point: saliency in [0, 1] from which on a pixel is marked")
    min_area: float = Field(description="Smaller groups are no defects, pixels of the image")
    rule: str = Field(description="The rule that chose the operating point")
    levels: list[int] | None = Field(description="Samples that become 0 and 255, above 8 bits")
    pixel_mm: float | None = Field(description="Side of a pixel, millimetres; null where it is not known")


class Defect(BaseModel):
    """A defect; lengths are pixels, in _mm millimetres, present where the size of a pixel is known."""

    id: int
    left: int
    top: int
    box_width: int
    box_height: int
    area: int
    length: float
    width: float
    angle: float = Field(description="Degrees from the row's direction, counter-clockwise")
    mean: float = Field(description="Saliency over its pixels")
    peak: float
    edge_distance: int
    left_mm: float | None = None
    top_mm: float | None = None
    area_mm2: float | None = None
    length_mm: float | None = None
    width_mm: float | None = None
    edge_distance_mm: float | None = None


class Statistics(BaseModel):
    """Figures of an image, as the log keeps them."""

    brightness: float
    contrast: float
    sharpness: float
    clipped: float
    saliency_mean: float
    saliency_peak: float
    marked: float


class ImageAnswer(BaseModel):
    """What was found in one image; of one that could not be inspected `name`, `status` and `detail` alone."""

    name: str
    width: int | None = None
    height: int | None = None
    bits: int | None = None
    warnings: list[str] | None = Field(None, description="What speaks against the levels, such as samples outside; most often empty")
    verdict: str | None = Field(None, description="clean or defective")
    threshold: float | None = None
    min_area: float | None = None
    defects_total: int | None = None
    defects: list[Defect] | None = Field(None, description="The largest, where there are over 1000")
    statistics: Statistics | None = None
    seconds: float | None = None
    map: str | None = Field(None, description="With ?map=true: 8-bit PNG, base64")
    image: str | None = Field(None, description="With ?image=true: the image as the network saw it, 8-bit PNG, base64")
    status: int | None = Field(None, description="HTTP's status of this image, where it could not be inspected")
    detail: str | None = None
    code: str | None = None


class InspectAnswer(BaseModel):
    """An answer of /v1/inspect."""

    model: ModelAnswer
    images: list[ImageAnswer]


class DefectsAnswer(BaseModel):
    """The defects of a map at a threshold."""

    threshold: float
    min_area: float
    defects_total: int
    defects: list[Defect]


class ModelsAnswer(BaseModel):
    """What answers now."""

    follows: bool = Field(description="Whether an alias of the registry is followed")
    champion: ModelAnswer | None
    challenger: ModelAnswer | None
    problem: str | None = Field(description="One line where a version does not load; what answered before goes on")


class HealthAnswer(BaseModel):
    """Whether it answers, and what is wrong."""

    status: str = Field(description="ok, degraded (it answers, and `problem` says what is wrong) or no-model")
    problem: str | None = None
