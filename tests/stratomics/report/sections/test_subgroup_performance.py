"""Performance in subgroups: run_groups are complete, and selection is that of the enrichment rule."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from section_text import section_text
from trials import enrichment_result
from written_run import people, written

from omics.common.files import write_json
from omics.common.json_objects import to_json
from stratomics.enrichment.effects.cross_fitted import chosen_within_folds
from stratomics.enrichment.selection.subgroup import SelectionRate
from stratomics.report.run_groups import run_groups
from stratomics.report.sections.subgroup_performance import subgroup_performance


def test_unrecorded_groups_are_named(tmp_path: Path) -> None:
    text = section_text(subgroup_performance(written(tmp_path / "run", people(40))))
    for sentence in ("No sex is recorded", "No age is recorded", "No site is declared"):
        assert sentence in text


def test_one_site_cannot_be_compared(tmp_path: Path) -> None:
    text = section_text(subgroup_performance(written(tmp_path / "run", people(40).assign(site="Lyon"))))
    assert "All patients are from one site" in text
    assert "there are no two groups large enough to be compared" in text


@pytest.mark.parametrize("kind", ["survival", "response"])
def test_groups_contain_every_evaluated_patient_once(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    n = 120
    patients = people(n, kind).assign(
        **{
            "site": rng.choice(["a", "b", "c"], n),
            "arm": rng.choice([0, 1], n),
            "covariate.female": rng.choice([0.0, 1.0, np.nan], n, p=[0.5, 0.45, 0.05]),
            "covariate.age": rng.normal(60, 9, n),
        }
    )
    run = written(tmp_path / "run", patients, kind=kind)
    result = run_groups(run)
    assert list(result.tests["by"]) == ["sex", "age", "site", "arm"]
    sums = result.rows.groupby("by")[["n", "events"]].sum()
    assert (sums["n"] == n).all()
    events = run.outcome.label.sum()
    assert (sums["events"] == events).all()
    cases = run.cases["stratomics"]
    score = cases.risk if kind == "survival" else cases.probability  # type: ignore[union-attr]
    chosen = chosen_within_folds(score, cases.fold, 1 / 3)[0]
    row = result.rows[(result.rows["by"] == "site") & (result.rows["level"] == "b")].iloc[0]
    assert row["selected"] == pytest.approx(chosen[(patients["site"] == "b").to_numpy()].mean())
    text = section_text(subgroup_performance(run))
    assert text.count("after Holm adjustment for 4 comparisons") == 4
    assert "too few" in text.lower()


def test_sites_that_are_folds_have_no_selected_share(tmp_path: Path) -> None:
    patients = people(60).assign(site=np.array(["a", "b", "c"])[np.arange(60) % 3])
    run = written(tmp_path / "run", patients, design="leave_site_out")
    assert run_groups(run).rows["selected"].isna().all()


def test_a_new_site_is_predicted_from_sites_that_were_left_out(tmp_path: Path) -> None:
    patients = people(150).assign(site=np.array(["a", "b", "c"])[np.arange(150) % 3])
    run = written(tmp_path / "left_out", patients, design="leave_site_out")
    text = section_text(subgroup_performance(run))
    assert "Over 3 sites of this cohort" in text
    assert "in a new site it lies between" in text
    assert "may be worse" not in text
    folds = written(tmp_path / "folds", patients)
    assert "new site" not in section_text(subgroup_performance(folds))


def test_selection_follows_the_enrichment_rule(tmp_path: Path) -> None:
    patients = people(80).assign(site=["x", "y"] * 40, arm=[0, 0, 1, 1] * 20)
    run = written(tmp_path / "run", patients)
    groups = {"site": {"x": SelectionRate(40, 0.25), "y": SelectionRate(40, 0.5)}}
    write_json(run.path / "enrichment.json", to_json(enrichment_result(groups=groups)))
    rows = run_groups(run).rows.set_index(["by", "level"])
    assert rows.loc[("site", "x"), "selected"] == 0.25
    assert rows.loc[("site", "y"), "selected"] == 0.5
    assert rows.loc["arm", "selected"].isna().all()
    assert "selected by the enrichment rule" in section_text(subgroup_performance(run))
