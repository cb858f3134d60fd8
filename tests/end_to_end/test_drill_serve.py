"""`tsernet serve` under load: no request fails, a promotion loses none, memory stays, and SIGKILL leaves a whole log."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import numpy as np
import psutil
import pytest
from servers import TLS, ended, wait_for
from standin import ROOT
from steel import png_of, steel

pytestmark = pytest.mark.drill
CLIENTS, SECONDS, KILLS = 8, 60.0, 20
SMALL = png_of(steel(200, 200))
LARGE = png_of(steel(1024, 4096))


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """Start the command in a folder; gives the process and its address."""
    printed = folder / "printed.txt"
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW", "TSERNET_SERVE"))}
    command = [sys.executable, "-m", "pipelines.cli", "serve", "--port", "0", *options]
    with printed.open("wb") as out, (folder / "told.txt").open("ab") as told:
        environment |= {"PYTHONPATH": str(ROOT)}
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=out, stderr=told, start_new_session=True)
    with ended(process):
        wait_for(lambda: printed.read_text().startswith("http") or process.poll() is not None, 60, "the address")
        assert process.poll() is None, (folder / "told.txt").read_text()
        yield process, printed.read_text().strip()


def ask(client: httpx.Client, content: bytes, name: str = "a.png") -> httpx.Response:
    """Send one image."""
    return client.post("/v1/inspect", files={"images": (name, content)})


def load(address: str, seconds: float, large_every: int) -> tuple[Counter[int], list[float], Counter[str]]:
    """Send images by all clients at once: statuses, seconds each, and who answered."""
    statuses, taken, versions, until = Counter[int](), list[float](), Counter[str](), time.monotonic() + seconds

    def send(number: int) -> None:
        with httpx.Client(base_url=address, timeout=120, verify=TLS, trust_env=False) as client:
            count = number
            while time.monotonic() < until:
                count += 1
                content = LARGE if large_every and count % large_every == 0 else SMALL
                started = time.monotonic()
                answer = ask(client, content)
                statuses[answer.status_code] += 1
                taken.append(time.monotonic() - started)
                versions[answer.json().get("model", {}).get("name", "")] += 1

    with ThreadPoolExecutor(CLIENTS) as threads:
        list(threads.map(send, range(CLIENTS)))
    return statuses, taken, versions


def alone(seconds: float, large_every: int) -> tuple[float, float]:
    """Give images a second, and CPU seconds an image, of the same mix without a service: decoding, map and defects on all cores."""
    from pipelines.serving.inspecting import Wanted, inspect_image
    from pipelines.serving.limits import Limits
    from pipelines.serving.loaded import Usage
    from pipelines.serving.loaded import load as open_model
    from pipelines.serving.reading import Upload

    model = open_model("shipped", Usage())
    started, computed = time.monotonic(), time.process_time()

    def work(number: int) -> int:
        done = number
        while time.monotonic() < started + seconds:
            done += 1
            content = LARGE if large_every and done % large_every == 0 else SMALL
            inspect_image(Upload("a.png", content), model, Wanted(), Limits())
        return done - number

    with ThreadPoolExecutor(model.callers) as threads:
        done = sum(threads.map(work, range(model.callers)))
    return done / (time.monotonic() - started), (time.process_time() - computed) / done


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("large_every", [0, 10])
def test_eight_clients_lose_no_request_and_wait_for_little_but_the_network(tmp_path: Path, large_every: int) -> None:
    base, cost = alone(30, large_every)
    with serving(tmp_path, "--model", "shipped") as (process, address):
        load(address, 5, large_every)
        started, computed = time.monotonic(), sum(psutil.Process(process.pid).cpu_times()[:2])
        statuses, taken, _ = load(address, SECONDS, large_every)
        rate = len(taken) / (time.monotonic() - started)
        served = (sum(psutil.Process(process.pid).cpu_times()[:2]) - computed) / len(taken)
    p50, p95 = np.percentile(taken, [50, 95])
    print(f"\n1 large in {large_every}: {rate:.2f} images/s, alone {base:.2f}; p50 {p50:.3f} s, p95 {p95:.3f} s; {dict(statuses)}")
    print(f"CPU an image: {served:.3f} s, alone {cost:.3f} s")
    assert set(statuses) == {200}
    assert rate >= 0.8 * base


@pytest.mark.timeout(1800)
def test_memory_stays_from_request_500_to_5000(tmp_path: Path) -> None:
    with serving(tmp_path, "--model", "shipped") as (process, address):
        held, served = {}, 0
        while served < 5000:
            statuses, _, _ = load(address, 5, 100)
            assert set(statuses) == {200}
            served += sum(statuses.values())
            held[served] = psutil.Process(process.pid).memory_info().rss / 2**20
    early = next(value for count, value in held.items() if count >= 500)
    last = held[served]
    print(f"\nmemory: {early:.0f} MiB after 500 requests, {last:.0f} MiB after {served}; most {max(held.values()):.0f} MiB")
    assert last <= 1.05 * early


@pytest.mark.timeout(1800)
def test_a_promotion_and_a_rollback_under_load_lose_no_request(tmp_path: Path, empty_database: Path) -> None:
    from pipelines.registry import Registry
    from tsernet.digests import sha256_of
    from tsernet.shipped import shipped_model

    shutil.copyfile(empty_database, tmp_path / "mlflow.db")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path / 'mlflow.db'}")
        registry = Registry()
        registry.ensure()
        for number in ("1", "2"):
            (tmp_path / number / "artifacts").mkdir(parents=True)
            shutil.copyfile(shipped_model(), tmp_path / number / "artifacts/model.safetensors")
            tags = {"tsernet.weights_sha256": sha256_of(shipped_model()), "tsernet.identity": number}
            registry.client.create_model_version("tsernet", (tmp_path / number).as_uri(), tags=tags)
        registry.set_alias("champion", "1")
        with serving(tmp_path, "--model", "models:/tsernet@champion") as (_, address):
            wait_for(lambda: httpx.get(f"{address}/v1/models", verify=TLS).json()["champion"], 60, "the first version")
            found: list[tuple[Counter[int], list[float], Counter[str]]] = []
            clients = threading.Thread(target=lambda: found.append(load(address, 30, 0)))
            clients.start()
            for number in ("2", "1"):
                time.sleep(4)
                registry.set_alias("champion", number)
                started = time.monotonic()
                name = f"models:/tsernet/{number}"
                wait_for(lambda name=name: httpx.get(f"{address}/v1/models", verify=TLS).json()["champion"]["name"] == name, 30, name)
                print(f"\n{name} answers after {time.monotonic() - started:.1f} s")
                assert time.monotonic() - started <= 10
            clients.join()
    (statuses, _, versions), *_ = found
    print(f"{dict(statuses)} {dict(versions)}")
    assert set(statuses) == {200}
    assert set(versions) == {"models:/tsernet/1", "models:/tsernet/2"}


@pytest.mark.timeout(1800)
def test_twenty_kills_under_load_leave_a_whole_log_without_what_was_answered_missing(tmp_path: Path) -> None:
    answered, sent, chance = set[str](), Counter[int](), random.Random(0)
    small = png_of(steel(96, 96))
    for kill in range(KILLS):
        with serving(tmp_path, "--model", "shipped", "--log", "log") as (process, address):

            def send(number: int, kill: int = kill, address: str = address) -> None:
                with httpx.Client(base_url=address, timeout=30, verify=TLS, trust_env=False) as client:
                    for count in range(100_000):
                        name = f"{kill}-{number}-{count}.png"
                        sent[kill] += 1
                        try:
                            assert ask(client, small, name).status_code == 200
                        except httpx.HTTPError:  # killed: this one was in flight
                            return
                        answered.add(name)

            with ThreadPoolExecutor(CLIENTS) as threads:
                for number in range(CLIENTS):
                    threads.submit(send, number)
                time.sleep(chance.uniform(0.3, 2.0))
                process.kill()
    logged = set()
    files = sorted((tmp_path / "log").glob("*.sqlite"))
    assert files
    for path in files:
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            logged |= {name for (name,) in database.execute("SELECT name FROM inspections")}
    print(f"\n{KILLS} kills: {sum(sent.values())} sent, {len(answered)} answered, {len(logged)} logged, {len(answered - logged)} lost")
    assert answered <= logged
    assert len(logged - answered) <= KILLS * CLIENTS
