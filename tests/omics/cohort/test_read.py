"""Reading cohorts: nobody is dropped, times of zero stay, h5mu says the same as a folder."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from omics.checks.check_cohort import cohort_notes
from omics.cohort.endpoints import Response
from omics.cohort.read import (
    cohort_digest,
    cohort_endpoints,
    cohort_spec,
    observed_views,
    read_cohort,
)
from omics.common.errors import CohortError, DataError

COHORTS = (
    "gdsc_celllines",
    "iirn_crohn_flare",
    "loris_icb",
    "nat_breast",
    "placenta_hood",
    "race_septic_shock",
    "tcga_acc",
    "tcga_ov",
)


def test_bundled_cohort_keeps_everybody(acc: Any) -> None:
    assert acc.n_obs == 92
    assert observed_views(acc).sum().to_dict() == {"cna": 90, "mrna": 79, "mirna": 80, "rppa": 46}
    survival = cohort_endpoints(acc).survival()
    assert int(survival.event.sum()) == 34
    assert survival.observed.all()


def test_time_zero_is_half_a_day_and_stays_an_event(acc: Any) -> None:
    row = acc.obs_names.get_loc("TCGA-P6-A5OH")
    survival = cohort_endpoints(acc).survival()
    assert survival.time[row] == 0.5
    assert survival.event[row]
    (note,) = cohort_notes(acc)
    assert "1 patient(s) have time 0; they stay" in note
    assert "TCGA-" not in note


def test_h5mu_holds_the_same_cohort(acc: Any, tmp_path: Path) -> None:
    acc.write(tmp_path / "acc.h5mu")
    again = read_cohort(tmp_path / "acc.h5mu")
    pd.testing.assert_frame_equal(observed_views(again), observed_views(acc))
    assert cohort_spec(again) == cohort_spec(acc)
    np.testing.assert_array_equal(
        cohort_endpoints(again).survival().time, cohort_endpoints(acc).survival().time
    )
    for view in cohort_spec(acc).views:
        np.testing.assert_array_equal(again[view].X, acc[view].X)


def test_h5mu_without_specification_says_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "x.h5mu").write_bytes(b"not hdf5")
    with pytest.raises(CohortError, match=r"cohort\.yaml as json") as caught:
        read_cohort(tmp_path / "x.h5mu")
    assert caught.value.code == "unreadable_file"


def test_a_patient_without_any_view_stays(write_small: Callable[..., Path]) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["rna"] = frames["rna"].iloc[1:]

    cohort = read_cohort(write_small(change))
    assert cohort.n_obs == 40
    assert not observed_views(cohort).loc["p000"].any()
    assert cohort_notes(cohort) == [
        "views: 1 patient(s) have no view at all; they stay, with their covariates"
    ]


def test_ids_keep_their_zeros(write_small: Callable[..., Path]) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        for frame in frames.values():
            frame["sample_id"] = frame["sample_id"].str.removeprefix("p")

    assert read_cohort(write_small(change)).obs_names[7] == "007"


def test_ids_keep_their_zeros_in_whichever_column(write_small: Callable[..., Path]) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        for frame in frames.values():
            frame["sample_id"] = frame["sample_id"].str.removeprefix("p")
        frames["outcome"] = frames["outcome"][["time", "event", "age", "stage", "sample_id"]]

    assert read_cohort(write_small(change)).obs_names[7] == "007"


def test_h5mu_with_a_view_without_values_is_named(acc: Any, tmp_path: Path) -> None:
    bare = acc.copy()
    bare.mod["rppa"] = bare.mod["rppa"].copy()
    bare.mod["rppa"].X = None
    bare.write(tmp_path / "bare.h5mu")
    with pytest.raises(CohortError, match="view 'rppa' has no values") as caught:
        read_cohort(tmp_path / "bare.h5mu")
    assert caught.value.code == "missing_view"


def test_digest_follows_the_content_not_the_place(write_small: Callable[..., Path], tmp_path: Path) -> None:
    folder = write_small()
    digest = cohort_digest(read_cohort(folder))
    moved = folder.rename(tmp_path / "moved")
    assert cohort_digest(read_cohort(moved)) == digest
    text = (moved / "rna.csv").read_text()
    (moved / "rna.csv").write_text(text.replace("0.", "1.", 1))
    assert cohort_digest(read_cohort(moved)) != digest


def test_an_event_without_time_is_not_observed(write_small: Callable[..., Path]) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["outcome"].loc[3, ["time", "event"]] = [np.nan, 1]
        frames["outcome"].loc[4, "event"] = np.nan

    cohort = read_cohort(write_small(change))
    survival = cohort_endpoints(cohort).survival()
    assert list(np.flatnonzero(~survival.observed)) == [3, 4]
    assert not survival.event[[3, 4]].any()
    assert cohort_notes(cohort) == [
        "survival: 2 patient(s) lack either time or event and are not evaluated by it"
    ]


def test_no_events_is_said(write_small: Callable[..., Path]) -> None:
    cohort = read_cohort(
        write_small(lambda frames, _: frames["outcome"].update(pd.DataFrame({"event": [0] * 40})))
    )
    with pytest.raises(DataError, match="no events"):
        cohort_endpoints(cohort).survival()


def test_an_error_survives_the_way_between_processes() -> None:
    error = CohortError("bad", "some_code", file="f.csv", column="c", patient="p")
    again = pickle.loads(pickle.dumps(error))
    assert vars(again) == vars(error)
    assert str(again) == "f.csv, column c, patient p: bad"


@pytest.mark.parametrize("name", COHORTS)
def test_every_shared_cohort_is_read(name: str, shared: Callable[[str], Path]) -> None:
    folder = shared(f"cohorts/{name}")
    cohort = read_cohort(folder)
    samples = pd.read_csv(folder / "outcome.csv", dtype={"sample_id": str}, low_memory=False)
    assert list(cohort.obs_names) == list(samples["sample_id"])
    endpoints = cohort_endpoints(cohort)
    for endpoint in endpoints.named.values():
        seen = endpoint.positive if isinstance(endpoint, Response) else endpoint.event
        assert 0 < seen.sum() < endpoint.observed.sum()
