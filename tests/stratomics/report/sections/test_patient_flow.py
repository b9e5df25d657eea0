"""Flow of patients: every exclusion is counted and has a reason."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from section_text import section_text
from written_run import people, written

from stratomics.report.figures.style import style, svg
from stratomics.report.section import Panel
from stratomics.report.sections.patient_flow import draw_flow, flow_steps, patient_flow
from stratomics.report.sections.sample_size import sample_size, training_size


def test_every_exclusion_has_a_reason(tmp_path: Path) -> None:
    patients = people(60)
    patients.loc[:6, "survival.time"] = np.nan
    patients.loc[:6, "survival.event"] = pd.NA
    patients["arm"] = ["a", "b", None] * 20
    run = written(tmp_path / "run", patients)
    steps = flow_steps(run)
    assert [step.n for step in steps] == [60, 53, 53, 53, 53]
    for before, after in pairwise(steps):
        assert before.n == after.n + after.out
        assert after.why or not after.out
    assert steps[2].arms == {"a": 17, "b": 18, "not recorded": 18}
    assert sum(steps[2].arms.values()) == 53
    panel = patient_flow(run)
    assert isinstance(panel, Panel)
    assert (
        "7 without the endpoint survival: not used to train its models, predicted, but not evaluated"
        in panel.sentence
    )
    assert panel.table.set_index("step").loc["excluded, without the endpoint survival", "patients"] == 7


def test_patients_without_predictions_are_counted(tmp_path: Path) -> None:
    patients = people(30)
    run = written(tmp_path / "run", patients, predicted=list(patients["sample_id"][2:]))
    assert [step.n for step in flow_steps(run)] == [30, 30, 28, 28]
    panel = patient_flow(run)
    assert isinstance(panel, Panel)
    assert "2 without predictions: cannot be evaluated" in panel.sentence


@pytest.mark.parametrize(
    ("design", "more", "first", "out", "sentence"),
    [
        ("kfold", {}, 20, 0, "Of 20 patients of made_up, 20 are evaluated"),
        ("leave_site_out", {}, 20, 0, "Of 20 patients of made_up, 20 are evaluated"),
        (
            "part",
            {"patients": {"trained": 70, "evaluated": 20}, "evaluated_on": "made_up"},
            70,
            50,
            "50 in the training part: used to train the models, not evaluated",
        ),
        (
            "external",
            {"patients": {"trained": 70, "evaluated": 20}, "evaluated_on": "Turin"},
            90,
            70,
            "Of 90 patients of made_up and Turin, 20 are evaluated",
        ),
    ],
)
def test_the_flow_of_every_design(
    design: str, more: dict[str, object], first: int, out: int, sentence: str, tmp_path: Path
) -> None:
    run = written(tmp_path / "run", people(20), design=design, more=more)
    steps = flow_steps(run)
    assert steps[0].n == first
    assert steps[1].out == out
    assert steps[-1].n == 20
    shown = patient_flow(run)
    # A flow in which no patient is lost is a sentence.
    assert isinstance(shown, str) == (out == 0)
    assert sentence in (shown if isinstance(shown, str) else shown.sentence)
    # A run that evaluates other patients does not store the outcomes of the training patients.
    text = section_text(sample_size(run))
    assert ("not stored" in text) == (design in {"part", "external"})
    assert training_size(run).n == {"part": 50, "external": 70}.get(design, 20)


def test_small_arms_share_a_box(tmp_path: Path) -> None:
    patients = people(60).assign(arm=[f"dose {min(i // 5, 9)}" for i in range(60)])
    arms = flow_steps(written(tmp_path / "run", patients))[2].arms
    assert len(arms) == 5
    assert arms["6 other arms"] == 60 - sum(n for arm, n in arms.items() if arm != "6 other arms")
    with style():
        assert "6 other" in svg(draw_flow(flow_steps(written(tmp_path / "run", patients))))
