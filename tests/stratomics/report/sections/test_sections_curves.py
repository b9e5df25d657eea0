"""Sections of the report on curves and uncertainty, from saved tables: what they say, and odd cohorts."""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from places import FROZEN

from models.prediction import Prediction
from omics.common.files import write_json, write_parquet, write_text
from stratomics.evaluation.bound_coverage import bound_table
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.comparison import compare
from stratomics.evaluation.metrics.response_set_coverage import coverage_table, known_groups
from stratomics.report.figures import method_lines, style, svg
from stratomics.report.section import Panel, Section, Table
from stratomics.report.sections.decision_curve import caveats, decision, spans
from stratomics.report.sections.response import calibration as response_calibration
from stratomics.report.sections.survival import calibration as survival_calibration
from stratomics.report.sections.time_auc import time_auc
from stratomics.report.sections.uncertainty import uncertainty
from stratomics.runs.run_directory import RunDirectory

TIMES = np.linspace(0.5, 10, 20)
Change = Callable[[dict[str, Any]], None]


@dataclasses.dataclass
class Saved:
    """What a run leaves behind, of patients with a known risk: ours sees it, the clinic half of it."""

    folder: Path
    n: int = 150
    repeats: int = 2
    draws: int = 100
    seed: int = 0

    def run(self, kind: str, change: Change | None = None) -> RunDirectory:
        """Write it, changed by a function of its arrays: event, time or positive; probability; patients."""
        rng = np.random.default_rng(self.seed)
        logit = rng.normal(size=self.n)
        time, censored = rng.exponential(5 * np.exp(-logit)), rng.uniform(2, 12, self.n)
        chance = 1 / (1 + np.exp(-logit))
        arrays: dict[str, Any] = {
            "event": time < censored,
            "time": np.minimum(time, censored),
            "positive": rng.random(self.n) < chance,
            "linear": {"stratomics": logit, "clinical_": 0.5 * logit + 0.5 * rng.normal(size=self.n)},
            "patients": {
                "site": np.where(np.arange(self.n) % 3 == 0, "<b>Lyon</b>", "Leeds"),
                "view.rna": np.arange(self.n) % 4 > 0,
                "view.$protein$": np.arange(self.n) % 50 > 0,
                "view.dna": np.arange(self.n) != 3,
            },
        }
        if change is not None:
            change(arrays)
        return self._write(kind, arrays, rng)

    def _write(self, kind: str, arrays: dict[str, Any], rng: np.random.Generator) -> RunDirectory:
        ids = np.array([f"p{i:03d}" for i in range(self.n)])
        outcome = (
            {"end.time": arrays["time"], "end.event": arrays["event"]}
            if kind == "survival"
            else {"end": arrays["positive"]}
        )
        self.folder.mkdir()
        write_parquet(
            self.folder / "patients.parquet", pd.DataFrame({"sample_id": ids} | outcome | arrays["patients"])
        )
        clinic = "clinical_cox" if kind == "survival" else "clinical_logistic"
        for name, linear in arrays["linear"].items():
            ours = name == "stratomics"
            parts = [
                self._part(kind, ids, linear + 0.1 * repeat * ours, ours, rng).at(repeat, 0)
                for repeat in range(self.repeats)
            ]
            Prediction.concatenate(parts).save(self.folder if ours else self.folder / "baselines" / clinic)
        write_json(
            self.folder / "provenance.json", {"endpoint": "end", "kind": kind, "unit": "years", "seed": 1}
        )
        write_text(self.folder / "config.yaml", f"evaluation: {{draws: {self.draws}}}\n")
        run = RunDirectory(self.folder)
        metric = "ibs" if kind == "survival" else "log_loss"
        metrics = compare(run.cases, "end", kind, metric, self.draws, 1)
        cases, groups = run.cases["stratomics"], known_groups(run.evaluated)
        table = (bound_table if isinstance(cases, SurvivalCases) else coverage_table)(cases, groups)
        records = table.astype(object).where(table.notna(), None).to_dict("records")
        write_json(self.folder / "metrics.json", metrics | {"coverage": records})
        return RunDirectory(self.folder)

    def _part(
        self, kind: str, ids: np.ndarray, linear: np.ndarray, ours: bool, rng: np.random.Generator
    ) -> Prediction:
        p = 1 / (1 + np.exp(-linear))
        if kind == "survival":
            curves = np.exp(-TIMES * np.exp(linear)[:, None] / 5)
            part = Prediction.of_survival(ids, linear, TIMES, curves, np.ones(len(ids)) if ours else None)
            more = {"survival_bound": np.exp(-linear) / 2}
        else:
            part = Prediction.of_response(ids, "end", p, p * (1 - p) if ours else None)
            both = np.where(p < 0.8, np.where(p > 0.2, "negative|positive", "negative"), "positive")
            more = {"response_set": both, "response_set_marginal": np.where(p > 0.5, "positive", "negative")}
        ood = rng.random(len(ids))
        return (
            part.having(more | {"ood": ood, "abstain": (ood > 0.95) | (rng.random(len(ids)) < 0.1)})
            if ours
            else part
        )


