"""ROC and precision-recall curves of a run of a response."""

from __future__ import annotations

from pathlib import Path

from saved_run import SavedRun
from section_text import panels_and_text

from stratomics.report.sections.response_curves import discrimination


def test_both_methods_have_curves_and_saved_estimates(tmp_path: Path) -> None:
    run = SavedRun(tmp_path / "run").run("response")
    panels, text = panels_and_text(discrimination(run))
    table = panels["response-curves"].table
    assert set(table["method"]) == {"stratomics", "clinical logistic"}
    for _, curve in table.groupby("method"):
        assert (curve[["1 - specificity", "sensitivity"]].diff().dropna() >= 0).all().all()
        assert curve[["1 - specificity", "sensitivity"]].iloc[-1].tolist() == [1.0, 1.0]
    assert f"stratomics: AUROC {run.metrics['end']['auroc']['estimate']:.3f}" in text


def test_survival_has_none(tmp_path: Path) -> None:
    assert discrimination(SavedRun(tmp_path / "run").run("survival")) is None


def test_one_class_has_none(tmp_path: Path) -> None:
    from written_run import people, written

    patients = people(30, "response").assign(response=True)
    assert discrimination(written(tmp_path / "run", patients, kind="response")) is None
