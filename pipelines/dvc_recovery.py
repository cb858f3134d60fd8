"""What DVC itself can leave behind when it is killed: it writes two of its files in place, and refuses to work with half of one."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path
from typing import Any

_LOCK, _BUSY = Path("dvc.lock"), Path(".dvc/tmp/rwlock")
_PATIENCE_SECONDS = 1.0


def cut_off_files(repository: Path) -> dict[Path, str]:
    """Find the files that DVC was killed while writing.

    Nothing is lost with them: without dvc.lock the next `dvc repro` takes from its run cache what has run already.

    Args:
        repository: Its root.
    Returns:
        For each such file the line that mends it; empty where all are whole.
    """
    found = _look(repository)
    if found:  # a DVC that lives is done with its writing in a moment
        time.sleep(_PATIENCE_SECONDS)
        found = _look(repository)
    return found


def _look(repository: Path) -> dict[Path, str]:
    found = {}
    if not _is_json(repository / _BUSY):
        found[_BUSY] = f"rm {_BUSY}"
    if not _is_lock(repository / _LOCK):
        tracked = subprocess.run(["git", "ls-files", "--error-unmatch", str(_LOCK)], cwd=repository, capture_output=True).returncode == 0
        found[_LOCK] = f"git checkout {_LOCK}" if tracked else f"rm {_LOCK}"
    return found


def _is_json(path: Path) -> bool:
    try:
        json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return True
    except ValueError:
        return False
    return True


def _is_lock(path: Path) -> bool:
    """Hold the file against what DVC asks of it: a schema, and for every stage its command."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        content: Any = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return True
    except (YAMLError, ValueError):
        return False
    if not isinstance(content, dict) or "schema" not in content:
        return False
    stages = content.get("stages", {})
    return isinstance(stages, dict) and all(isinstance(stage, dict) and "cmd" in stage for stage in stages.values())
