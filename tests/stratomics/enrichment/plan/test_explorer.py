"""The table behind the explorer: the numbers of the plan at its start, one size per position, safe in a page."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from trials import with_arms

import stratomics.report.sections.explorer as report
from models.survival.kaplan_meier import kaplan_meier
from omics.common.files import read_json, write_json
from omics.common.json_objects import from_json
from stratomics.cli import main
from stratomics.enrichment.design.assay import Assay
from stratomics.enrichment.design.two_samples import proportions_size
from stratomics.enrichment.effects.effect import Z
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.plan.explorer_table import ExplorerTable
from stratomics.enrichment.selection.utility import utility_of
from stratomics.report.sections.explorer_texts import shown_at
from stratomics.runs.run_directory import RunDirectory

TEMPLATES = Path(report.__file__).parents[1] / "templates"
WORDS = ["--control=a", "--shares=0.4,0.6", "--trials=100", "--draws=20"]


def explored(run: Path, *words: str) -> tuple[dict[str, Any], dict[str, Any]]:
    assert main(["enrich", str(run), *WORDS, *words]) == 0
    return read_json(run / "explorer.json"), read_json(run / "enrichment.json")


def at(table: dict[str, Any], key: str, place: dict[str, int], who: str = "enriched") -> Any:
    names = ("threshold", "prevalence", "sensitivity", "specificity")[: 4 if who == "enriched" else 2]
    found = table[who][key]
    for name in names:
        found = found[place[name]]
    return found


@pytest.mark.parametrize("response", [False, True])
def test_the_start_is_the_plan(write_run: Callable[..., Path], response: bool) -> None:
    run = with_arms(write_run(), response)
    words = ["--costs=500,20000", "--sensitivity=0.85", "--specificity=0.97", "--accrual=40"]
    table, answer = explored(run, *words)
    assert "explorer" not in answer
    start, designs = table["start"], {row["design"]: row for row in answer["plan"]["designs"]}
    assert designs
    for design, who in (("enrichment", "enriched"), ("all_comers", "all_comers")):
        size, planned = at(table, "size", start, who), designs.get(design)
        if planned is None:
            assert size is None
            continue
        assert size[:3] == [planned["events"], planned["patients"], planned["tested"]]
        assert size[3] == round(planned["duration"], table["digits"]["duration"] or None)
        assert at(table, "cost", start, who)[start["screening"]] == round(planned["cost"])
    chosen = table["cuts"][start["threshold"]]
    planned_for = answer["plan"]["effects"]["inside"]
    assert chosen["planned"] == [
        round(planned_for[key], table["digits"]["effect"]) for key in ("estimate", "low", "high")
    ]
    wide = answer["search"]["at_once"]
    if answer["measure"] == "hazard_ratio":
        assert chosen["at_once"] == [round(wide[key], table["digits"]["effect"]) for key in ("low", "high")]
    assert len((run / "explorer.json").read_bytes()) < 750_000


def test_every_place_of_a_response_is_the_formula(write_run: Callable[..., Path]) -> None:
    table, answer = explored(with_arms(write_run(), response=True))
    k, scales = table["start"]["threshold"], table["scales"]
    assumed = {row["name"]: row["value"] for row in answer["plan"]["design"]["assumptions"]}
    control = np.array([assumed[f"response rate of controls {side}"] for side in ("inside", "outside")])
    added = np.array([assumed[f"difference {side}"] for side in ("inside", "outside")])
    effects = answer["plan"]["effects"]
    trials = 0
    for p, factor in enumerate(scales["prevalence"]):
        odds = factor * assumed["prevalence"] / (1.0 - assumed["prevalence"])
        for i, sensitivity in enumerate(scales["sensitivity"]):
            for j, specificity in enumerate(scales["specificity"]):
                assay = Assay(odds / (1.0 + odds), sensitivity, specificity)
                share = np.array([assay.positive_predictive_value, 1.0 - assay.positive_predictive_value])
                effect, size, cost = (
                    table["enriched"][key][k][p][i][j] for key in ("effect", "size", "cost")
                )
                se = math.hypot(*(share * [effects[side]["se"] for side in ("inside", "outside")]))
                middle = float(share @ added)
                np.testing.assert_allclose(effect, [middle, middle - Z * se, middle + Z * se], atol=5.01e-4)
                if size is None:
                    continue
                trials += 1
                patients = math.ceil(
                    proportions_size(float(share @ (control + added)), float(share @ control))
                )
                screened = math.ceil(patients / assay.positive)
                assert size == [None, patients, screened, None]
                np.testing.assert_allclose(
                    cost, patients + screened * np.array(scales["screening"]), atol=0.51
                )
    assert trials > 100


def test_every_threshold_is_corrected_by_the_same_optimism(write_run: Callable[..., Path]) -> None:
    table, answer = explored(with_arms(write_run()))
    rows, corrected = answer["rows"][1:], answer["search"]["out_of_bag"]
    best = rows[answer["best"]]["inside"]
    for row, cut in zip(rows, compared(table, rows), strict=True):
        inside = row["inside"]
        estimate = inside["estimate"] * corrected["estimate"] / best["estimate"]
        wide = Z * inside["se"] * corrected["se"] / best["se"]
        expected = [estimate, estimate * math.exp(-wide), estimate * math.exp(wide)]
        np.testing.assert_allclose(cut["planned"], expected, atol=5.01e-3)
        assert cut["apparent"] == [round(inside[key], 2) for key in ("estimate", "low", "high")]


@pytest.mark.slow
def test_a_threshold_without_a_trial_says_why(write_run: Callable[..., Path]) -> None:
    run = with_arms(write_run())
    table, _ = explored(run)
    place = table["start"]
    nested = table["enriched"]["size"][place["threshold"]][place["prevalence"]]
    nested[place["sensitivity"]][place["specificity"]] = None
    texts = shown_at(from_json(ExplorerTable, table), place)
    assert texts["enriched_patients"] == "no trial"
    assert "there is no benefit to show" in texts["status"]


def compared(table: dict[str, Any], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The thresholds of the threshold table, among the finer ones of the explorer."""
    return [table["cuts"][table["scales"]["threshold"].index(row["cut"])] for row in rows]


