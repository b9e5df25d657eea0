"""A frozen run directory of release 0.2.0: later releases read it and compute the same numbers."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from places import FROZEN

from models.prediction import Prediction
from omics.cohort.read import read_cohort
from omics.common.errors import InputError
from omics.common.files import read_json, read_parquet
from stratomics.evaluation.cases import cases_of
from stratomics.evaluation.comparison import compare
from stratomics.fitting.fit import Fitted
from stratomics.report.page import write_report
from stratomics.runs.run_directory import RunDirectory
from stratomics.runs.verify import verify_run


def test_its_metrics_are_computed_again_from_its_tables() -> None:
    run = RunDirectory(FROZEN)
    # That release evaluated calibration at the median time of an event.
    then = [float(np.median(run.survival.time[run.survival.event]))]
    cases = {name: cases_of(p, run.sample_ids, run.outcome, then) for name, p in run.predictions.items()}
    again = compare(cases, run.endpoint, run.kind, "ibs", draws=100, seed=1).to_json()
    assert set(again["survival"]) == set(run.metrics["survival"])
    for metric, estimates in run.metrics["survival"].items():
        assert again["survival"][metric] == pytest.approx(estimates, abs=1e-9), metric
    assert run.metrics["differences"]["clinical_cox"]["survival"]["ibs"] == pytest.approx(
        again["differences"]["clinical_cox"]["survival"]["ibs"], abs=1e-9
    )


def test_its_model_predicts_as_it_did() -> None:
    now = Fitted.load(FROZEN / "model").predict(read_cohort("bundled:tcga_acc"))
    then = Prediction.load(FROZEN.with_name("run_v2_predicted"))
    assert set(now.patients) - set(then.patients) == {
        "abstain_reason",
        *(f"measured_share.{view}" for view in ("cna", "mirna", "mrna", "rppa")),
    }
    pd.testing.assert_frame_equal(now.patients[list(then.patients)], then.patients, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(now.survival["survival"], then.survival["survival"], rtol=1e-4, atol=1e-5)


def test_its_tables_are_read() -> None:
    run = RunDirectory(FROZEN)
    assert run.finished
    assert list(run.predictions) == ["stratomics", "clinical_cox", "wide_deep"]
    assert len(run.patients) == 92
    assert run.resamples.shape == (101, len(run.evaluated))
    # Two members have no inner validation.
    assert run.training_history(None).empty
    assert run.factor_stability is not None
    assert run.factor_stability["factor"].tolist() == ["factor1", "factor2", "factor3"]


def test_it_is_unchanged_but_for_the_code() -> None:
    findings = verify_run(RunDirectory(FROZEN))
    assert {finding.code for finding in findings} <= {"code_changed"}


def test_its_report_can_be_written(tmp_path: Path) -> None:
    copy = RunDirectory(Path(shutil.copytree(FROZEN, tmp_path / "run")))
    assert "Adrenocortical" in write_report(copy).read_text()


def test_an_unknown_schema_version_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    later = tmp_path / "metrics.json"
    later.write_text(json.dumps({**json.loads((FROZEN / "metrics.json").read_text()), "schema_version": 99}))
    with pytest.raises(InputError, match="schema version 99 is unknown"):
        read_json(later)
    table = pa.table({"a": [1]}).replace_schema_metadata({"schema_version": "99"})
    pq.write_table(table, tmp_path / "t.parquet")
    with pytest.raises(InputError, match="schema version 99 is unknown"):
        read_parquet(tmp_path / "t.parquet")


@pytest.mark.parametrize("name", ["metrics.json", "predictions.parquet", "model/network.safetensors"])
def test_a_damaged_file_is_named(tmp_path: Path, name: str) -> None:
    copy = Path(shutil.copytree(FROZEN, tmp_path / "run"))
    (copy / name).write_bytes(b"damaged")
    run = RunDirectory(copy)
    with pytest.raises(InputError, match=Path(name).name):
        _ = run.metrics, dict(run.predictions), Fitted.load(copy / "model")


@pytest.mark.parametrize("name", ["metrics.json", "predictions.parquet", "model/network.safetensors"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    copy = Path(shutil.copytree(FROZEN, tmp_path / "run"))
    (copy / name).unlink()
    run = RunDirectory(copy)
    with pytest.raises(InputError, match="no such file"):
        _ = run.metrics, dict(run.predictions), Fitted.load(copy / "model")
