"""The report's sections on the cohort, on who differs and on sample size: counts, sentences, odd cohorts, markup."""

from __future__ import annotations

import re
import shutil
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from places import FROZEN
from written_run import people, written

from omics.common.files import read_parquet, write_json, write_parquet
from stratomics.enrichment.effects.cross_fitted import chosen_within_folds
from stratomics.report.figures import style, svg
from stratomics.report.page import write_report
from stratomics.report.run_groups import groups
from stratomics.report.section import Panel, Section, Table
from stratomics.report.sections import SECTIONS
from stratomics.report.sections.cohort import cohort
from stratomics.report.sections.follow_up import followed
from stratomics.report.sections.missingness import missing
from stratomics.report.sections.patient_flow import draw_flow, flow, steps_of
from stratomics.report.sections.sample_size import candidates, learners_of, sample_size
from stratomics.report.sections.subgroup_performance import differs
from stratomics.report.sections.view_overlap import SHOWN, draw_upset, patterns_of, views_shown
from stratomics.runs.run_directory import RunDirectory


def words(section: Section | None) -> str:
    """All that a section says, figures drawn on the way."""
    assert section is not None
    said: list[str] = []
    with style():
        for block in section.blocks:
            if isinstance(block, Panel):
                assert svg(block.figure).endswith("</svg>\n")
                assert len(block.table)
                said.append(block.sentence)
            elif isinstance(block, Table):
                said.append(block.caption + block.table.to_csv())
            else:
                said.append(block if isinstance(block, str) else "\n".join(block))
    return "\n".join(said)


def test_the_sections_stand_where_they_are_read() -> None:
    names = list(SECTIONS)
    order = ["cohort", "performance", "sample_size", "factors", "differs", "enrichment"]
    assert [name for name in names if name in order] == order


# Flow of patients.


def test_nobody_leaves_the_flow_without_a_word(tmp_path: Path) -> None:
    patients = people(60)
    patients.loc[:6, "survival.time"] = np.nan
    patients.loc[:6, "survival.event"] = pd.NA
    patients["arm"] = ["a", "b", None] * 20
    run = written(tmp_path / "run", patients)
    steps = steps_of(run)
    assert [step.n for step in steps] == [60, 53, 53, 53, 53]
    for before, after in pairwise(steps):
        assert before.n == after.n + after.out
        assert after.why or not after.out
    assert steps[2].arms == {"a": 17, "b": 18, "not recorded": 18}
    assert sum(steps[2].arms.values()) == 53
    panel = flow(run)
    assert "7 without the endpoint survival: they taught the models nothing of it" in panel.sentence
    assert panel.table.set_index("who").loc["left aside, without the endpoint survival", "patients"] == 7


def test_who_is_not_predicted_is_said(tmp_path: Path) -> None:
    patients = people(30)
    run = written(tmp_path / "run", patients, predicted=list(patients["sample_id"][2:]))
    assert [step.n for step in steps_of(run)] == [30, 30, 28, 28]
    assert "2 not predicted: they cannot be evaluated" in flow(run).sentence


@pytest.mark.parametrize(
    ("design", "more", "first", "out", "sentence"),
    [
        ("kfold", {}, 20, 0, "Of 20 patients of made_up, 20 are predicted"),
        ("leave_site_out", {}, 20, 0, "Of 20 patients of made_up, 20 are predicted"),
        (
            "part",
            {"patients": {"trained": 70, "evaluated": 20}, "evaluated_on": "made_up"},
            70,
            50,
            "50 of the training part: they trained the models and are not evaluated",
        ),
        (
            "external",
            {"patients": {"trained": 70, "evaluated": 20}, "evaluated_on": "Turin"},
            90,
            70,
            "Of 90 patients of made_up and Turin, 20 are predicted",
        ),
    ],
)
def test_the_flow_of_every_design(
    design: str, more: dict[str, object], first: int, out: int, sentence: str, tmp_path: Path
) -> None:
    run = written(tmp_path / "run", people(20), design=design, more=more)
    steps = steps_of(run)
    assert steps[0].n == first
    assert steps[1].out == out
    assert steps[-1].n == 20
    assert sentence in flow(run).sentence
    # The outcomes of those who trained are not among the tables of a run that evaluated others.
    section = words(sample_size(run))
    assert ("not kept" in section) == (design in {"part", "external"})
    assert learners_of(run).n == {"part": 50, "external": 70}.get(design, 20)


def test_many_arms_share_a_box(tmp_path: Path) -> None:
    patients = people(60).assign(arm=[f"dose {min(i // 5, 9)}" for i in range(60)])
    arms = steps_of(written(tmp_path / "run", patients))[2].arms
    assert len(arms) == 5
    assert arms["6 other arms"] == 60 - sum(n for arm, n in arms.items() if arm != "6 other arms")
    with style():
        assert "6 other" in svg(draw_flow(steps_of(written(tmp_path / "run", patients))))


# Views.


