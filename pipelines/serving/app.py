"""The addresses of `tsernet serve`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib.metadata import version
from importlib.resources import files
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from pipelines.serving.answers import DefectsAnswer, HealthAnswer, InspectAnswer, ModelsAnswer, Refusal
from pipelines.serving.guard import KNOWN
from pipelines.serving.inspecting import Wanted
from pipelines.serving.limits import RefusedError
from pipelines.serving.reading import JsonImage, first_error
from pipelines.serving.service import Service
from tsernet.errors import UserError
from tsernet.images.levels import parse_levels

PAGE = {
    "index.html": "text/html; charset=utf-8",
    "style.css": "text/css; charset=utf-8",
    "app.js": "text/javascript; charset=utf-8",
    "api.js": "text/javascript; charset=utf-8",
    "view.js": "text/javascript; charset=utf-8",
    "viewer.js": "text/javascript; charset=utf-8",
    "table.js": "text/javascript; charset=utf-8",
    "files.js": "text/javascript; charset=utf-8",
    "zip.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
OPEN_PATHS = ("/", "/health", *(f"/page/{name}" for name in PAGE))
"""Where no token is asked for: the page itself holds nothing of the plant's."""
_WORDS = {
    401: "No token, where one is needed",
    403: "The page of another site asks",
    408: "The body did not arrive in time",
    413: "Too large: bytes, images or pixels, known before anything is decoded, or the time it would take",
    415: "Not an image that can be read, or a body of another kind",
    421: "A foreign Host",
    422: "An image or a request that is not what it says",
    429: "Too much at once; Retry-After says when to try again",
    503: "No model is loaded yet",
}
_REFUSALS: dict[int | str, dict[str, Any]] = {status: {"model": Refusal, "description": words} for status, words in _WORDS.items()}
_BINARY = {"type": "string", "format": "binary"}
_IMAGES = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"images": {"type": "array", "items": _BINARY, "minItems": 1}},
                    "required": ["images"],
                }
            },
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"images": {"type": "array", "items": JsonImage.model_json_schema(), "minItems": 1}},
                    "required": ["images"],
                    "additionalProperties": False,
                }
            },
        },
    }
}
_MAP = {"requestBody": {"required": True, "content": {"image/png": {"schema": _BINARY}}}}

Threshold = Annotated[
    float | None, Query(ge=0, le=1, allow_inf_nan=False, description="Saliency from which on a pixel is marked; else the model's")
]
OneThreshold = Annotated[float, Query(ge=0, le=1, allow_inf_nan=False, description="Saliency from which on a pixel is marked")]
MinArea = Annotated[
    float | None, Query(ge=1, allow_inf_nan=False, description="Smaller groups are no defects, pixels of the image; else the model's")
]
LevelsText = Annotated[
    str | None,
    Query(
        max_length=20, description="BLACK,WHITE: samples that become 0 and 255, for images of more than 8 bits and a model without levels"
    ),
]
Role = Annotated[Literal["champion", "challenger"], Query(description="Which model answers")]


def build_app(service: Service) -> FastAPI:
    """Make the application of a service."""
    app = FastAPI(
        title="TSERNet inspection",
        version=version("tsernet"),
        description="Defects on strip steel. Where a token is set, every request carries `Authorization: Bearer TOKEN`.",
        docs_url=None,  # FastAPI's page of the document loads its scripts from another server
        redoc_url=None,
    )
    app.add_exception_handler(RefusedError, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    _add_inspection(app, service)
    _add_state(app, service)
    _add_page(app)
    return app


def _add_inspection(app: FastAPI, service: Service) -> None:
    @app.post("/v1/inspect", response_model=InspectAnswer, responses=_REFUSALS, openapi_extra=_IMAGES)
    async def inspect(
        request: Request,
        threshold: Threshold = None,
        min_area: MinArea = None,
        levels: LevelsText = None,
        model: Role = "champion",
        map: Annotated[bool, Query(description="Give the map too, as PNG")] = False,
        image: Annotated[bool, Query(description="Give the image as the network saw it, as PNG")] = False,
        partial: Annotated[bool, Query(description="Answer 200 even if none of the images could be inspected")] = False,
    ) -> Response:
        """Inspect images: for each a verdict and its defects.

        Several images are computed on all cores at once. One that cannot be used is named in the answer and the others are done; if none
        can be, the status is the first one's.
        """
        try:
            given = parse_levels(levels, None)
        except UserError as error:
            raise RefusedError(422, str(error).removeprefix("--")) from None
        wanted = Wanted(threshold, min_area, given, map, image)
        status, content = await service.inspect(_stream(request), request.headers, model, wanted, partial)
        headers = {"Retry-After": "1"} if status == 429 else None
        return Response(content, status, headers, "application/json")

    @app.post("/v1/defects", response_model=DefectsAnswer, responses=_REFUSALS, openapi_extra=_MAP)
    async def defects(request: Request, threshold: OneThreshold, min_area: MinArea = None, model: Role = "champion") -> Response:
        """List the defects that a map shows from another threshold on, without the network."""
        return Response(await service.defects(_stream(request), request.headers, model, threshold, min_area), media_type="application/json")

    @app.post("/v1/annotations", responses=_REFUSALS, openapi_extra=_MAP)
    async def annotations(
        request: Request,
        threshold: OneThreshold,
        name: Annotated[str, Query(max_length=255, description="Of the image's file")] = "image.png",
        min_area: Annotated[float, Query(ge=1, allow_inf_nan=False)] = 1.0,
    ) -> Response:
        """Give what a map shows as a file of LabelMe, to correct there."""
        return Response(
            await service.annotations(_stream(request), request.headers, name, threshold, min_area), media_type="application/json"
        )


def _add_state(app: FastAPI, service: Service) -> None:
    @app.get("/v1/models", response_model=ModelsAnswer, responses={401: _REFUSALS[401]})
    async def models() -> dict[str, Any]:
        """Say which versions answer, and what is wrong with those that should."""
        return service.models.described()

    @app.get("/health", response_model=HealthAnswer, response_model_exclude_none=True)
    async def health(request: Request) -> dict[str, Any]:
        """Say whether it answers, and to whom has the token what is wrong; the status is 200 as long as the process lives."""
        found = service.health()
        return found if request.scope[KNOWN] else {"status": found["status"]}

    @app.get("/metrics", responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}, 401: _REFUSALS[401]})
    async def metrics() -> Response:
        """Give figures to Prometheus."""
        return Response(service.scrape(), media_type="text/plain; version=0.0.4")


def _add_page(app: FastAPI) -> None:
    folder = files("pipelines.serving") / "page"
    page = {name: (folder / name).read_bytes() for name in PAGE}

    @app.get("/", include_in_schema=False)
    async def index() -> Response:
        return Response(page["index.html"], media_type=PAGE["index.html"])

    @app.get("/page/{name}", include_in_schema=False)
    async def part(name: str) -> Response:
        if name not in page:
            raise RefusedError(404, f"/page/{name[:60]}: no such file")
        return Response(page[name], media_type=PAGE[name])


async def _stream(request: Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect:
        raise RefusedError(400, "the client went away before its request was complete") from None


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return JSONResponse(error.content(), error.status, error.headers)


async def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return JSONResponse({"detail": first_error(error.errors())}, 422)
