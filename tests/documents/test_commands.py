"""Every command of the documents is one that its program takes: read by the program's own parser, and not run."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

import pytest
from spoken import ROOT, Command, commands

Words = Sequence[str]


def _by_click(command: Any, words: Words) -> None:
    """Read a click or typer command's arguments down to the last subcommand; typer has brought a click of its own."""
    context = command.make_context(command.name, list(words))
    with context:
        if hasattr(command, "resolve_command"):
            # Where click keeps the subcommand's own name until version 9.
            _, child, rest = command.resolve_command(context, [*getattr(context, "_protected_args", ()), *context.args])
            assert child is not None
            _by_click(child, rest)


def _tsernet(words: Words) -> None:
    import typer

    from pipelines.cli import build_app

    _by_click(typer.main.get_command(build_app()), words)


def _mlflow(words: Words) -> None:
    from mlflow.cli import cli

    _by_click(cli, words)


def _dvc(words: Words) -> None:
    from dvc.cli import parse_args

    parse_args(list(words))


def _prefect(words: Words) -> None:
    from prefect.cli._app import _app  # `app` itself only runs

    _app.parse_args([word for word in words if word not in ("--no-prompt", "--prompt")], exit_on_error=False, print_error=False)


def _make(words: Words) -> None:
    rules = re.findall(r"^([a-z][a-z ]*):(?!=)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    targets = {target for line in rules for target in line.split()}
    assert {word for word in words if "=" not in word} <= targets, f"expected some of {sorted(targets)}"


def _python(words: Words) -> None:
    assert words[0] == "-m"
    assert find_spec(words[1]), words[1]
    if words[1] == "uvicorn":
        from uvicorn.main import main

        _by_click(main, words[2:])


def _torchrun(words: Words) -> None:
    from torch.distributed.run import get_args_parser

    options = get_args_parser().parse_args(list(words))
    assert not options.module or find_spec(options.training_script), options.training_script


PARSERS: dict[str, Callable[[Words], None]] = {
    "tsernet": _tsernet,
    "mlflow": _mlflow,
    "dvc": _dvc,
    "prefect": _prefect,
    "make": _make,
    "python": _python,
    "torchrun": _torchrun,
}
# A word for something that the reader puts in, and the command's name alone, say nothing that a parser could refuse.
_OPEN = {"…", "..."}


def _spoken(program: str) -> list[Command]:
    found = {(command.words, command.in_prose): command for command in commands() if command.words[0].rpartition("/")[2] == program}
    return [command for (words, _), command in found.items() if len(words) > 1 and words[-1] not in _OPEN]


def _put_in(word: str) -> str:
    """Put a value in for a name in capitals: a number, which is also a name."""
    return "1" if word in {"N", "DEGREES", "SECONDS"} else word


def _more(program: str, command: Command) -> list[str]:
    """Let prose name a command without all that it needs."""
    return ["--help"] if command.in_prose and program in ("tsernet", "mlflow") else []


@pytest.mark.parametrize("program", PARSERS)
def test_the_program_takes_what_the_documents_tell_it(program: str, capsys: pytest.CaptureFixture[str]) -> None:
    spoken, wrong = _spoken(program), []
    for command in spoken:
        try:
            PARSERS[program]([*(_put_in(word) for word in command.words[1:]), *_more(program, command)])
        except SystemExit:  # argparse has printed what it refuses
            wrong.append(f"{command}: {' '.join(capsys.readouterr().err.split())[-200:]}")
        except Exception as error:  # each parser has errors of its own
            if getattr(error, "exit_code", 1):  # 0: it would have shown its help
                wrong.append(f"{command}: {error or type(error).__name__}")
    assert spoken, f"no document speaks of {program}"
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "command", ["tsernet up --slotz 2", "tsernet model list", "mlflow server --hosts x", "dvc repro --alll", "prefect deploy --al"]
)
def test_a_wrong_one_would_be_found(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    program, *words = command.split()
    with pytest.raises(Exception, match=r"(?i)no such|unknown|unrecognized|parser error"):
        PARSERS[program](words)
