"""The files that the documents bring along, each read by a tool that knows its format, as far as that goes without the service."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from spoken import FILES, PAGES, ROOT
from sqlalchemy import make_url

from tsernet.config import Params, parse_params

COMPOSE, DOCKERFILES, MANIFESTS = (
    sorted((ROOT / "docs").rglob(pattern)) for pattern in ("*compose*.yaml", "Dockerfile", "kubernetes/*.yaml")
)
# Of others, as their makers publish them.
_PUBLIC_IMAGES = {"postgres:17", "minio/minio"}
_DATABASE = re.compile(r"postgres(?:ql)?(?:\+\w+)?://[^\s'\"`]+")


def _load(path: Path) -> Any:
    return list(YAML(typ="safe", pure=True).load_all(path.read_text(encoding="utf-8")))


def _settings() -> list[Any]:
    """Find the blocks of the pages that are parts of params.yaml, each with its page."""
    sections = {field.alias or name for name, field in Params.model_fields.items()}
    found = []
    for page in PAGES:
        for block in re.findall(r"(?:^    .*\n)+", page.read_text(encoding="utf-8"), re.MULTILINE):
            try:
                tree = YAML(typ="safe", pure=True).load(block)
            except YAMLError:  # commands, or Python
                continue
            if isinstance(tree, dict) and set(tree) <= sections:
                found.append(pytest.param(tree, id=f"{page.name}: {', '.join(tree)}"))
    return found


def _merge(tree: dict[str, Any], changes: dict[str, Any]) -> None:
    for key, value in changes.items():
        if isinstance(value, dict):
            _merge(tree[key], value)
        else:
            tree[key] = value


@pytest.mark.parametrize("changes", _settings())
def test_params_take_the_settings_of_the_pages(changes: dict[str, Any]) -> None:
    (tree,) = _load(ROOT / "presets/demo.yaml")
    _merge(tree, changes)
    parse_params(tree, "the page")


def test_every_kind_of_file_is_there() -> None:
    assert COMPOSE
    assert DOCKERFILES
    assert MANIFESTS
    assert len(_settings()) >= 2


@pytest.mark.parametrize("path", [path for path in (*PAGES, *FILES) if _DATABASE.search(path.read_text(encoding="utf-8"))], ids=str)
def test_the_driver_of_every_database_address_is_installed(path: Path) -> None:
    for address in _DATABASE.findall(path.read_text(encoding="utf-8")):
        # What SQLAlchemy does before it connects.
        make_url(re.sub(r"\$\{\w+\}", "x", address)).get_dialect().import_dbapi()


@pytest.mark.parametrize("path", COMPOSE, ids=str)
def test_compose_files_keep_the_schema_and_every_image_is_built_or_published(path: Path) -> None:
    done = CliRunner().invoke(check_jsonschema, ["--builtin-schema", "vendor.compose-spec", str(path)])
    assert done.exit_code == 0, done.output
    for name, service in _load(path)[0]["services"].items():
        if "build" in service:
            context = (path.parent / service["build"]["context"]).resolve()
            assert context == ROOT
            assert context / service["build"]["dockerfile"] in DOCKERFILES
        else:
            assert service["image"] in _PUBLIC_IMAGES, f"{name}: nothing builds the image {service['image']}"
        for source in (volume.split(":")[0] for volume in service.get("volumes", []) if volume.startswith("./") and volume.endswith(":ro")):
            assert (path.parent / source).is_file(), f"{name}: {source}"


@pytest.mark.parametrize("path", DOCKERFILES, ids=str)
def test_dockerfiles_satisfy_hadolint_and_copy_what_is_there(path: Path) -> None:
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent))
    assert hadolint
    done = subprocess.run([hadolint, "--no-color", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    copied = [source for line in re.findall(r"^COPY (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE) for source in line.split()[:-1]]
    assert copied
    assert [source for source in copied if not (ROOT / source).exists()] == []


@pytest.mark.parametrize("path", MANIFESTS, ids=str)
def test_kubernetes_takes_the_manifests(path: Path) -> None:
    for manifest in _load(path):
        if "resources" in manifest and "kind" not in manifest:  # a kustomization, which kubectl reads and no cluster
            assert [name for name in manifest["resources"] if not (path.parent / name).is_file()] == []
        else:
            kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)
