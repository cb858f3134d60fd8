"""A drill of some ten minutes: a strip of 134 million 16-bit pixels, inspected in little memory, killed in the middle and gone on with."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import tifffile

pytestmark = [pytest.mark.drill, pytest.mark.timeout(3600)]
HEIGHT, WIDTH = 8192, 16384
MOST_BYTES = 1.5e9


@pytest.fixture
def strip(tmp_path: Path) -> Path:
    """Even steel of 16 bits with a scratch of 6,000 pixels down its middle."""
    path = tmp_path / "strip.tif"
    rng = np.random.default_rng(0)
    pixels = np.empty((HEIGHT, WIDTH), dtype=np.uint16)
    for top in range(0, HEIGHT, 256):
        pixels[top : top + 256] = rng.normal(28000, 700, (256, WIDTH)).clip(0, 65535)
    pixels[1024:7024, 8000:8008] += 25000
    tifffile.imwrite(path, pixels, rowsperstrip=256, compression="zlib", compressionargs={"level": 1})
    return path


def _start(strip: Path, out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "pipelines.cli", "inspect", str(strip), "--out", str(out), "--model", "shipped", "--levels", "0,65535"]
    return subprocess.Popen(command, start_new_session=True, cwd=Path(__file__).parents[2])


def _bands(out: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mtime_ns for path in out.glob(".inspect/*/band-*.npz")}


def test_a_strip_of_134_million_pixels(strip: Path, tmp_path: Path) -> None:
    out, most = tmp_path / "out", 0
    process = _start(strip, out)
    while len(_bands(out)) < 6:
        assert process.poll() is None
        most = max(most, psutil.Process(process.pid).memory_info().rss)
        time.sleep(0.2)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept, begin = _bands(out), time.monotonic()
    process = _start(strip, out)
    while process.poll() is None:
        # What was there before the kill is not made again.
        now = _bands(out)
        assert all(now[name] == kept[name] for name in kept.keys() & now.keys())
        try:
            most = max(most, psutil.Process(process.pid).memory_info().rss)
        except psutil.NoSuchProcess:
            break
        time.sleep(0.2)
    print(f"peak {most / 1e6:.0f} MB; the rest took {time.monotonic() - begin:.0f} s after {len(kept)} bands")
    assert process.wait() == 3
    assert most < MOST_BYTES
    with (out / "defects.csv").open(newline="") as lines:
        found = list(csv.DictReader(lines))
    longest = max(found, key=lambda one: float(one["length"]))
    assert float(longest["length"]) == pytest.approx(6000, rel=0.03)
    assert int(longest["left"]) == pytest.approx(8000, abs=12)
