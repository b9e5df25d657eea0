"""Who is predicted by models of whom."""

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
def test_nobody_is_trained_on_and_predicted(
    name: str, configs: dict[str, SplitConfig], tmp_path: Path
) -> None:
    design = design_of(cohort(tmp_path / "c"), configs[name], 1)
    for fold in design.folds:
        train, test = set(design.cohort.obs_names[fold.train]), set(design.evaluated.obs_names[fold.test])
        assert train
        assert test
        assert not train & test


@pytest.mark.parametrize("name", DESIGNS)
def test_everybody_judged_is_predicted_once_a_repeat(
    name: str, configs: dict[str, SplitConfig], tmp_path: Path
) -> None:
    design = design_of(cohort(tmp_path / "c"), configs[name], 1)
    for repeat in {fold.repeat for fold in design.folds}:
        rows = np.concatenate([fold.test for fold in design.folds if fold.repeat == repeat])
        assert sorted(rows) == list(range(design.evaluated.n_obs))


def test_a_fold_leaves_one_site_out_whole(configs: dict[str, SplitConfig], tmp_path: Path) -> None:
    design = design_of(cohort(tmp_path / "c"), configs["leave_site_out"], 1)
    sites = design.cohort.obs["hospital"].to_numpy()
    assert [set(sites[fold.test]) for fold in design.folds] == [{"A"}, {"B"}, {"C"}]
    assert all(set(sites[f.train]).isdisjoint(sites[f.test]) for f in design.folds)


def test_a_ready_split_is_kept_to_the_patient(configs: dict[str, SplitConfig], tmp_path: Path) -> None:
    design = design_of(cohort(tmp_path / "c"), configs["part"], 1)
    assert list(design.evaluated.obs_names) == [f"p{i:03d}" for i in range(0, 40, 4)]
    assert len(design.folds[0].train) == 30


def test_an_external_cohort_is_predicted_from_all_of_this_one(
    configs: dict[str, SplitConfig], tmp_path: Path
) -> None:
    design = design_of(cohort(tmp_path / "c"), configs["external"], 1)
    assert len(design.folds[0].train) == len(tables()["outcome"])
    assert all(name.startswith("x") for name in design.evaluated.obs_names)


def spoil(column: str, place: int, value: Any) -> Change:
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
        ("leave_site_out", one_site, "needs two sites"),
        ("leave_site_out", spoil("hospital", 3, None), "p003"),
        ("leave_site_out", no_event_elsewhere, "no events"),
        ("part", None, "needs the key `part`"),
        ("part", spoil("half", 5, "validation"), "neither train nor test"),
        ("part", spoil("half", 5, None), "p005"),
        ("part", all_train, "nobody to test"),
        ("external", None, "--split.external"),
    ],
)
def test_what_cannot_be_laid_out_is_said(
    design: str, change: Change | None, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=sentence):
        design_of(cohort(tmp_path / "c", change), SplitConfig(design), 1)


def test_an_external_cohort_that_shares_a_patient_or_lacks_the_endpoint_is_refused(tmp_path: Path) -> None:
    def other_endpoint(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        renamed(frames, spec)
        spec["endpoints"] = {"pfs": {"kind": "survival", "time": "time", "event": "event"}}

    ours = cohort(tmp_path / "c")
    same, lacking = write(tmp_path / "same"), write(tmp_path / "lacking", other_endpoint)
    with pytest.raises(InputError, match="'p000' is in both cohorts"):
        design_of(ours, SplitConfig("external", str(same)), 1)
    with pytest.raises(InputError, match="no endpoint 'survival'"):
        design_of(ours, SplitConfig("external", str(lacking)), 1)
