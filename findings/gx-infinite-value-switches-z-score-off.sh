#!/usr/bin/env bash
# One infinite value makes Great Expectations' z-score expectation pass for everything
#
# Seen: 2026-11-27 with great-expectations 1.24.1, pandas 3.1.1.
# Expected: an infinite value fails "z-score less than 3", and an outlier beside it still does
# Happens: mean and deviation become inf and nan, every z-score is nan, and nan counts as expected: success with 0 unexpected values
# Hurt: statistics of frames with a division by zero in one of them: the outlier check is silent on exactly that batch
# Exits 1 if the behaviour is no longer the one stated.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check great-expectations==1.24.1 pandas==3.1.1
cd "$folder"
export PYTHONWARNINGS=ignore GX_ANALYTICS_ENABLED=false
"$folder/venv/bin/python" - <<'PYTHON'
import logging
import sys

import great_expectations as gx
import great_expectations.expectations as gxe
import pandas as pd

logging.disable(logging.CRITICAL)
context = gx.get_context(mode="ephemeral")
context.variables.progress_bars = {"globally": False}
definition = context.data_sources.add_pandas("p").add_dataframe_asset("a").add_batch_definition_whole_dataframe("b")
usual = [0.1, 0.12] * 20
seen = {}
for name, values in (("outlier", [*usual, 50.0]), ("outlier and inf", [*usual, 50.0, float("inf")])):
    batch = definition.get_batch({"dataframe": pd.DataFrame({"contrast": values})})
    result = batch.validate(gxe.ExpectColumnValueZScoresToBeLessThan(column="contrast", threshold=3, double_sided=True))
    seen[name] = result.success, result.result["unexpected_count"]
    print(f"{name}: success {result.success}, unexpected values {result.result['unexpected_count']}")
sys.exit(seen != {"outlier": (False, 1), "outlier and inf": (True, 0)})
PYTHON
