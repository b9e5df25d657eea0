"""Resampling designs: which patients are trained on and which are predicted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small import tables, write

from datamodules.config import SplitConfig
from datamodules.resampling import DESIGNS, design_of
from omics.cohort.read import read_cohort
from omics.common.errors import InputError

Change = Callable[[dict[str, pd.DataFrame], dict[str, Any]], None]


def with_sites(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["outcome"]["hospital"] = [("A", "B", "C")[i % 3] for i in range(len(frames["outcome"]))]
    frames["outcome"]["half"] = ["train" if i % 4 else "Test " for i in range(len(frames["outcome"]))]
    spec |= {"site": "hospital", "part": "half"}


def cohort(folder: Path, change: Change | None = with_sites) -> Any:
    return read_cohort(write(folder, change))


def renamed(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    for frame in frames.values():
        frame["sample_id"] = "x" + frame["sample_id"]
    spec["name"] = "other"


@pytest.fixture
def configs(tmp_path: Path) -> dict[str, SplitConfig]:
    other = write(tmp_path / "other", renamed)
    return {name: SplitConfig(name, str(other), folds=4, repeats=2) for name in DESIGNS}


@pytest.mark.parametrize("name", DESIGNS)
def test_training_and_test_patients_are_disjoint(
    name: str, configs: dict[str, SplitConfig], tmp_path: Path
) -> None:
    design = design_of(cohort(tmp_path / "c"), configs[name], 1)
    for fold in design.folds:
        train, test = set(design.cohort.obs_names[fold.train]), set(design.evaluated.obs_names[fold.test])
        assert train
        assert test
        assert not train & test


@pytest.mark.parametrize("name", DESIGNS)
def test_each_evaluated_patient_is_predicted_once_per_repeat(
    name: str, configs: dict[str, SplitConfig], tmp_path: Path
) -> None:
    design = design_of(cohort(tmp_path / "c"), configs[name], 1)
    for repeat in {fold.repeat for fold in design.folds}:
        rows = np.concatenate([fold.test for fold in design.folds if fold.repeat == repeat])
        assert sorted(rows) == list(range(design.evaluated.n_obs))


def test_a_fold_leaves_one_whole_site_out(configs: dict[str, SplitConfig], tmp_path: Path) -> None:
    design = design_of(cohort(tmp_path / "c"), configs["leave_site_out"], 1)
    sites = design.cohort.obs["hospital"].to_numpy()
    assert [set(sites[fold.test]) for fold in design.folds] == [{"A"}, {"B"}, {"C"}]
    assert all(set(sites[f.train]).isdisjoint(sites[f.test]) for f in design.folds)


def test_a_declared_split_is_used_unchanged(configs: dict[str, SplitConfig], tmp_path: Path) -> None:
    design = design_of(cohort(tmp_path / "c"), configs["part"], 1)
    assert list(design.evaluated.obs_names) == [f"p{i:03d}" for i in range(0, 40, 4)]
    assert len(design.folds[0].train) == 30


def test_an_external_cohort_is_predicted_from_all_of_this_one(
    configs: dict[str, SplitConfig], tmp_path: Path
) -> None:
    design = design_of(cohort(tmp_path / "c"), configs["external"], 1)
    assert len(design.folds[0].train) == len(tables()["outcome"])
    assert all(name.startswith("x") for name in design.evaluated.obs_names)


def with_value(column: str, place: int, value: Any) -> Change:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        with_sites(frames, spec)
        frames["outcome"].loc[place, column] = value

    return change


def one_site(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    with_sites(frames, spec)
    frames["outcome"]["hospital"] = "A"


def all_train(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    with_sites(frames, spec)
    frames["outcome"]["half"] = "train"


def no_event_elsewhere(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    with_sites(frames, spec)
    frames["outcome"]["event"] = (frames["outcome"]["hospital"] == "A").astype(int)


@pytest.mark.parametrize(
    ("design", "change", "sentence"),
    [
        ("leave_site_out", None, "needs the key `site`"),
        ("leave_site_out", one_site, "needs at least two sites"),
        ("leave_site_out", with_value("hospital", 3, None), "p003"),
        ("leave_site_out", no_event_elsewhere, "no events"),
        ("part", None, "needs the key `part`"),
        ("part", with_value("half", 5, "validation"), "neither train nor test"),
        ("part", with_value("half", 5, None), "p005"),
        ("part", all_train, "no patient to test"),
        ("external", None, "--split.external"),
    ],
)
def test_an_impossible_design_raises_an_error(
    design: str, change: Change | None, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=sentence):
        design_of(cohort(tmp_path / "c", change), SplitConfig(design), 1)


def test_an_external_cohort_with_a_shared_patient_or_without_the_endpoint_raises_an_error(
    tmp_path: Path,
) -> None:
    def other_endpoint(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        renamed(frames, spec)
        spec["endpoints"] = {"pfs": {"kind": "survival", "time": "time", "event": "event"}}

    ours = cohort(tmp_path / "c")
    same, lacking = write(tmp_path / "same"), write(tmp_path / "lacking", other_endpoint)
    with pytest.raises(InputError, match="'p000' is in both cohorts"):
        design_of(ours, SplitConfig("external", str(same)), 1)
    with pytest.raises(InputError, match="no endpoint 'survival'"):
        design_of(ours, SplitConfig("external", str(lacking)), 1)


@pytest.mark.parametrize(("design", "role"), [("leave_site_out", "site"), ("part", "part")])
def test_a_design_that_parts_copies_is_refused(design: str, role: str, tmp_path: Path) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        rng = np.random.default_rng(0)
        more = pd.DataFrame(rng.normal(size=(40, 30)), columns=[f"more{j}" for j in range(30)])
        frames["rna"] = pd.concat([frames["rna"], more], axis="columns")
        frames["rna"].iloc[30, 1:] = frames["rna"].iloc[2, 1:]
        frames["outcome"]["half"] = ["train"] * 20 + ["test"] * 20
        spec[role] = "half"

    cohort = read_cohort(write(tmp_path / "small", change))
    with pytest.raises(InputError, match=f"would part 1 group.* p002 and p030; give them the same {role}"):
        design_of(cohort, SplitConfig(design=design), 0)
