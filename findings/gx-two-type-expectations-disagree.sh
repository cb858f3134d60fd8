#!/usr/bin/env bash
# Great Expectations on pandas 3: a column of text is of type "str" and not of a type in ["str"]
#
# Seen: 2026-11-27 with great-expectations 1.24.1, pandas 3.1.1.
# Expected: ExpectColumnValuesToBeInTypeList with one type agrees with ExpectColumnValuesToBeOfType of it
# Happens: the first fails and the second passes, both observing 'str'
# Hurt: a data contract that names text columns of a manifest by list stops after the move to pandas 3 with the report "expected str,
#   observed str"
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
batch = definition.get_batch({"dataframe": pd.DataFrame({"name": ["a.tif", "b.tif"]})})
seen = {}
for expectation in (gxe.ExpectColumnValuesToBeOfType(column="name", type_="str"), gxe.ExpectColumnValuesToBeInTypeList(column="name", type_list=["str"])):
    result = batch.validate(expectation)
    seen[type(expectation).__name__] = result.success
    print(f"{type(expectation).__name__}: success {result.success}, observed {result.result['observed_value']!r}")
sys.exit([*seen.values()] != [True, False])
PYTHON