@pytest.mark.parametrize("response", [False, True])
def test_finer_thresholds_lie_between_those_that_were_compared(
    write_run: Callable[..., Path], response: bool
) -> None:
    run = with_arms(write_run(), response)
    table, answer = explored(run, "--shares=0.4,0.62")
    if response:
        rates_have_intervals(table)
    else:
        curves_are_those_of_the_arms(table, run)
        table_of_an_earlier_version_has_no_picture(table, run)
    shares = table["scales"]["threshold"]
    assert shares == sorted({*(round(step / 20, 2) for step in range(4, 17)), 0.62})
    assert shares[table["start"]["threshold"]] == answer["rows"][1 + answer["best"]]["cut"]
    # The interval for all thresholds at once is known for those that were compared, and for no other.
    together = [share for share, cut in zip(shares, table["cuts"], strict=True) if cut["at_once"] is not None]
    assert together == [0.4, 0.62]
    patients = [cut["n"] for cut in table["cuts"]]
    assert patients == sorted(patients)
    # A trial has more power the fewer events (or patients) it needs, and the planned power at its own size.
    size, power = (at(table, key, table["start"]) for key in ("size", "power"))
    if size is not None:
        assert power == pytest.approx(0.8, abs=0.011)
        assert table["reference"] == size[1]
    needed = 1 if response else 0
    for k in range(len(shares)):
        nested = [table["enriched"][key][k] for key in ("size", "power")]
        if nested[0] is None:
            continue
        pairs = [
            (one[needed], strength)
            for sizes, powers in zip(nested[0][3], nested[1][3], strict=True)
            for one, strength in zip(sizes, powers, strict=True)
            if one is not None
        ]
        ordered = sorted(pairs)
        assert all(later[1] <= earlier[1] + 0.02 for earlier, later in itertools.pairwise(ordered))


