"""A search for groups in MLflow: figures, description and files, without data of single patients if asked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from grouped_cohort import analysed, grouped_cohort

from stratomics.config import TrackingConfig
from stratomics.report.subtypes_page import write_groups_page
from stratomics.tracking.mlflow_store import DESCRIPTION
from stratomics.tracking.record_subtypes import SUBTYPES, record_subtypes


@pytest.mark.slow
@pytest.mark.parametrize("patient_data", [True, False])
def test_a_search_is_recorded(patient_data: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import mlflow

    # MLflow writes artifacts of a new store into the current folder.
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "groups"
    folder.mkdir()
    analysis = analysed(grouped_cohort())
    analysis.save(folder)
    write_groups_page(folder, analysis.stored)
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    record_subtypes(folder, analysis.stored, TrackingConfig(uri=uri, patient_data=patient_data))
    client = mlflow.MlflowClient(uri)
    (run,) = client.search_runs([client.get_experiment_by_name("stratomics").experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.metrics["groups/learned"] == 2
    assert run.data.metrics["groups/survival/loss_ibs"] == pytest.approx(
        analysis.stored.findings.outcomes[0].losses[1].loss["estimate"]
    )
    assert run.data.tags[SUBTYPES] == "groups"
    assert run.data.tags[DESCRIPTION].startswith("Gradients, no groups")
    files = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert files == {"subtypes.json"} | ({"report.html"} if patient_data else set())


@pytest.mark.slow
def test_a_store_that_fails_is_a_warning(tmp_path: Path, caplog: Any) -> None:
    stored = analysed(grouped_cohort()).stored
    record_subtypes(tmp_path, stored, TrackingConfig(uri="sqlite:////dev/null/store.db"))
    assert "could not record" in caplog.text
