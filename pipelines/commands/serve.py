"""`tsernet serve`: the API and the page to look at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipelines import options
from pipelines.services.names import PAGE_PORT


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve)


def serve(
    model: options.Model = None,
    compare: Annotated[
        str | None, typer.Option(help="A second model to compare; else the registry's challenger, where the model is an alias")
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen at; beyond loopback TSERNET_SERVE_TOKEN must be set")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any free one")] = PAGE_PORT,
    name: Annotated[list[str] | None, typer.Option(help="A host name that requests may use besides the address; several times")] = None,
    pixel_scale: Annotated[float, typer.Option(help="Pixels of the training's images per pixel of these")] = 1.0,
    levels: options.Levels = None,
    device: options.Device = "auto",
    runtime: options.Runtime = "auto",
    log: Annotated[Path | None, typer.Option(help="Folder of the inspection log; else .tsernet/inspections of the repository")] = None,
    no_log: Annotated[bool, typer.Option("--no-log", help="Keep no inspection log: no file is written at all")] = False,
    log_days: Annotated[
        int, typer.Option(min=1, help="The log's files of so many days with inspections are kept, older ones removed")
    ] = 90,
    thumbnails: Annotated[int, typer.Option(min=0, max=1024, help="Keep a JPEG of each image in the log, so many pixels long")] = 0,
    max_bytes: Annotated[int, typer.Option(min=1024, help="Of one request")] = 64 * 2**20,
    max_pixels: Annotated[int, typer.Option(min=1, help="Of one image; a larger one is not decoded")] = 50_000_000,
    max_requests: Annotated[int, typer.Option(min=1, help="In work or waiting at once; one more is answered 429")] = 32,
) -> None:
    """Serve a page and an API that inspect images, until Ctrl-C.

    The champion of the registry is followed: whoever is promoted or rolled back to answers within ten seconds.
    """
    from pipelines.model_resolver import default_model
    from pipelines.serving.limits import Limits
    from pipelines.serving.loaded import Usage
    from pipelines.serving.log import LogSettings
    from pipelines.serving.server import Served, serve
    from pipelines.tracking.location import local_state

    kept = None if no_log else LogSettings(log or local_state() / "inspections", log_days, thumbnails)
    serve(
        Served(
            model=model or default_model(),
            compared=compare,
            usage=Usage(runtime, device, pixel_scale, levels),
            limits=Limits(body_bytes=max_bytes, bodies_bytes=4 * max_bytes, pixels=max_pixels, requests=max_requests),
            log=kept,
            host=host,
            port=port,
            names=tuple(name or ()),
        ),
        typer.echo,
    )
