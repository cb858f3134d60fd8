"""A registered version over many images on several processes: Dask and Spark, each on a local cluster.

Spark's needs Java and pyspark (4.3.0), which no extra brings.
TSERNET_MANY (1000): images of the smaller run; the larger has ten times as many.
"""

from __future__ import annotations

import base64
import hashlib
import io
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.drill
MANY = int(os.environ.get("TSERNET_MANY", "1000"))
_GROWTH = 1.25
"""What an image may cost more among ten times as many; a machine that others use varies by as much."""


@pytest.fixture(scope="module")
def version(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A registered version of the shipped weights, as the registry stores it."""
    from pipelines.registry.export import export_model
    from tsernet.digests import sha256_of
    from tsernet.model_files import read_tensors
    from tsernet.protocol import protocol_of
    from tsernet.shipped import shipped_model

    weights = shipped_model()
    protocol = protocol_of(read_tensors(weights)[1]).metadata() | {"protocol": "strip"}
    config = {
        "weights_sha256": sha256_of(weights),
        "batch_size": 4,
        "resize": 160,
        "stretch": False,
        "runtime": "auto",
        "protocol": protocol,
    }
    folder = tmp_path_factory.mktemp("version") / "model"
    export_model(folder, weights, {}, config, np.zeros((1, 64, 64), np.uint8))
    return str(folder)


def _image(number: int) -> bytes:
    """An image of its own for each number, PNG."""
    generator = np.random.default_rng(number)
    pixels = generator.normal(120, 8, (80, 80))
    pixels[20 + number % 40 :][:5, 10:70] += 60
    stream = io.BytesIO()
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def _digests(maps: Sequence[str]) -> list[str]:
    return [hashlib.sha256(base64.b64decode(one)).hexdigest() for one in maps]


def predict_partition(uri: str, numbers: Sequence[int]) -> list[str]:
    """What a worker does with its part: the model is loaded once a process."""
    import mlflow
    import pandas as pd

    if uri not in _LOADED:
        _LOADED[uri] = mlflow.pyfunc.load_model(uri, suppress_warnings=True)
    return _digests(_LOADED[uri].predict(pd.DataFrame({"image": [_image(number) for number in numbers]})))


_LOADED: dict[str, Any] = {}


@pytest.fixture(scope="module")
def expected(version: str) -> list[str]:
    """What one process gives for the first of them."""
    return predict_partition(version, range(min(MANY, 200)))


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    distributed = pytest.importorskip("distributed")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    here = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None, "local_directory": str(tmp_path)}
    with distributed.LocalCluster(**here) as cluster, distributed.Client(cluster) as client:
        yield client


def _timed(work: Callable[[], list[str]]) -> tuple[list[str], float]:
    begun = time.perf_counter()
    return work(), time.perf_counter() - begun


def test_a_dask_bag_gives_one_processs_maps_at_a_constant_cost_and_loses_none_with_a_worker(
    cluster: Any, version: str, expected: list[str]
) -> None:
    import dask.bag

    def work(count: int) -> list[str]:
        numbers = dask.bag.from_sequence(range(count), partition_size=25)
        found: list[str] = numbers.map_partitions(lambda part: predict_partition(version, list(part))).compute()
        return found

    work(50)  # each worker loads the model
    few, short = _timed(lambda: work(MANY))
    assert few[: len(expected)] == expected
    many, long = _timed(lambda: work(10 * MANY))
    assert many[:MANY] == few
    print(f"dask: {MANY} images {short:.1f} s, {10 * MANY} images {long:.1f} s: {long / short:.2f} times")
    assert long <= 10 * _GROWTH * short

    victim = next(iter(cluster.run(os.getpid).values()))
    killer = threading.Timer(short / 3, os.kill, (victim, 9))
    killer.start()
    assert work(MANY) == few
    killer.join()
    assert victim not in cluster.run(os.getpid).values()


@pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas", "ignore::ResourceWarning")
def test_a_spark_udf_gives_one_processs_maps_at_a_constant_cost_and_loses_none_with_a_worker(
    version: str, expected: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sql = pytest.importorskip("pyspark.sql")
    import mlflow

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # MLflow leaves its copy of the model there
    for key, value in {"PYSPARK_PYTHON": sys.executable, "OMP_NUM_THREADS": "1", "SPARK_LOCAL_IP": "127.0.0.1"}.items():
        monkeypatch.setenv(key, value)
    # Two at once; a task is tried four times, as on a real cluster.
    builder = sql.SparkSession.builder.master("local[2,4]").config("spark.ui.enabled", "false")
    spark = builder.config("spark.sql.execution.arrow.maxRecordsPerBatch", "100").getOrCreate()
    try:
        predict = mlflow.pyfunc.spark_udf(spark, version, result_type="string", env_manager="local")

        def work(count: int, mark: Path | None = None) -> list[str]:
            def die_once(parts: Any) -> Any:
                """Kill the first process that has computed a part, before it hands that over."""
                for part in parts:
                    if mark and not mark.exists():
                        mark.touch()
                        os.kill(os.getpid(), 9)
                    yield part

            rows = spark.createDataFrame([(number, bytearray(_image(number))) for number in range(count)], "number int, image binary")
            found = (
                rows.repartition(8)
                .withColumn("map", predict("image"))
                .select("number", "map")
                .mapInPandas(die_once, "number int, map string")
            )
            return _digests([row["map"] for row in sorted(found.collect())])

        work(50)
        few, short = _timed(lambda: work(MANY))
        assert few[: len(expected)] == expected
        _, long = _timed(lambda: work(10 * MANY))
        print(f"spark: {MANY} images {short:.1f} s, {10 * MANY} images {long:.1f} s: {long / short:.2f} times")
        assert long <= 10 * _GROWTH * short

        mark = tmp_path / "killed"
        assert work(MANY, mark) == few
        assert mark.exists()
    finally:
        spark.stop()
