"""Pages of the site that are generated at build time: the command line from Typer, params.yaml from its models and its comments."""

from __future__ import annotations

import re
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from mkdocs.structure.files import File, Files
from pydantic import BaseModel

ROOT = Path(__file__).parents[1]


def on_files(files: Files, config: Any) -> Files:
    """Add the generated pages."""
    for name, text in (("reference/cli.md", cli_page()), ("reference/params.md", params_page())):
        files.append(File.generated(config, name, content=text))
    return files


def cli_page() -> str:
    """Describe every command with its arguments and options."""
    from pipelines.cli import build_app

    parts = ["# The tsernet command\n\nGenerated from the commands themselves; `tsernet COMMAND --help` says the same.\n"]
    command = typer.main.get_command(build_app())
    for path, one in _commands(command, "tsernet"):
        arguments = [str(parameter.name).upper() for parameter in one.params if parameter.param_type_name == "argument"]
        usage = " ".join([path, "[OPTIONS]", *arguments])
        parts.append(f"## {path}\n\n{_prose(one.help or '')}\n\n```text\n{usage}\n```\n")
        rows = [_parameter(parameter) for parameter in one.params if parameter.name != "help"]
        if rows:
            parts.append("| parameter | default | meaning |\n| --- | --- | --- |\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def params_page() -> str:
    """Describe params.yaml key by key: type and bounds from the models, the meaning from the comments of presets/demo.yaml."""
    from tsernet.config import Params

    comments = _comments((ROOT / "presets/demo.yaml").read_text(encoding="utf-8"))
    head = (
        "# params.yaml\n\nGenerated from the models that validate the file, and from the comments in `presets/demo.yaml`."
        " An unknown key or a value out of its bounds is one line before anything runs. `tsernet preset NAME` writes a complete file.\n"
    )
    return head + "".join(_section(Params, "", comments))


def _commands(command: Any, path: str) -> Iterator[tuple[str, Any]]:
    if hasattr(command, "commands"):
        for name, one in sorted(command.commands.items()):
            yield from _commands(one, f"{path} {name}")
    else:
        yield path, command


def _parameter(parameter: Any) -> str:
    meaning = _cell(parameter.help or "")
    if parameter.param_type_name == "argument":
        return f"| `{str(parameter.name).upper()}` | | {meaning} |"
    default = parameter.default
    shown = "" if default is None or default is False or callable(default) else f"`{default}`"
    return f"| `{', '.join(parameter.opts)}` | {shown} | {meaning} |"


def _section(model: type[BaseModel], prefix: str, comments: dict[str, str]) -> Iterator[str]:
    rows, inner = [], []
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        nested = _model_of(field.annotation)
        if nested is not None and _is_section(field.annotation):
            inner.append((key, nested))
            continue
        default = "" if field.is_required() else f"`{_plain(field.default)}`"
        rows.append(f"| `{key}` | {_cell(_type(field))} | {default} | {_cell(comments.get(key, ''))} |")
    if prefix:
        yield f"\n## {prefix.rstrip('.')}\n\n{_prose(model.__doc__ or '')}\n"
    if rows:
        yield "\n| key | type and bounds | default | meaning |\n| --- | --- | --- | --- |\n" + "\n".join(rows) + "\n"
    for key, nested in inner:
        yield from _section(nested, f"{key}.", comments)


def _plain(value: Any) -> Any:
    return value.model_dump() if isinstance(value, BaseModel) else value


def _is_section(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _model_of(annotation: Any) -> type[BaseModel] | None:
    return annotation if _is_section(annotation) else None


def _type(field: Any) -> str:
    bounds = [f"{sign} {getattr(one, name)}" for one in field.metadata for name, sign in _SIGNS if getattr(one, name, None) is not None]
    return _type_name(field.annotation) + (f", {', '.join(bounds)}" if bounds else "")


_SIGNS = (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"), ("multiple_of", "multiple of"), ("min_length", "length ≥"))


def _type_name(annotation: Any) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return " | ".join(f"`{one}`" for one in arguments)
    if origin is typing.Annotated:
        return _type_name(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return " | ".join(_type_name(one) for one in arguments)
    if origin in (list, dict, tuple):
        return f"{origin.__name__} of {', '.join(_type_name(one) for one in arguments)}"
    return getattr(annotation, "__name__", str(annotation))


def _comments(text: str) -> dict[str, str]:
    """Read the comment behind each key of a YAML file of two-space indentation."""
    found: dict[str, str] = {}
    path: list[str] = []
    for line in text.splitlines():
        match = re.match(r"^( *)([A-Za-z_]+):(?:[^#]|(?<=\S)#)*(?:\s#\s*(.*))?$", line)
        if match:
            depth = len(match[1]) // 2
            path = [*path[:depth], match[2]]
            found[".".join(path)] = match[3] or ""
    return found


def _prose(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
