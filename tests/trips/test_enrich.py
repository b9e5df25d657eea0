"""From cohort to trial design: a simulated trial whose truth is known, and a real one whose evidence is weak."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
import yaml
from small import UNRECORDED
from trials import Find

from omics.common.files import read_json
from stratomics.cli import main
from stratomics.runtime.logs import quiet_libraries

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

ROOT = Path(__file__).parents[2]


def demo_words() -> list[str]:
    """The command of the Makefile that writes the cohort of the demo."""
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    [line] = [line for line in makefile.splitlines() if "/stratomics simulate" in line]
    return shlex.split(
        line.replace("$(BIN)/stratomics", "").replace("$(TRIAL)", "runs/simulated_trial_cohort")
    )


def test_the_demo_compares_the_findings_with_the_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    quiet_libraries()
    monkeypatch.chdir(tmp_path)
    assert main(demo_words()) == 0
    config = ROOT / "configs" / "experiment" / "simulated_trial.yaml"
    assert yaml.safe_load(config.read_text())["cohort"] == capsys.readouterr().out.splitlines()[-1]
    # Baselines and controls have their own tests.
    assert main(["run", str(config), "--workers=1", "--baselines=[]", "--controls=[]", UNRECORDED[-1]]) == 0
    run = Path(capsys.readouterr().out.splitlines()[-1])
    assert main(["enrich", str(run), "--trials=200", "--draws=200"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    answer, report = read_json(run / "enrichment.json"), (run / "report.html").read_text()
    truth, search = answer["truth"], answer["search"]
    assert truth["correlation"] > 0.7
    # The chosen patients do benefit more, and the corrected interval includes their true effect.
    assert truth["inside"] < truth["all_patients"] < truth["outside"]
    assert search["out_of_bag"]["low"] < truth["inside"] < search["out_of_bag"]["high"]
    assert answer["interaction"]["p"] < 0.05
    assert answer["utility"]
    for piece in (
        "These patients are simulated",
        '<section id="enrichment">',
        "adaptive enrichment",
        "If there is no effect, ",
    ):
        assert piece in report
    assert "simulated cohort: predicted benefit and true benefit" in shown
    assert {"subgroup.json", "design.json", "enrichment.json"} <= {path.name for path in run.iterdir()}


def test_race_is_enriched_and_the_evidence_is_called_weak(
    shared: Find, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cohort = shared("cohorts/race_septic_shock")
    quiet_libraries()
    monkeypatch.chdir(tmp_path)
    words = [
        "--split.folds=3",
        "--split.repeats=2",
        "--split.inner_folds=3",
        "--evaluation.draws=100",
        "--controls=[]",
        "--workers=1",
        UNRECORDED[-1],
    ]
    assert main(["run", "--cohort", str(cohort), *words, "--baselines=[clinical_cox]"]) == 0
    run = Path(capsys.readouterr().out.splitlines()[-1])
    assert main(["enrich", str(run), "--plan_for=0.6", "--trials=200", "--draws=100"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    answer, report = read_json(run / "enrichment.json"), " ".join((run / "report.html").read_text().split())
    # 18 g against 0 first: 105 and 75 patients, hazard ratio .838 (lifelines 0.30, Efron's ties).
    assert (answer["arms"], answer["patients"], answer["treated"]) == ("18 against 0", 180, 105)
    assert answer["rows"][0]["inside"]["estimate"] == pytest.approx(0.838, abs=0.0005)
    assert [row["arm"] for row in answer["doses"]] == ["6", "12", "18", "6 + 12 + 18"]
    assert [row["n"] for row in answer["doses"]] == [110, 107, 180, 247]
    for sentence in (
        "allocation changed with the outcomes",
        "drift over time cannot be separated from treatment without dates of enrolment",
        "evidence for this subgroup is weak",
        "6 + 12 + 18 pooled, as a sensitivity analysis",
        "it does not confirm it",
        "67 patients are excluded: they are in other arms, or the endpoint is missing",
        "exploratory",
    ):
        assert sentence in shown
        # In the report a sentence begins with a capital letter.
        assert sentence.removeprefix("evidence").lower() in report.lower()
    assert "since dates of enrolment are not in the run" in report
