"""``check``: the traps of every shared cohort, none in a clean one, and each planted fault is found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from omics.checks import CHECKS
from omics.checks.check_cohort import check_cohort
from omics.checks.finding import ERROR, INFO, WARNING
from omics.common.registry import resolve
from omics.simulate.simulate_cohort import SimulationConfig, simulate, write_simulated
from stratomics.cli import main

EXPECTED: dict[str, set[tuple[str, str]]] = {
    "gdsc_celllines": set(),
    "iirn_crohn_flare": {
        ("duplicated_features", "serum, fecal"),
        ("duplicated_features", "species, pathway"),
        ("view_in_one_site", "serum"),
        ("view_in_one_site", "asv"),
        ("view_in_one_site", "species"),
        ("view_in_one_site", "pathway"),
    },
    "loris_icb": {("half_endpoint", "survival"), ("site_confounded", "cohort")},
    "nat_breast": {("site_confounded", "cohort")},
    # A protein of the table is called 9-Sep.
    "placenta_hood": {("no_view", "views"), ("spreadsheet_names", "proteome")},
    "race_septic_shock": {
        ("no_view", "views"),
        ("duplicated_features", "acylcarnitine, nmr"),
        ("follow_up_wall", "survival"),
        ("function_of_another", "response"),
        ("adaptive_allocation", "dose_g"),
        ("undeclared_table", "proteomic_cytokine.csv.gz"),
    },
    "tcga_acc": {("time_zero", "survival"), ("undeclared_table", "genomic_mutation.csv.gz")},
    "tcga_ov": {
        ("no_view", "views"),
        ("swapped_samples", "cna, proteome"),
        ("missing_tied", "proteome"),
    },
}


def warned(source: Any) -> set[tuple[str, str]]:
    findings = check_cohort(source)
    assert not [f for f in findings if f.severity == ERROR]
    return {(f.code, f.place) for f in findings if f.severity == WARNING}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_traps_of_every_shared_cohort(name: str, shared: Callable[[str], Path]) -> None:
    assert warned(shared(f"cohorts/{name}")) == EXPECTED[name]


def test_a_view_of_one_arm_is_found_when_declared(shared: Callable[[str], Path], tmp_path: Path) -> None:
    source = shared("cohorts/race_septic_shock")
    for file in source.iterdir():
        (tmp_path / file.name).symlink_to(file)
    spec = yaml.safe_load((source / "cohort.yaml").read_text())
    spec["views"]["cytokine"] = {
        "modality": "proteomics",
        "file": "proteomic_cytokine.csv.gz",
        "scale": "log",
    }
    (tmp_path / "cohort.yaml").unlink()
    (tmp_path / "cohort.yaml").write_text(yaml.safe_dump(spec))
    assert ("view_in_one_arm", "cytokine") in warned(tmp_path)


@pytest.mark.parametrize(
    "seed", [0, pytest.param(1, marks=pytest.mark.slow), pytest.param(2, marks=pytest.mark.slow)]
)
def test_a_clean_simulated_cohort_raises_nothing(seed: int, tmp_path: Path) -> None:
    write_simulated(simulate(SimulationConfig(seed=seed)), tmp_path)
    assert warned(tmp_path) == set()


Change = Callable[[dict[str, pd.DataFrame], dict[str, Any]], None]


def _perfect(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["rna"]["rna3"] = frames["outcome"]["event"] * 2.0 + np.linspace(0, 0.5, 40)


def _names(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["rna"] = frames["rna"].rename(columns={"rna3": "OS_months"})


def _ids(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    new = {
        old: f"{'case' if event else 'ctrl'}{old}"
        for old, event in zip(frames["outcome"]["sample_id"], frames["outcome"]["event"], strict=True)
    }
    for frame in frames.values():
        frame["sample_id"] = frame["sample_id"].map(new)


def _zero(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["outcome"].loc[3, "time"] = 0


def _wall(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["outcome"]["event"] = [1, 0] * 20
    frames["outcome"].loc[frames["outcome"]["event"] == 0, "time"] = 3650


def _copied(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["rna"].iloc[7, 1:] = frames["rna"].iloc[21, 1:]


def _site(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["outcome"]["hospital"] = np.where(frames["outcome"]["event"] == 1, "north", "south")
    spec["site"] = "hospital"


def _arm(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["outcome"]["arm"] = ["a", "b"] * 20
    spec["arm"] = {"column": "arm", "control": "a"}


def _function(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["outcome"]["alive"] = (frames["outcome"]["time"] >= 200).astype(int)
    spec["endpoints"]["response"] = {"column": "alive", "positive": 1}


def _without_views(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["rna"] = frames["rna"].iloc[1:]


PLANTED: dict[str, tuple[Change, str, str]] = {
    "a feature that is the outcome": (_perfect, "perfect_feature", "rna"),
    "a name of an outcome": (_names, "outcome_like_name", "rna"),
    "ids that spell the label": (_ids, "telling_ids", "survival"),
    "time zero": (_zero, "time_zero", "survival"),
    "a wall": (_wall, "follow_up_wall", "survival"),
    "a patient twice": (_copied, "copies", "rna"),
    "a site that is the outcome": (_site, "site_confounded", "hospital"),
    "arms without randomisation": (_arm, "not_randomised", "arm"),
    "a response that is a time": (_function, "function_of_another", "response"),
    "a patient without views": (_without_views, "no_view", "views"),
}


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_a_planted_fault_is_found_and_was_not_there_before(
    name: str, write_small: Callable[..., Path]
) -> None:
    change, code, place = PLANTED[name]
    assert (code, place) not in warned(write_small())
    assert (code, place) in warned(write_small(change))


def test_every_error_is_listed_and_not_only_the_first(
    write_small: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["outcome"].loc[2, "time"] = -4
        frames["rna"] = frames["rna"].astype({"rna4": object})
        frames["rna"].loc[2, "rna4"] = "high"
        spec["views"]["protein"]["file"] = "nowhere.csv"
        spec["covariates"] = ["aeg"]

    folder = write_small(change)
    findings = check_cohort(folder)
    assert {f.code for f in findings} == {
        "negative_time",
        "text_for_number",
        "missing_file",
        "missing_column",
    }
    assert {f.severity for f in findings} == {ERROR}
    assert main(["check", str(folder), "--json"]) == 2
    captured = capsys.readouterr()
    assert len(json.loads(captured.out)) == 4
    assert "4 error(s) listed above" in captured.err
    assert "Traceback" not in captured.err


def test_the_screen_shows_facts_and_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "bundled:tcga_acc"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for words in ("rppa", "46 of 92 patients", "34 events", "time_zero", "45 of 92 patients have every view"):
        assert words in shown


def test_json_has_every_finding(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "bundled:tcga_acc", "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)
    assert {tuple(f) for f in findings} == {("code", "severity", "place", "sentence")}
    assert {f["severity"] for f in findings} == {INFO, WARNING}


@pytest.mark.parametrize(
    "words", [["check"], ["check", "a", "b"], ["check", "nowhere"], ["check", "--jsn", "x"]]
)
def test_wrong_arguments(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_a_check_only_looks(name: str, acc: Any) -> None:
    before = {view: acc[view].X.copy() for view in ("cna", "mrna", "mirna", "rppa")}
    for finding in resolve(CHECKS, name, "check")(acc):
        assert finding.sentence
        assert "\n" not in finding.sentence
    for view, values in before.items():
        np.testing.assert_array_equal(acc[view].X, values)


def test_all_errors_of_a_table_are_listed_at_once(write_small: Callable[..., Path]) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["rna"] = frames["rna"].astype(object)
        frames["rna"].iloc[3, 2], frames["rna"].iloc[4, 5], frames["rna"].iloc[1, 7] = "low", "high", np.inf
        ids = frames["protein"].columns.get_loc("sample_id")
        frames["protein"].iloc[1, ids] = frames["protein"].iloc[0, ids]
        frames["protein"].iloc[3, ids] = frames["protein"].iloc[2, ids]

    found = [(f.code, f.place.rpartition("/")[2]) for f in check_cohort(write_small(change))]
    assert [code for code, place in found if place.startswith("rna.csv")] == [
        *("text_for_number", "text_for_number", "infinite_value")
    ]
    assert [code for code, place in found if place.startswith("protein.csv")] == ["duplicate_patient"] * 2
