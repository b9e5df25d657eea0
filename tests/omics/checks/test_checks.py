"""``check``: the traps of every shared cohort, none in a clean one, each planted fault found."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from places import READER_FIXTURES

from omics.checks import CHECKS
from omics.checks.check_cohort import check_cohort
from omics.checks.finding import ERROR, INFO, WARNING
from omics.checks.swaps import swapped_pairs
from omics.cohort.read import read_cohort
from omics.common.registry import resolve
from omics.readers.plain_tables import read_table
from omics.simulate.simulate_cohort import SimulationConfig, simulate, write_cohort
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
    "placenta_hood": {("no_view", "views")},
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


@pytest.mark.parametrize("seed", range(3))
def test_a_clean_simulated_cohort_raises_nothing(seed: int, tmp_path: Path) -> None:
    write_cohort(simulate(SimulationConfig(seed=seed)), tmp_path)
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


def _nobody(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["rna"] = frames["rna"].iloc[1:]


PLANTED: dict[str, tuple[Change, str, str]] = {
    "a feature that is the outcome": (_perfect, "perfect_feature", "rna"),
    "a name of an outcome": (_names, "outcome_like_name", "rna"),
    "ids that spell the label": (_ids, "telling_ids", "survival"),
    "time zero": (_zero, "time_zero", "survival"),
    "a wall": (_wall, "follow_up_wall", "survival"),
    "a patient twice": (_copied, "identical_patients", "rna"),
    "a site that is the outcome": (_site, "site_confounded", "hospital"),
    "arms without randomisation": (_arm, "not_randomised", "arm"),
    "a response that is a time": (_function, "function_of_another", "response"),
    "a patient without views": (_nobody, "no_view", "views"),
}


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_a_planted_fault_is_found_and_was_not_there_before(
    name: str, write_small: Callable[..., Path]
) -> None:
    change, code, place = PLANTED[name]
    assert (code, place) not in warned(write_small())
    assert (code, place) in warned(write_small(change))


def test_gene_names_are_no_outcomes() -> None:
    from omics.checks.leaks import NAMES

    assert not [
        n
        for n in ("OS9", "GDF5OS", "DDX5", "DEADC1", "PCR4", "EFS", "age", "RESP18")
        if NAMES.search(n) and n != "EFS"
    ]
    for name in ("OS_time", "pfs.event", "vital_status", "response", "Days to death", "RCB"):
        assert NAMES.search(name), name


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


def test_the_screen_tells_facts_and_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "bundled:tcga_acc"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    for words in ("rppa", "46 of 92 patients", "34 events", "time_zero", "45 of 92 patients have every view"):
        assert words in shown


def test_json_is_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "bundled:tcga_acc", "--json"]) == 0
    findings = json.loads(capsys.readouterr().out)
    assert {tuple(f) for f in findings} == {("code", "severity", "place", "sentence")}
    assert {f["severity"] for f in findings} == {INFO, WARNING}


@pytest.mark.parametrize(
    "words", [["check"], ["check", "a", "b"], ["check", "nowhere"], ["check", "--jsn", "x"]]
)
def test_wrong_words(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
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


SCALES = [
    ("rna", "transcriptomics", "counts", lambda v: v, "never negative"),
    ("rna", "transcriptomics", "log", lambda v: v * 40_000, "no logarithm reaches"),
    ("rna", "microbiome", "relative", lambda v: v.abs(), "sum to at most 1"),
    ("rna", "microbiome", "log_relative", lambda v: v, "never positive"),
    ("rna", "genomics", "binary", lambda v: v, "is 0 or 1"),
    ("rna", "genomics", "dosage", lambda v: v * 3, "lies between 0 and 2"),
    ("rna", "genomics", "beta", lambda v: v, "lies between 0 and 1"),
    ("rna", "metabolomics", "intensity", lambda v: v, "never negative"),
]


@pytest.mark.parametrize(("view", "modality", "scale", "values", "words"), SCALES, ids=[s[2] for s in SCALES])
def test_a_scale_that_cannot_be_right_is_refused_with_the_evidence(
    view: str, modality: str, scale: str, values: Any, words: str, write_small: Callable[..., Path]
) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        spec["views"][view].update(modality=modality, scale=scale)
        frames[view].iloc[:, 1:] = values(frames[view].iloc[:, 1:])

    (finding,) = check_cohort(write_small(change))
    assert (finding.code, finding.severity) == ("wrong_scale", ERROR)
    assert words in finding.sentence


@pytest.mark.slow
def test_power_and_false_alarms_of_swaps() -> None:
    """200 cohorts of 60 patients, 50 shared features of correlation 0.6 between two views, one pair exchanged.

    Power: at least 95% of the exchanged pairs are found. False alarms: in at most 2% of the cohorts any other pair.
    Monte Carlo standard errors 1.5% and 1%.
    """
    found = alarms = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        one = rng.normal(size=(60, 50))
        two = 0.6 * one + 0.8 * rng.normal(size=one.shape)
        alarms += bool(swapped_pairs(one, two))
        i, j = sorted(rng.choice(60, 2, replace=False))
        two[[i, j]] = two[[j, i]]
        pairs = swapped_pairs(one, two)
        found += (i, j) in pairs
        alarms += bool(set(pairs) - {(i, j)})
    assert found >= 190, found
    assert alarms <= 8, alarms


FIXTURES = READER_FIXTURES

LEFT_OUT = {
    "olink/explore.csv": (
        ("proteomics", "log", "olink"),
        {
            "1 control sample(s) left out: CONTROL_SAMPLE_AS 1",
            "2 NPX that failed quality control count as not measured",
        },
    ),
    "olink/explore_ht.csv": (
        ("proteomics", "log", "olink"),
        {
            "3 control sample(s) left out: SC1, NC1, PC1",
            "1 control assay(s) left out: OID43204",
            "1 NPX that failed quality control count as not measured",
        },
    ),
    "somascan/toy.adat": (
        ("proteomics", "intensity", None),
        {f"1 sample(s) of type {kind} left out" for kind in ("Calibrator", "QC", "Buffer")},
    ),
    "maxquant/proteinGroups.txt": (
        ("proteomics", "intensity", "proteingroups"),
        {
            "2 group(s) marked Reverse left out",
            "1 group(s) marked Potential contaminant left out",
            "1 group(s) marked Only identified by site left out",
        },
    ),
}


def _around(file: str, modality: str, scale: str, kind: str | None, folder: Path) -> Path:
    """Write a cohort whose one view is a fixture."""
    ids = read_table(FIXTURES / file, file_format=kind).index
    outcome = pd.DataFrame({"time": np.arange(1, len(ids) + 1), "event": 1}, index=ids)
    outcome.to_csv(folder / "outcome.csv")
    view = {"modality": modality, "scale": scale, "file": str(FIXTURES / file)} | (
        {"format": kind} if kind else {}
    )
    spec = {
        "name": "fixture",
        "samples": {"file": "outcome.csv"},
        "views": {"view": view},
        "endpoints": {"survival": {"time": "time", "event": "event"}},
    }
    (folder / "cohort.yaml").write_text(yaml.safe_dump(spec))
    return folder


@pytest.mark.parametrize("file", LEFT_OUT)
def test_what_a_reader_leaves_out_is_found(file: str, tmp_path: Path) -> None:
    kind, expected = LEFT_OUT[file]
    folder = _around(file, *kind, tmp_path)
    found = [f for f in check_cohort(folder) if f.code == "left_out"]
    assert {f.sentence for f in found} == expected
    assert {(f.severity, f.place) for f in found} == {(INFO, "view")}
    # The same is said of the cohort once it is one file.
    read_cohort(folder).write(tmp_path / "cohort.h5mu")
    again = [f for f in check_cohort(tmp_path / "cohort.h5mu") if f.code == "left_out"]
    assert again == found


def test_nothing_is_said_where_nothing_is_left_out() -> None:
    assert not [f for f in check_cohort("bundled:tcga_acc") if f.code == "left_out"]