@pytest.fixture
def saved(tmp_path: Path) -> Saved:
    return Saved(tmp_path / "run")


def drawn(section: Section | None) -> tuple[dict[str, Panel], str]:
    """Panels by id, and all that is said; every figure can be drawn, and what comes from files is no formula."""
    assert section is not None
    panels = {block.id: block for block in section.blocks if isinstance(block, Panel)}
    with style():
        pictures = [svg(panel.figure) for panel in panels.values()]
    assert all(picture.startswith("<svg") and "<b>" not in picture for picture in pictures)
    words = [block for block in section.blocks if isinstance(block, str)]
    said = " ".join([*words, *(panel.sentence for panel in panels.values())])
    assert "nan" not in said.lower()
    assert "None" not in said
    return panels, said


def sections(run: RunDirectory) -> dict[str, Section | None]:
    made = {
        "time_auc": time_auc(run),
        "decision": decision(run),
        "uncertainty": uncertainty(run),
        "calibration": survival_calibration(run) or response_calibration(run),
    }
    for section in made.values():
        if section is not None:
            drawn(section)
    return made


def test_the_auc_is_the_saved_one_within_its_band(saved: Saved) -> None:
    run = saved.run("survival")
    panels, said = drawn(time_auc(run))
    table = panels["time-auc"].table
    curve = run.metrics["curves"]["stratomics"]["time_auc"]
    known = dict(zip(curve["x"], curve["y"], strict=True))
    assert [known[t] for t in table["time in years"]] == table["stratomics"].tolist()
    assert (table["stratomics, low"] <= table["stratomics"]).all()
    assert (table["stratomics"] <= table["stratomics, high"]).all()
    for _, row in table.iterrows():
        assert row["events"] == (run.survival.event & (run.survival.time <= row["time in years"])).sum() >= 5
        assert row["at risk"] == (run.survival.time > row["time in years"]).sum()
    # Ours sees the risk, and the clinic half of it.
    assert table["stratomics"].mean() > table["clinical Cox"].mean() > 0.5
    assert f"{len(curve['x']) - len(table)} more of its times" in said
    figure = run.metrics["differences"]["clinical_cox"]["end"]["time_auc"]
    assert f"the difference {figure['estimate']:+.3f} ({figure['low']:+.3f} to {figure['high']:+.3f})" in said


def test_where_the_auc_cannot_be_estimated_it_is_said(saved: Saved) -> None:
    def two_events(arrays: dict[str, Any]) -> None:
        arrays["event"] = np.zeros(150, dtype=bool)
        arrays["event"][np.argsort(arrays["time"])[20:22]] = True

    section = time_auc(saved.run("survival", two_events))
    panels, said = drawn(section)
    assert not panels
    assert "At no time have 5 patients had the event" in said


def test_net_benefit_says_where_ours_is_best(saved: Saved) -> None:
    panels, _ = drawn(decision(saved.run("survival")))
    table, gains = panels["decision"].table, panels["decision-gain"].table
    best = table["stratomics"] > table[["treat all", "treat none"]].max(axis=1) + 1e-12
    best &= table["stratomics"] >= table["clinical Cox"] - 0.001
    assert best.any()
    words = (
        f"the highest net benefit, or one within 0.001 of it, at {best.sum()} of the {len(table)} thresholds"
    )
    assert words in panels["decision"].sentence
    default = "the better of treating all and treating none"
    expected = table["stratomics"] - table[["treat all", "treat none"]].max(axis=1)
    np.testing.assert_allclose(gains[f"minus {default}"], expected)
    np.testing.assert_allclose(gains["minus clinical Cox"], table["stratomics"] - table["clinical Cox"])
    above = (gains[f"{default}, low"] > 1e-12).to_numpy()
    whole = np.array([float(t.rstrip("%")) / 100 for t in gains["threshold"]])
    assert above.any()
    assert f"over {default} lies above 0 at {spans(whole, above)}" in panels["decision-gain"].sentence


