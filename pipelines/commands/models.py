"""`tsernet models`: look at the registered model's versions, choose the champion, follow one back to its images."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tsernet.errors import CheckError, UserError

if TYPE_CHECKING:
    from pipelines.registry import Registry, Version

Json = Annotated[bool, typer.Option("--json", help="One JSON object or list on stdout")]
Model = Annotated[str, typer.Argument(help="models:/NAME/VERSION or models:/NAME@ALIAS")]
Name = Annotated[str, typer.Option(help="The registered model")]


def _said(reason: str) -> str:
    """Refuse an empty reason: the record is kept for whoever asks later why."""
    if not reason.strip():
        raise UserError("--reason is empty, expected why; without the option the record says 'by hand'")
    return reason


Reason = Annotated[str, typer.Option(callback=_said, help="Why; it goes into the record")]

NAME, CHAMPION = "tsernet", "models:/tsernet@champion"


def register(app: typer.Typer) -> None:
    """Add the commands."""
    models = typer.Typer(help="The registered model: list, show, promote, rollback, trace, rebuild.", no_args_is_help=True)
    for command in (list_, show, promote, rollback, trace, rebuild):
        models.command(command.__name__.rstrip("_"))(command)
    app.add_typer(models, name="models")


def list_(name: Name = NAME, as_json: Json = False) -> None:
    """List the versions with their aliases and scores."""
    from pipelines.registry import Registry, settle
    from pipelines.registry.trace import describe

    registry = Registry(name)
    record = settle(registry)
    versions = [describe(registry, version, record) for version in registry.versions()]
    if as_json:
        print(json.dumps(versions))
    elif not versions:
        print(f"no version of {name} yet; 'dvc repro' makes the first")
    else:
        _table(versions)


def show(model: Model = CHAMPION, as_json: Json = False) -> None:
    """Show a version: scores, digests, and what was decided about it."""
    from pipelines.registry import settle
    from pipelines.registry.trace import describe

    registry, version = _resolve(model)
    _print(describe(registry, version, settle(registry)), as_json)


def promote(model: Model, reason: Reason = "by hand", as_json: Json = False) -> None:
    """Make a version the champion."""
    from pipelines import registry as rooms

    registry, version = _resolve(model)
    record = rooms.promote(registry, version.number, reason)
    _print_decision(registry, record, as_json)


def rollback(name: Name = NAME, reason: Reason = "by hand", as_json: Json = False) -> None:
    """Return to the champion before; again for the one before that."""
    from pipelines import registry as rooms

    registry = rooms.Registry(name)
    record = rooms.rollback(registry, reason)
    _print_decision(registry, record, as_json)


def trace(
    model: Annotated[str | None, typer.Argument(help=f"As for show; {CHAMPION} if nothing is given")] = None,
    data: Annotated[str | None, typer.Option(help="Digest of a dataset or split: the versions made from it")] = None,
    name: Name = NAME,
    as_json: Json = False,
) -> None:
    """Follow a version back to its run, commit, params, splits, data and flow run; or data forward to versions."""
    from pipelines.registry import Registry
    from pipelines.registry.trace import trace_version, versions_from

    if model and data:
        raise UserError(f"trace: expected a model or --data, got both ({model}, {data})")
    if data is None:
        registry, version = _resolve(model or CHAMPION)
        _print(trace_version(registry, version), as_json)
        return
    registry = Registry(name)
    traces = [trace_version(registry, version) for version in versions_from(registry, data)]
    if as_json:
        print(json.dumps(traces))
    for one in [] if as_json else traces:
        print(f"{one['model']}  run {one['run']}  commit {one['commit'][:12]}  {' '.join(one['aliases'])}".rstrip())
    if not traces:
        raise CheckError(f"no version of {name} was made from data {data}")


def rebuild(model: Model, as_json: Json = False) -> None:
    """Make a version again from its commit, params and data, and compare; exit code 1 if it is not the same."""
    from pipelines.registry.rebuild import rebuild as make_again

    registry, version = _resolve(model)
    rebuilt = make_again(registry, version)
    _print(dataclasses.asdict(rebuilt), as_json)
    if not (rebuilt.same_weights and rebuilt.same_data):
        what = "weights" if rebuilt.same_data else "data"
        raise CheckError(f"the rebuilt {what} are not those of {model}; measures differ by up to {rebuilt.largest_difference:.6f}")


def _resolve(model: str) -> tuple[Registry, Version]:
    """Find a version, after making alias and record agree: an interrupted promotion must not answer wrongly."""
    from pipelines.registry import Registry, parse_uri, resolve, settle

    settle(Registry(parse_uri(model)[0]))
    return resolve(model)


def _print_decision(registry: Registry, record: Any, as_json: bool) -> None:
    from pipelines.registry.trace import decisions_about

    if as_json:
        last = [one for one in decisions_about(record.champion, record) if one["effect"] == "champion"]
        print(json.dumps({"champion": record.champion, "decision": last[-1] if last else None}))
    else:
        print(f"models:/{registry.name}@champion is now version {record.champion}")


def _print(content: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(content))
        return
    for key, value in content.items():
        if key == "decisions":
            print("decisions:")
            for one in value:
                moved = f"champion {one['from'] or 'none'} → {one['to'] or 'none'}"
                print(f"  {one['when']} {one['who']}: {one['action']} {one['about']} ({moved})")
                print(f"    {one['reason']}")
        elif isinstance(value, dict):
            print(f"{key}:")
            for inner, text in value.items():
                print(f"  {inner}: {_text(text)}")
        else:
            print(f"{key}: {_text(value)}")


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return ", ".join(value) or "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6f}" if isinstance(value, float) else str(value) or "-"


def _score(value: float | None) -> str:
    return "-" if value is None else str(value) if isinstance(value, int) else f"{value:.4f}"


def _table(versions: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table()
    # The scores, and behind them what is counted.
    measures = sorted(versions[-1]["scores"], key=lambda key: isinstance(versions[-1]["scores"][key], int))
    for title in ("version", "aliases", "created", "variant", *measures):
        table.add_column(title, no_wrap=True)
    for one in versions:
        scores = [_score(one["scores"].get(key)) for key in measures]
        table.add_row(one["model"].rpartition("/")[2], ", ".join(one["aliases"]), one["created"], one["variant"], *scores)
    Console(width=160).print(table)