def test_patterns_of_nine_views_are_all_counted(tmp_path: Path) -> None:
    patients = people(300, views=9, seed=4)
    patterns = patterns_of(patients)
    views = [c for c in patients.columns if c.startswith("view.")]
    counted: dict[tuple[bool, ...], int] = {}
    for row in patients[views].itertuples(index=False, name=None):
        counted[row] = counted.get(row, 0) + 1
    ours = {tuple(row[:-1]): row[-1] for row in patterns.itertuples(index=False, name=None)}
    assert ours == counted
    assert patterns["patients"].is_monotonic_decreasing
    panel = views_shown(written(tmp_path / "run", patients))
    assert panel is not None
    rest = patterns["patients"][SHOWN:].sum()
    assert f"the other {len(patterns) - SHOWN} are of {rest} patients" in panel.sentence
    assert panel.table["patients"].sum() == 300


@pytest.mark.parametrize(
    ("seen", "said"), [([True] * 20, "20 of 20"), ([False] * 3 + [True] * 17, "17 of 20")]
)
def test_one_view(seen: list[bool], said: str, tmp_path: Path) -> None:
    panel = views_shown(written(tmp_path / "run", people(20, views=0).assign(**{"view.rna": seen})))
    assert panel is not None
    assert f"{said} patients have the one view, rna, and {20 - sum(seen)} have none" in panel.sentence


def test_no_view_has_no_plot(tmp_path: Path) -> None:
    run = written(tmp_path / "run", people(20, views=0))
    assert views_shown(run) is None
    assert missing(run) == []
    assert "20 patients" in words(cohort(run))


def test_a_long_name_is_cut_and_a_dollar_stays() -> None:
    table = pd.DataFrame({"view.$x$ " + "long " * 30: [True, False], "view.b": [True, True]})
    with style():
        drawn = svg(draw_upset(patterns_of(table)))
    assert "$x$" in drawn
    assert "long " * 20 not in drawn


# What is missing, and follow-up.


def test_absence_that_tells_the_outcome_is_said(tmp_path: Path) -> None:
    patients = people(120, seed=1)
    dies = patients["survival.time"].rank() < 40
    patients["view.v0"] = ~dies.to_numpy()
    patients["survival.event"] = pd.array(np.ones(120, dtype=bool), dtype="boolean")
    sentences = missing(written(tmp_path / "run", patients))[1]
    assert isinstance(sentences, list)
    assert re.search(
        r"Without the view v0, the event comes earlier \(hazard ratio \d+\.\d\d, p .* after Holm",
        sentences[0],
    )


def test_nothing_missing_is_one_sentence(tmp_path: Path) -> None:
    patients = people(30, "response", views=0).assign(**{"view.rna": True, "covariate.age": 50.0})
    blocks = missing(written(tmp_path / "run", patients, kind="response"))
    assert blocks == ["Nothing is missing: every patient has every view and every covariate."]


def test_few_who_lack_it_are_not_asked(tmp_path: Path) -> None:
    patients = people(30, views=0).assign(**{"view.rna": np.arange(30) > 2, "arm": ["a", "b"] * 15})
    table, sentences = missing(written(tmp_path / "run", patients))
    assert isinstance(table, Table)
    assert table.table["p, endpoint"].tolist() == ["not asked"]
    assert table.table["p, arm"].tolist() == ["not asked"]
    assert "cannot be asked" in sentences[0]


def test_follow_up_of_both_kinds(tmp_path: Path) -> None:
    panel = followed(written(tmp_path / "a", people(80, seed=2)))
    assert isinstance(panel, Panel)
    assert re.match(r"Median follow-up is \d+ months \(95% interval \d+ to \d+\)", panel.sentence)
    assert panel.table["at risk"].tolist()[0] == 80
    assert panel.table["events so far"].is_monotonic_increasing
    patients = people(40, "response")
    patients.loc[:9, "response"] = pd.NA
    said = followed(written(tmp_path / "b", patients, kind="response"))
    positive = int(patients["response"].sum())
    assert isinstance(said, str)
    assert f"known of 30 of 40 patients (75%) and positive in {positive} of them" in said


# Who differs.


def test_a_cohort_of_which_nothing_is_known_says_so(tmp_path: Path) -> None:
    said = words(differs(written(tmp_path / "run", people(40))))
    for words_ in ("No sex is recorded", "No age is recorded", "No site is declared"):
        assert words_ in said


def test_one_site_cannot_be_compared(tmp_path: Path) -> None:
    said = words(differs(written(tmp_path / "run", people(40).assign(site="Lyon"))))
    assert "All patients are of one site" in said
    assert "no two groups are large enough to be compared" in said