def test_a_prediction_that_says_nothing_gains_nothing(saved: Saved) -> None:
    def useless(arrays: dict[str, Any]) -> None:
        arrays["linear"] = {"stratomics": np.zeros(150), "clinical_": np.zeros(150)}

    panels, _ = drawn(decision(saved.run("response", useless)))
    assert panels["decision"].sentence.startswith("At none of the")
    assert "lies above 0 at no threshold" in panels["decision-gain"].sentence


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ([1, 1, 1, 1, 1, 1, 1, 1, 1], "1% to 9%"),
        ([0, 0, 0, 0, 0, 0, 0, 0, 1], "9%"),
        ([1, 0, 1, 0, 1, 1, 0, 0, 1], "1%, 3%, 5% to 6% and 9%"),
        ([1, 0, 1, 0, 1, 0, 1, 0, 1], "5 thresholds between 1% and 9%"),
        ([0] * 9, ""),
    ],
)
def test_thresholds_in_words(where: list[int], words: str) -> None:
    assert spans(np.arange(1, 10) / 100, np.array(where, dtype=bool)) == words


def test_competing_causes_and_late_entry_are_said(saved: Saved) -> None:
    def late(arrays: dict[str, Any]) -> None:
        arrays["patients"] |= {"end.cause": arrays["event"].astype(int), "end.entry": np.zeros(150)}

    run = saved.run("survival", late)
    first, second = caveats(run)
    assert "any cause" in first
    assert "came under observation late" in second
    assert decision(run).blocks[-2:] == [first, second]


def test_coverage_has_small_groups_together_and_all_of_them_behind(saved: Saved) -> None:
    run = saved.run("survival")
    panels, said = drawn(uncertainty(run))
    panel = panels["coverage"]
    assert len(panel.table) == len(run.metrics["coverage"])
    assert panel.table["patients"].str.startswith("views: without").sum() == 4
    labels = [tick.get_text() for tick in panel.figure.axes[0].get_yticklabels()]
    assert labels[-1] == "views: others (3) (n = 4)"
    assert sum(label.startswith("views: ") for label in labels) == 3
    assert "Groups of fewer than 10 patients are drawn together" in said


def test_coverage_of_a_response_is_by_class_and_both_promises_stand_there(saved: Saved) -> None:
    run = saved.run("response")
    panels, said = drawn(uncertainty(run))
    table = panels["coverage"].table.set_index("patients")
    for who in ("positive", "negative"):
        row = table.loc[f"class: {who}"]
        assert row["coverage"] == pytest.approx(run.metrics["end"][f"set_coverage_{who}"]["estimate"])
    marginal = table["coverage of sets that promise it all together"]
    assert marginal["all"] == pytest.approx(run.metrics["end"]["marginal_set_coverage"]["estimate"])
    assert marginal["class: positive"] == pytest.approx(
        run.metrics["end"]["marginal_set_coverage_positive"]["estimate"]
    )
    assert "all together: " in said
    assert "fewer than promised among" in said


@pytest.mark.parametrize("kind", ["survival", "response"])
def test_abstentions_are_counted(saved: Saved, kind: str) -> None:
    run = saved.run(kind)
    section = uncertainty(run)
    _, said = drawn(section)
    assert section is not None
    [table] = [block.table for block in section.blocks if isinstance(block, Table)]
    most = run.predictions["stratomics"].patients.groupby("sample_id")["abstain"].mean() > 0.5
    assert table["abstained"].iloc[0] == most.sum()
    assert f"abstain of {most.sum()} of 150 patients" in said
    by_site = table[table["patients"].str.startswith("site: ")]
    assert by_site["abstained"].sum() == most.sum()
    assert (
        table["because unlike those of training"] + table["because unsure, no more"] == table["abstained"]
    ).all()
    assert ("class: positive" in set(table["patients"])) == (kind == "response")


