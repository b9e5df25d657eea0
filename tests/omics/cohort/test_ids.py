from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from omics.checks.check_cohort import check_cohort
from omics.cohort.ids import check_id, matching_pattern, patient_ids
from omics.cohort.read import read_cohort
from omics.common.errors import CohortError

Frames, Spec = dict[str, pd.DataFrame], dict[str, Any]


def samples_of(frames: Frames, spec: Spec) -> None:
    """The first five patients have two samples of rna, of which the second is twice the first."""
    first = frames["rna"].assign(sample_id=frames["rna"]["sample_id"] + "-T1")
    second = frames["rna"].head(5).assign(sample_id=frames["rna"]["sample_id"].head(5) + "-T2")
    values = frames["rna"].columns[1:]
    second[values] = 2 * second[values]
    frames["rna"] = pd.concat([first, second], ignore_index=True)


@pytest.mark.parametrize(("rule", "factor"), [("first", 1.0), ("mean", 1.5), ("sum", 3.0)])
def test_several_samples_of_a_patient_follow_the_stated_rule(
    rule: str, factor: float, write_small: Callable[..., Path]
) -> None:
    plain = read_cohort(write_small())["rna"]

    def change(frames: Frames, spec: Spec) -> None:
        samples_of(frames, spec)
        spec["views"]["rna"] |= {"id": {"pattern": r"^(p\d+)-"}, "samples_per_patient": rule}

    view = read_cohort(write_small(change))["rna"]
    assert list(view.obs_names) == list(plain.obs_names)
    np.testing.assert_allclose(view.X[:5], factor * plain.X[:5])
    np.testing.assert_allclose(view.X[5:], plain.X[5:])
    assert "5 patient(s) have several samples in 10 rows" in view.uns["left_out"][0]


def test_without_a_rule_several_samples_are_refused_and_a_pattern_is_offered(
    write_small: Callable[..., Path],
) -> None:
    with pytest.raises(
        CohortError, match=r"'p000-T1' is 'p000' there: declare id: \{pattern: '\^\(\[\^-\]\+\)'\}"
    ):
        read_cohort(write_small(samples_of))

    def change(frames: Frames, spec: Spec) -> None:
        samples_of(frames, spec)
        spec["views"]["rna"]["id"] = {"pattern": "^([^-]+)"}

    with pytest.raises(CohortError, match=r"patient 'p000' has 2 samples \(p000-T1, p000-T2\)"):
        read_cohort(write_small(change))


def test_patients_who_are_not_in_the_samples_table_are_left_out_or_refused(
    write_small: Callable[..., Path],
) -> None:
    def more(frames: Frames, spec: Spec) -> None:
        frames["outcome"] = frames["outcome"].iloc[:-3]

    folder = write_small(more)
    cohort = read_cohort(folder)
    assert (cohort.n_obs, cohort["rna"].n_obs) == (37, 37)
    (finding,) = (f for f in check_cohort(folder) if f.code == "patients_left_out" and f.place == "rna")
    assert (
        "3 of 40 patient(s) who are not in the samples table left out: p037, p038, p039" in finding.sentence
    )

    def strict(frames: Frames, spec: Spec) -> None:
        more(frames, spec)
        spec["strict"] = True

    with pytest.raises(CohortError) as raised:
        read_cohort(write_small(strict))
    assert raised.value.code == "unknown_patient"


def test_ids_of_the_samples_table_by_a_pattern(write_small: Callable[..., Path]) -> None:
    def change(frames: Frames, spec: Spec) -> None:
        frames["outcome"]["sample_id"] = "site1/" + frames["outcome"]["sample_id"]
        spec["samples"]["id"] = {"column": "sample_id", "pattern": "/(.+)$"}

    assert list(read_cohort(write_small(change)).obs_names[:2]) == ["p000", "p001"]


@pytest.mark.parametrize(
    ("names", "patients", "pattern"),
    [
        (
            ["TCGA-AB-0001-01A-11R", "TCGA-CD-0002-11A"],
            ["TCGA-AB-0001", "TCGA-CD-0002"],
            r"^(TCGA-\w\w-\w{4})",
        ),
        (["P-0001-T01-IM3", "P-0002-T02-IM5"], ["P-0001", "P-0002"], "^([^-]+-[^-]+)"),
        (["X1001", "X1002"], ["1001", "1002"], "^X(.+)$"),
        (["tumor.12", "tumor.13"], ["12", "13"], r"^[^-_.]+[-_.](.+)$"),
        (["A1", "B2"], ["C7", "C8"], None),
    ],
)
def test_a_pattern_is_offered_only_if_it_gives_patients(
    names: list[str], patients: list[str], pattern: str | None
) -> None:
    assert matching_pattern(names, pd.Index(patients)) == pattern


@pytest.mark.parametrize(
    "value", [7, {"pattern": "([^-]+"}, {"pattern": "P.*"}, {"pattern": "(a)(b)"}, {"name": "x"}, {}]
)
def test_a_wrong_key_is_refused(value: Any) -> None:
    with pytest.raises(CohortError) as raised:
        check_id(value, "view 'rna'", "cohort.yaml")
    assert raised.value.code in ("wrong_type", "bad_pattern")


def test_an_id_that_does_not_match_is_named() -> None:
    with pytest.raises(CohortError, match="'Q7' does not match"):
        patient_ids(pd.Index(["P1-a", "Q7"]), {"pattern": "^(P[0-9]+)"}, "rna.csv")
