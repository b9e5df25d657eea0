"""Reading cohorts: all patients stay, and specification and endpoints are parsed once."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from omics.checks.check_cohort import cohort_notes
from omics.cohort import read
from omics.cohort.endpoints import Response
from omics.cohort.read import (
    cohort_digest,
    cohort_endpoints,
    cohort_spec,
    observed_views,
    read_cohort,
)
from omics.common.errors import CohortError

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


def test_bundled_cohort_keeps_all_patients(acc: Any) -> None:
    assert acc.n_obs == 92
    assert observed_views(acc).sum().to_dict() == {"cna": 90, "mrna": 79, "mirna": 80, "rppa": 46}
    survival = cohort_endpoints(acc).survival()
    assert int(survival.event.sum()) == 34
    assert survival.observed.all()


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


def test_digest_follows_the_content_not_the_place(write_small: Callable[..., Path], tmp_path: Path) -> None:
    folder = write_small()
    digest = cohort_digest(read_cohort(folder))
    moved = folder.rename(tmp_path / "moved")
    assert cohort_digest(read_cohort(moved)) == digest
    text = (moved / "rna.csv").read_text()
    (moved / "rna.csv").write_text(text.replace("0.", "1.", 1))
    assert cohort_digest(read_cohort(moved)) != digest


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


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the functions that parse, one entry per call."""
    calls: list[str] = []

    def counted(name: str) -> Callable[..., Any]:
        original = getattr(read, name)

        def call(*arguments: Any) -> Any:
            calls.append(name)
            return original(*arguments)

        return call

    for name in ("parse_spec", "read_endpoints"):
        monkeypatch.setattr(read, name, counted(name))
    read._parsed_spec.cache_clear()
    return calls


def test_specification_and_endpoints_are_parsed_once(
    write_small: Callable[..., Path], parsed: list[str]
) -> None:
    cohort = read_cohort(write_small())
    first, second = cohort_endpoints(cohort).survival(), cohort_endpoints(cohort).survival()
    assert cohort_spec(cohort) == cohort_spec(cohort)
    assert parsed == ["parse_spec", "read_endpoints"]
    for name in ("time", "event", "observed"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_a_changed_answer_does_not_change_the_next_one(write_small: Callable[..., Path]) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["outcome"]["best"] = ["CR", "PD"] * 20
        spec["endpoints"]["response"] = {"column": "best", "levels": ["PD", "CR"], "positive": ["CR"]}

    cohort = read_cohort(write_small(change))
    spec, endpoints = cohort_spec(cohort), cohort_endpoints(cohort)
    spec.endpoints["response"].levels.append("XX")
    spec.endpoints["response"].positive.append("XX")
    del spec.views["rna"], spec.endpoints["survival"]
    endpoints.named["survival"].time[:] = 0
    del endpoints.named["response"]
    again = cohort_spec(cohort)
    assert set(again.views) == {"rna", "protein"}
    assert set(again.endpoints) == {"survival", "response"}
    assert (again.endpoints["response"].levels, again.endpoints["response"].positive) == (
        ["PD", "CR"],
        ["CR"],
    )
    assert set(cohort_endpoints(cohort).named) == {"survival", "response"}
    np.testing.assert_array_equal(cohort_endpoints(cohort).named["survival"].time, cohort.obs["time"])


def test_a_changed_cohort_is_parsed_again(write_small: Callable[..., Path], parsed: list[str]) -> None:
    cohort = read_cohort(write_small())
    assert cohort_endpoints(cohort).primary_endpoint == "survival"
    patient = cohort.obs_names[3]
    cohort.obs.loc[patient, "time"] = 12345.0
    assert cohort_endpoints(cohort).survival().time[3] == 12345.0
    cohort.obs["event"] = 1 - cohort.obs["event"]
    np.testing.assert_array_equal(cohort_endpoints(cohort).survival().event, cohort.obs["event"] == 1)
    cohort.obs["age"] = 0.0
    cohort_endpoints(cohort)
    assert parsed.count("read_endpoints") == 3
    spec = json.loads(cohort.uns["stratomics"]["spec"])
    spec["endpoints"]["os"] = {"kind": "survival", **spec["endpoints"].pop("survival"), "unit": "months"}
    cohort.uns["stratomics"]["spec"] = json.dumps(spec)
    assert cohort_spec(cohort).primary_endpoint == "os"
    assert cohort_endpoints(cohort).survival().unit == "months"


@pytest.mark.parametrize("copied", [True, False], ids=["copy", "view"])
def test_a_subset_has_the_endpoints_of_its_patients(copied: bool, write_small: Callable[..., Path]) -> None:
    cohort = read_cohort(write_small())
    whole = cohort_endpoints(cohort)
    rows = np.array([7, 3, 21])
    part = cohort[rows].copy() if copied else cohort[rows]
    kept = cohort.obs_names.get_indexer(part.obs_names)
    np.testing.assert_array_equal(cohort_endpoints(part).named["survival"].time, whole.survival().time[kept])
    assert cohort_spec(part) == cohort_spec(cohort)
    np.testing.assert_array_equal(cohort_endpoints(cohort).survival().time, whole.survival().time)


def test_a_source_without_a_specification_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match=f"stratomics init {tmp_path}"):
        read.read_cohort(tmp_path)
    (tmp_path / "cells.h5ad").write_bytes(b"")
    with pytest.raises(CohortError, match=r"use stratomics\.cohort in Python"):
        read.read_cohort(tmp_path / "cells.h5ad")