@pytest.mark.parametrize("kind", ["survival", "response"])
def test_risk_and_coverage_end_at_one_score(saved: Saved, kind: str) -> None:
    table = drawn(uncertainty(saved.run(kind)))[0]["risk-coverage"].table
    ours = [name for name in table if name.startswith(("predicted", "disagreement", "unlikeness"))]
    assert len(ours) == 3
    last = table.iloc[-1]
    assert last[ours].astype(float).to_numpy() == pytest.approx(last["predicted variance"])
    assert (last["share kept"], last["patients kept"]) == (1.0, 150)
    assert table["patients kept"].iloc[0] >= 10
    assert (table["low"] <= table["predicted variance"] + 1e-12).all()


def test_calibration_stands_beside_the_clinic(saved: Saved) -> None:
    panels, said = drawn(survival_calibration(saved.run("survival")))
    rows = panels["calibration"].table["patients"].value_counts()
    assert rows["stratomics, smooth"] == rows["clinical Cox, smooth"] == 50
    assert sum(name.startswith("group ") for name in rows.index) == 3
    assert "clinical Cox calibration slope" in said


def test_calibration_of_a_response_says_slopes(saved: Saved) -> None:
    panels, said = drawn(response_calibration(saved.run("response")))
    groups = panels["calibration"].table["group by prediction"]
    assert (
        groups.str.startswith("clinical logistic, ").sum() == groups.str.startswith("stratomics, ").sum() == 5
    )
    assert "stratomics: calibration slope" in said
    assert "clinical logistic: calibration slope" in said


def one_class_predicted(arrays: dict[str, Any]) -> None:
    arrays["linear"]["stratomics"] = np.full(150, 8.0)


def constant(arrays: dict[str, Any]) -> None:
    arrays["linear"]["stratomics"] = np.full(150, -0.3)


def perfect(arrays: dict[str, Any]) -> None:
    arrays["linear"]["stratomics"] = np.where(arrays["positive"], 4.0, -4.0)


def all_late(arrays: dict[str, Any]) -> None:
    arrays["time"] = np.where(arrays["event"], np.minimum(arrays["time"], 5.0), 12.0)


def events_at_the_end(arrays: dict[str, Any]) -> None:
    arrays["event"] = arrays["time"] >= np.sort(arrays["time"])[-8]


@pytest.mark.parametrize("kind", ["survival", "response"])
@pytest.mark.parametrize("change", [one_class_predicted, constant, perfect, all_late, events_at_the_end])
@pytest.mark.filterwarnings("error")
def test_odd_cohorts_are_told_without_a_hole(saved: Saved, kind: str, change: Change) -> None:
    made = sections(saved.run(kind, change))
    assert (made["time_auc"] is None) == (kind == "response")
    assert made["decision"] is not None
    assert made["uncertainty"] is not None


@pytest.mark.parametrize("kind", ["survival", "response"])
def test_a_cohort_of_twelve(saved: Saved, kind: str) -> None:
    def outcome(arrays: dict[str, Any]) -> None:
        arrays["event"], arrays["positive"] = (np.arange(12) % 2 == 0 for _ in range(2))

    made = sections(dataclasses.replace(saved, n=12).run(kind, outcome))
    assert made["uncertainty"] is not None
    assert "risk-coverage" not in drawn(made["uncertainty"])[0]


def test_an_older_run_says_less(tmp_path: Path) -> None:
    run = RunDirectory(Path(shutil.copytree(FROZEN, tmp_path / "run")))
    made = sections(run)
    assert made["time_auc"] is None
    assert made["uncertainty"] is None
    assert "smooth" not in str(drawn(made["calibration"])[0]["calibration"].table)
    assert set(drawn(made["decision"])[0]) == {"decision", "decision-gain"}


def test_lines_are_told_apart_without_colour() -> None:
    lines = method_lines([f"method{i}" for i in range(12)])
    assert len({(line["color"], str(line["linestyle"])) for line in lines.values()}) == 12
    assert len({str(line["linestyle"]) for line in list(lines.values())[:4]}) == 4


@pytest.mark.slow
def test_a_big_cohort_costs_little(saved: Saved) -> None:
    run = dataclasses.replace(saved, n=500, repeats=5, draws=1000).run("survival")
    start = time.process_time()
    sections(run)
    assert time.process_time() - start < 15  # about 3 s on the slowest machine tried
