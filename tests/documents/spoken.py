"""Finds the commands that README.md, the pages below docs/ and the comments of the files beside them tell a reader to run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FILES = sorted(
    path for path in (ROOT / "docs").rglob("*") if path.suffix in {".yaml", ".yml", ".env", ".config"} or path.name == "Dockerfile"
)
_FENCE = re.compile(r"^ *```(\w*)")
_SPAN = re.compile(r"`([^`\n]+)`")
_ASSIGNMENT = re.compile(r"^[A-Za-z_][A-Za-z0-9_]*=")
_OPERATORS = {"&&", "||", "|", ";"}
_SHELL = {"", "sh", "bash", "shell", "console"}


@dataclass(frozen=True)
class Command:
    """One program with its arguments, without variables set before it, and where it stands."""

    where: str
    words: tuple[str, ...]
    in_prose: bool = False

    def __str__(self) -> str:
        return f"{self.where}: {shlex.join(self.words)}"


def commands() -> Iterator[Command]:
    """Give every command of every page and file."""
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        for line in _blocks(text):
            yield from _split(path, line)
        for span in _SPAN.findall(text):
            yield from _split(path, span, in_prose=True)
    for path in FILES:
        for line in re.findall(r"^ *# *(.+)$", path.read_text(encoding="utf-8"), re.MULTILINE):
            # A comment may begin with a sentence.
            for part in re.split(r"[.:] +", line):
                yield from _split(path, part)
        if path.suffix == ".yaml":
            for tree in YAML(typ="safe", pure=True).load_all(path.read_text(encoding="utf-8")):
                for command in _of_containers(tree):
                    yield Command(str(path.relative_to(ROOT)), command)


def _of_containers(tree: Any) -> Iterator[tuple[str, ...]]:
    """Give the commands that compose and Kubernetes files have containers run."""
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ():
        if key == "command":
            yield tuple(shlex.split(value) if isinstance(value, str) else value)
        yield from _of_containers(value)


def _blocks(text: str) -> Iterator[str]:
    """Give the lines of code blocks, indented ones and those of a shell's fences, with their continuations joined."""
    language: str | None = None
    for line in text.replace("\\\n", " ").splitlines():
        if fence := _FENCE.match(line):
            language = fence[1] if language is None else None
        elif language is not None:
            if language in _SHELL:
                yield line.removeprefix("$ ")
        elif line.startswith("    "):
            yield line.strip()


def _split(path: Path, line: str, in_prose: bool = False) -> Iterator[Command]:
    try:
        lexer = shlex.shlex(line, posix=True, punctuation_chars="&|;")
        lexer.whitespace_split, lexer.commenters = True, "#"
        words = list(lexer)
    except ValueError:  # prose with an apostrophe
        return
    command: list[str] = []
    for word in (*words, ";"):
        if word in _OPERATORS:
            if command:
                yield Command(str(path.relative_to(ROOT)), tuple(command), in_prose)
            command = []
        elif command or not _ASSIGNMENT.match(word):
            command.append(word)