def curves_are_those_of_the_arms(table: dict[str, Any], run: Path) -> None:
    curves, outcome = table["curves"], RunDirectory(run).survival
    assert len(curves["times"]) == 61
    for k in (0, 6, 12):
        at_risk = np.array(curves["at_risk"][k])
        # All patients are at risk at the beginning, in one arm and on one side.
        assert at_risk[:, :, 0].sum() == table["total"]
        assert at_risk[0, :, 0].sum() == table["cuts"][k]["n"]
        assert (np.diff(at_risk, axis=2) <= 0).all()
        for side in curves["survival"][k]:
            for curve in side:
                known = [value for value in curve if value is not None]
                assert known[0] == 1.0
                assert known == sorted(known, reverse=True)
    overall = kaplan_meier(outcome.event, outcome.time)(np.array(curves["times"]))
    middle = np.array([[curve[20] for curve in side] for side in curves["survival"][6]])
    assert middle.min() <= overall[20] <= middle.max()


def rates_have_intervals(table: dict[str, Any]) -> None:
    rates = np.array(table["curves"]["survival"])
    assert rates.shape == (len(table["cuts"]), 2, 2, 3)
    assert (rates[..., 1] < rates[..., 0]).all()
    assert (rates[..., 0] < rates[..., 2]).all()
    assert table["curves"]["times"] == []


def table_of_an_earlier_version_has_no_picture(table: dict[str, Any], run: Path) -> None:
    old = {key: value for key, value in table.items() if key not in ("curves", "reference")}
    for who in ("enriched", "all_comers"):
        old[who] = {key: value for key, value in table[who].items() if key != "power"}
    write_json(run / "explorer.json", old)
    page = page_of(run)
    assert "<svg" not in page
    assert 'data-shown="enriched_patients"' in page


def page_of(run: Path) -> str:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    section = report.explorer(RunDirectory(run))
    return environment.get_template("explorer.html.j2").render(section=section)


def test_the_table_is_harmless_inside_the_page(write_run: Callable[..., Path]) -> None:
    run = with_arms(write_run())
    table, _ = explored(run)
    evil = "</script><script>alert(1)</script><!--\u2028&"
    write_json(run / "explorer.json", table | {"unit": evil, "score": evil, "notes": [evil]})
    page = page_of(run)
    assert page.count("<script") == 2
    assert page.count("</script") == 2
    assert "<!--" not in page
    inside = re.search(r'id="explorer-table">(.*?)</script>', page, re.DOTALL)
    assert inside is not None
    assert "\u2028" not in inside[1]
    assert json.loads(inside[1])["unit"] == evil


def test_the_policy_names_the_script_as_it_stands() -> None:
    digest = base64.b64encode(hashlib.sha256((TEMPLATES / "explorer.js").read_bytes()).digest()).decode()
    assert report.script_policy() == f"script-src 'sha256-{digest}'"
    # Text that ends a script would end it in the page too.
    assert not re.search(r"</script|<!--", report.script(), re.IGNORECASE)


@pytest.mark.slow
def test_toxicity_has_its_weight(write_run: Callable[..., Path]) -> None:
    import pandas as pd

    from omics.common.files import write_parquet

    run = with_arms(write_run(), response=True)
    patients = pd.read_parquet(run / "patients.parquet")
    toxic = np.random.default_rng(3).random(len(patients)) < np.where(patients["arm"] == "b", 0.4, 0.1)
    write_parquet(run / "patients.parquet", patients.assign(toxicity=toxic))
    table, answer = explored(run)
    weights, utility = table["scales"]["weight"], table["utility"]
    for row in answer["utility"]:
        k = table["scales"]["threshold"].index(row["cut"])
        for weight, effect in row["utility"].items():
            found = utility["inside"][k][weights.index(float(weight))]
            assert found == [round(effect[key], 3) for key in ("estimate", "low", "high")]
    everybody = np.ones((1, len(patients)), dtype=bool)
    trial = Trial((patients["arm"] == "b").to_numpy(), RunDirectory(run).response)
    from stratomics.enrichment.effects.effect import measure_of

    expected = utility_of(measure_of(trial), trial.treated, toxic, everybody).utility[1.0]
    assert utility["all_patients"][weights.index(1.0)][0] == round(expected.estimate, 3)
    page = page_of(run)
    assert 'data-scale="weight"' in page
    inside = [effects[weights.index(0.0)][0] for effects in utility["inside"]]
    assert inside[utility["best"][0]] == max(inside)
