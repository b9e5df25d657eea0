"""Folds: each patient once, events balanced, families together, and the same folds for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from datamodules.split import stratified_folds
from omics.cohort.read import cohort_endpoints, read_cohort
from omics.common.errors import CohortError, DataError


def test_each_patient_is_tested_once_per_repeat(acc: Any) -> None:
    folds = stratified_folds(acc, 5, 3, 1, "outer")
    assert len(folds) == 15
    for repeat in range(3):
        tested = np.concatenate([f.test for f in folds if f.repeat == repeat])
        assert sorted(tested) == list(range(92))
    for fold in folds:
        assert sorted([*fold.train, *fold.test]) == list(range(92))


def test_events_are_balanced_over_folds(acc: Any) -> None:
    event = cohort_endpoints(acc).survival().event
    counts = [event[f.test].sum() for f in stratified_folds(acc, 5, 4, 1, "outer")]
    assert set(counts) <= {6, 7}


def test_folds_depend_on_seed_and_name(acc: Any) -> None:
    def parts(seed: int, name: str) -> list[list[int]]:
        return [list(f.test) for f in stratified_folds(acc, 5, 1, seed, name)]

    assert parts(1, "outer") == parts(1, "outer")
    assert parts(1, "outer") != parts(2, "outer")
    assert parts(1, "outer") != parts(1, "inner")


def test_a_repeat_does_not_depend_on_the_number_of_repeats(acc: Any) -> None:
    few, many = stratified_folds(acc, 5, 1, 1, "outer"), stratified_folds(acc, 5, 4, 1, "outer")
    for one, two in zip(few, many, strict=False):
        np.testing.assert_array_equal(one.test, two.test)


def test_families_stay_together(write_small: Callable[..., Path]) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["outcome"]["family"] = [f"f{i // 4}" for i in range(40)]
        spec["group"] = "family"

    cohort = read_cohort(write_small(change))
    family = cohort.obs["family"].to_numpy()
    for fold in stratified_folds(cohort, 3, 2, 1, "outer"):
        assert not set(family[fold.train]) & set(family[fold.test])


def test_a_missing_family_is_named(write_small: Callable[..., Path]) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["outcome"]["family"] = [None, *[f"f{i}" for i in range(39)]]
        spec["group"] = "family"

    with pytest.raises(CohortError) as caught:
        stratified_folds(read_cohort(write_small(change)), 3, 1, 1, "outer")
    assert (caught.value.code, caught.value.patient) == ("missing_group", "p000")


def test_arms_are_balanced_over_folds(write_small: Callable[..., Path]) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["outcome"]["arm"] = ["a", "b"] * 20
        spec["arm"] = {"column": "arm", "control": "a"}

    cohort = read_cohort(write_small(change))
    arm = cohort.obs["arm"].to_numpy() == "a"
    shares = [arm[f.test].mean() for f in stratified_folds(cohort, 4, 3, 1, "outer")]
    assert 0.3 <= min(shares) <= max(shares) <= 0.7


def test_too_few_events_raise_an_error(write_small: Callable[..., Path]) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["outcome"]["event"] = [1, 1, 1] + [0] * 37

    with pytest.raises(DataError, match=r"has 3 event\(s\).*5 folds"):
        stratified_folds(read_cohort(write_small(change)), 5, 1, 1, "outer")


def test_classes_are_balanced_in_every_arm(write_response: Callable[..., Path]) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["outcome"]["arm"] = ["a"] * 20 + ["b"] * 20
        frames["outcome"]["response"] = ([1] * 8 + [0] * 12) * 2
        spec["arm"] = {"column": "arm", "control": "a"}

    cohort = read_cohort(write_response(change))
    response, arm = cohort_endpoints(cohort).response(), cohort.obs["arm"].to_numpy()
    for fold in stratified_folds(cohort, 4, 3, 1, "outer"):
        for name in ("a", "b"):
            rows = fold.test[arm[fold.test] == name]
            assert (len(rows), response.positive[rows].sum()) == (5, 2)


def test_patients_without_response_are_balanced_over_folds(write_response: Callable[..., Path]) -> None:
    cohort = read_cohort(write_response())
    observed = cohort_endpoints(cohort).response().observed
    assert [int((~observed[f.test]).sum()) for f in stratified_folds(cohort, 4, 1, 1, "outer")] == [
        1,
        1,
        1,
        1,
    ]


@pytest.mark.parametrize("few", ["positive", "negative"])
def test_a_class_smaller_than_the_folds_raises_an_error(
    few: str, write_response: Callable[..., Path]
) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["outcome"]["response"] = [int(few == "positive")] * 3 + [int(few == "negative")] * 37

    with pytest.raises(DataError, match=rf"has 3 {few} patient\(s\).*5 folds.*lower split.folds"):
        stratified_folds(read_cohort(write_response(change)), 5, 1, 1, "outer")


def test_an_endpoint_of_the_other_kind_raises_an_error(write_response: Callable[..., Path], acc: Any) -> None:
    with pytest.raises(DataError, match="'response' is a response endpoint, and this needs a survival"):
        cohort_endpoints(read_cohort(write_response())).survival()
    with pytest.raises(DataError, match="'survival' is a survival endpoint, and this needs a response"):
        cohort_endpoints(acc).response()
