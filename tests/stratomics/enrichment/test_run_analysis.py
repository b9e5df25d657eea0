"""``stratomics enrich RUN``: rule, trial and result of a run, stored together, and who is eligible by the rule."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from places import FROZEN
from trials import with_arms

from omics.common.errors import InputError
from omics.common.files import read_json, write_json, write_parquet
from omics.common.json_objects import from_json
from stratomics.cli import main
from stratomics.enrichment.design.trial_design import TrialDesign
from stratomics.enrichment.result import EnrichmentResult, RunFindings
from stratomics.enrichment.selection.eligible import with_eligible
from stratomics.enrichment.selection.subgroup import Subgroup
from stratomics.enrichment.store import load_design, load_enrichment
from stratomics.report.text.trial_plan import plan_sentences
from stratomics.runs.run_directory import RunDirectory

FEW = ["--draws", "20"]
STORED = ("subgroup.json", "design.json", "enrichment.json", "explorer.json")


def enriched(run: Path, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    assert (
        main(["enrich", str(run), "--control=a", "--shares=0.4,0.6", "--trials=200", *FEW, *words, "--json"])
        == 0
    )
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def stored_findings(run: Path) -> RunFindings:
    result = load_enrichment(RunDirectory(run))
    assert isinstance(result, EnrichmentResult)
    assert result.run is not None
    return result.run


def test_a_run_gives_a_trial_that_is_stored_with_its_rule(
    write_run: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run = with_arms(write_run())
    answer = enriched(run, capsys, "--plan_for=0.6", "--markers=age", "--accrual=50")
    plan = answer["plan"]
    design = load_design(run / "design.json")
    assert design == from_json(TrialDesign, plan["design"])
    assert design.name == "enrichment"
    assert design.estimand.treatment == "treated against a"
    sources = {one.name: one.source for one in design.assumptions}
    assert sources["hazard ratio inside"] == "as requested, not found in these patients"
    assert sources["candidates"] == "as requested"
    assert "recalibrated out-of-fold curves under the control arm" in sources["hazard of controls inside"]
    # Schoenfeld's events for a hazard ratio of .6, 80% power at .025 one-sided: 4 (1.960 + .842)^2 / log(.6)^2.
    assert design.events[0] == 121
    assert {row["truth"] for row in plan["virtual"]} == {"estimate", "drawn", "halved", "delayed", "null"}
    assert read_json(run / "enrichment.json")["plan"]["design"] == plan["design"]
    assert set(answer["markers"]) == {"age"}
    assert answer["markers"]["age"]["evidence"]["p_adjusted"] >= answer["markers"]["age"]["evidence"]["p"]
    assert not list(run.glob("*.part"))
    # Another rule is refused, with all files that belong to it.
    before = {name: (run / name).read_bytes() for name in STORED}
    assert main(["enrich", str(run), "--control=a", "--shares=0.3", "--trials=200", *FEW]) == 0
    assert "nothing is written" in " ".join(capsys.readouterr().out.split())
    assert before == {name: (run / name).read_bytes() for name in STORED}


def test_nothing_is_stored_if_one_file_cannot_be_written(
    write_run: Callable[..., Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = with_arms(write_run())
    (run / "enrichment.json.part").mkdir()
    assert (
        main(["enrich", str(run), "--control=a", "--shares=0.4", "--plan_for=0.6", "--trials=200", *FEW]) == 2
    )
    assert not any((run / name).exists() for name in STORED)
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.slow
def test_without_a_benefit_no_trial_is_planned_and_an_older_one_is_removed(
    write_run: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run = with_arms(write_run())
    enriched(run, capsys, "--plan_for=0.6")
    answer = enriched(run, capsys, "--plan_for=5")
    assert answer["plan"]["design"] is None
    assert any("no benefit to show" in why for why in answer["plan"]["refused"].values())
    assert not (run / "design.json").exists()
    assert "name the effect that would be worth a trial" in " ".join(
        plan_sentences(stored_findings(run).plan)
    )
    # Here the other patients benefit, so a trial of all comers remains, and a sentence says so.
    enriched(run, capsys, "--plan_for=1.1")
    assert load_design(run / "design.json").name == "all_comers"
    assert "design.json keeps all comers, since enrichment cannot be planned" in plan_sentences(
        stored_findings(run).plan
    )


@pytest.mark.slow
def test_a_response_run_gives_two_proportions(
    write_run: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run = with_arms(write_run(), response=True)
    answer = enriched(run, capsys, "--trials=4000")
    plan, design = answer["plan"], load_design(run / "design.json")
    assert answer["measure"] == "response"
    assert design.events == ()
    assert "two proportions" in design.estimand.summary
    rows = {(row["plan"], row["truth"]): row for row in plan["virtual"]}
    # In virtual trials under the same effect, the size from the formula has the power that was requested.
    for name in ("all_comers", "enrichment"):
        at_estimate, null = rows[name, "estimate"], rows[name, "null"]
        assert abs(at_estimate["rejected"] - 0.8) < 0.03
        assert abs(null["rejected"] - 0.025) < 3 * np.sqrt(0.025 * 0.975 / 4000) + 0.003
        assert rows[name, "halved"]["rejected"] < at_estimate["rejected"]
    assert not any(row["truth"] == "delayed" for row in plan["virtual"])
    assert main(["enrich", str(run), "--control=a", "--shares=0.4,0.6", "--trials=200", *FEW]) == 0
    assert "difference of the response rate" in capsys.readouterr().out


def test_a_trial_that_is_not_randomised_shows_its_overlap(
    write_run: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run = with_arms(write_run())
    arm = {"column": "arm", "control": "a", "treated": None, "randomised": "no"}
    write_json(run / "provenance.json", {"endpoint": "os", "kind": "survival", "unit": "years", "arm": arm})
    assert main(["enrich", str(run), "--shares=0.4,0.6", "--trials=200", *FEW, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["interpretation"].startswith("not randomised")
    assert "almost certain to be in their arm" in answer["overlap"]["sentence"]
    assert "that allocation was random" in answer["evidence_grade"].split("Not shown")[1]


@pytest.mark.slow
def test_every_dose_is_shown_and_all_pooled(
    write_run: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run = with_arms(write_run())
    patients = pd.read_parquet(run / "patients.parquet")
    patients["arm"] = np.where(patients["arm"] == "a", "0", np.where(np.arange(200) % 3, "18", "6"))
    write_parquet(run / "patients.parquet", patients)
    words = ["--control=0", "--treated=18", "--shares=0.5", "--trials=200", *FEW]
    assert main(["enrich", str(run), *words, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [row["arm"] for row in answer["doses"]] == ["18", "6", "18 + 6"]
    first, pooled = answer["doses"][0], answer["doses"][-1]
    assert first["all_patients"]["estimate"] == pytest.approx(answer["rows"][0]["inside"]["estimate"])
    assert first["inside"]["estimate"] == pytest.approx(answer["rows"][1]["inside"]["estimate"])
    assert pooled["n"] == 200
    assert main(["enrich", str(run), *words]) == 0
    assert "18 + 6 pooled, as a sensitivity analysis" in " ".join(capsys.readouterr().out.split())


def test_new_patients_are_eligible_by_the_locked_rule() -> None:
    rule = Subgroup("benefit", 10.0, model="m", missing="score")
    new = pd.DataFrame(
        {"sample_id": list("abcd"), "benefit": [30.0, 10.0, 9.0, np.nan], "benefit_sd": [10.0, 5.0, 1.0, 1.0]}
    )
    result = with_eligible(new, rule, "m")
    assert result["eligible"].tolist() == [True, False, False, False]
    # Share of a normal distribution on the side of the score: 2 sd, 0 sd, 1 sd.
    np.testing.assert_allclose(result["agreement"][:3], [0.97725, 0.5, 0.84134], atol=1e-5)
    assert np.isnan(result["agreement"][3])
    assert "eligible" not in new
    complete = with_eligible(new.assign(complete=[False, True, True, True]), Subgroup("benefit", 10.0))
    assert complete["eligible"].tolist() == [False, False, False, False]
    assert np.isnan(complete["agreement"][0])
    assert "agreement" not in with_eligible(new.drop(columns="benefit_sd"), rule)
    with pytest.raises(InputError, match="locked to the model m"):
        with_eligible(new, rule, "another")
    with pytest.raises(InputError, match="needs 'benefit', which is not predicted"):
        with_eligible(new.rename(columns={"benefit": "risk"}), rule)
    with pytest.raises(InputError, match="do not state who does"):
        with_eligible(new, Subgroup("benefit", 10.0))


def test_a_design_larger_than_any_trial_is_refused(
    write_run: Callable[..., Path], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """If effects nearly cancel, all comers would need millions of patients, and virtual trials would not end."""
    monkeypatch.setattr("stratomics.enrichment.plan.survival_plan.MOST", 250)
    answer = enriched(with_arms(write_run()), capsys, "--plan_for=0.6")
    plan = answer["plan"]
    sizes = {row["design"]: row["patients"] for row in plan["designs"]}
    assert sizes
    assert max(sizes.values()) <= 250
    large = [name for name, why in plan["refused"].items() if "250 are the most" in why]
    assert large
    assert not {row["plan"] for row in plan["virtual"]} & set(large)


def test_the_report_of_one_arm_offers_prognostic_enrichment(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Path(shutil.copytree(FROZEN, tmp_path / "run"))
    assert main(["enrich", str(run)]) == 0
    assert "One arm only" in capsys.readouterr().out
    report = (run / "report.html").read_text()
    assert "One arm only: prognostic enrichment is offered, predictive refused." in report
    assert '<a href="#enrichment">' in report
    assert "The trial that follows" not in report
    assert not (run / "subgroup.json").exists()