@pytest.mark.parametrize("kind", ["survival", "response"])
def test_groups_hold_everybody_evaluated_once(kind: str, tmp_path: Path) -> None:
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
    found = groups(run)
    assert list(found.tests["by"]) == ["sex", "age", "site", "arm"]
    sums = found.rows.groupby("by")[["n", "events"]].sum()
    assert (sums["n"] == n).all()
    events = run.outcome.label.sum()
    assert (sums["events"] == events).all()
    cases = run.cases["stratomics"]
    score = cases.risk if kind == "survival" else cases.probability  # type: ignore[union-attr]
    chosen = chosen_within_folds(score, cases.fold, 1 / 3)[0]
    row = found.rows[(found.rows["by"] == "site") & (found.rows["level"] == "b")].iloc[0]
    assert row["selected"] == pytest.approx(chosen[(patients["site"] == "b").to_numpy()].mean())
    said = words(differs(run))
    assert said.count("after Holm for 4 comparisons") == 4
    assert "too few to say" in said.lower()


def test_a_site_that_is_a_fold_is_not_said_to_be_selected(tmp_path: Path) -> None:
    patients = people(60).assign(site=np.array(["a", "b", "c"])[np.arange(60) % 3])
    run = written(tmp_path / "run", patients, design="leave_site_out")
    assert groups(run).rows["selected"].isna().all()


def test_selection_is_that_of_the_enrichment(tmp_path: Path) -> None:
    patients = people(80).assign(site=["x", "y"] * 40, arm=[0, 0, 1, 1] * 20)
    run = written(tmp_path / "run", patients)
    content = {
        "groups": {
            "site": {"x": {"n": 40, "eligible": 0.25, "abstain": 0.0}, "y": {"n": 40, "eligible": 0.5}}
        }
    }
    write_json(run.path / "enrichment.json", content)
    rows = groups(run).rows.set_index(["by", "level"])
    assert rows.loc[("site", "x"), "selected"] == 0.25
    assert rows.loc[("site", "y"), "selected"] == 0.5
    assert rows.loc["arm", "selected"].isna().all()
    assert "chosen by the rule of enrichment" in words(differs(run))


# Sample size.


def test_events_per_parameter_are_counted(tmp_path: Path) -> None:
    patients = people(60, "response").assign(
        **{"covariate.age": 1.0, "covariate.stage": (["I", "II", "III"] * 20), "covariate.one": "same"}
    )
    run = written(tmp_path / "run", patients, kind="response")
    # Age, and two columns of three stages.
    assert candidates(run) == {
        "covariates": 3,
        "covariates and factors": 6,
        "covariates, factors and components of views": 10,
    }
    positive = int(patients["response"].sum())
    learners = learners_of(run)
    assert (learners.n, learners.informing) == (60, min(positive, 60 - positive))
    said = words(sample_size(run))
    assert f"60 patients with {learners.informing} patients of the rarer class" in said
    assert "(3 parameters) would ask for" in said


@pytest.mark.parametrize("kind", ["survival", "response"])
def test_one_class_has_no_sample_size(kind: str, tmp_path: Path) -> None:
    patients = people(20, kind)
    column = "survival.event" if kind == "survival" else "response"
    patients[column] = pd.array(np.zeros(20, dtype=bool), dtype="boolean")
    assert sample_size(written(tmp_path / "run", patients, kind=kind)) is None


def test_no_covariates_ask_for_nobody(tmp_path: Path) -> None:
    assert "There are no covariates" in words(sample_size(written(tmp_path / "run", people(60))))


# The page.


def test_markup_and_dollars_from_files_are_harmless(tmp_path: Path) -> None:
    """A patient called <script>, and names that are markup or formulas, in every table and figure."""
    folder = Path(shutil.copytree(FROZEN, tmp_path / "run"))
    bad = "<script>alert(1)</script>"
    patients = read_parquet(folder / "patients.parquet")
    first = patients["sample_id"][0]
    for path in [*folder.glob("*.parquet"), *folder.glob("baselines/*/*.parquet")]:
        table = read_parquet(path)
        if "sample_id" in table:
            write_parquet(path, table.assign(sample_id=table["sample_id"].replace(first, bad)))
    patients["sample_id"] = patients["sample_id"].replace(first, bad)
    patients["site"] = np.where(np.arange(len(patients)) % 2, "<b>$y$</b>", "Leeds")
    patients["arm"] = np.where(np.arange(len(patients)) % 3 == 0, "<i>1</i>", "$2$")
    patients["view.<script>$x$"] = np.arange(len(patients)) % 4 > 0
    patients["covariate.$z$<script>"] = np.where(np.arange(len(patients)) % 5 == 0, np.nan, 1.0)
    write_parquet(folder / "patients.parquet", patients)
    page = write_report(RunDirectory(folder)).read_text()
    for raw in (bad, "<script>", "<b>$y$", "<i>1</i>"):
        assert raw not in page
    for shown in ("&lt;script&gt;$x$", "&lt;b&gt;$y$&lt;/b&gt;", "&lt;i&gt;1&lt;/i&gt;"):
        assert shown in page
    assert len(page) < 6_000_000


def test_a_run_of_the_first_release_still_has_its_sections() -> None:
    run = RunDirectory(FROZEN)
    assert "92 patients of tcga_acc" in words(cohort(run))
    assert words(differs(run))
    assert words(sample_size(run))
