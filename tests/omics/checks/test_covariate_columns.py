from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from omics.checks.check_cohort import check_cohort

Frames, Spec = dict[str, pd.DataFrame], dict[str, Any]
Write = Callable[..., Path]


def sentences(folder: Path, code: str) -> list[str]:
    return [f.sentence for f in check_cohort(folder) if f.code == code]


def covariate(name: str, values: list[Any]) -> Callable[[Frames, Spec], None]:
    def change(frames: Frames, spec: Spec) -> None:
        frames["outcome"][name] = (values * 40)[:40]
        spec["covariates"] = [name]

    return change


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ([50, 61, 999, 47], 999),
        ([1, 2, 3, 9], 9),
        ([0.5, 1.5, -9, 2.5], -9),
        ([20, 30, -1, 40], -1),
        ([20, 30, 99, 90], None),
        ([1, 2, 3, 8, 9], None),
        ([-3, -2, -1, 4], None),
        ([9, 9, 9, 9], None),
        ([50, 61, 998, 47], None),
    ],
)
def test_a_value_that_repeats_far_from_all_others(
    values: list[float], code: int | None, write_small: Write
) -> None:
    found = sentences(write_small(covariate("score", values)), "codes_of_unknown")
    assert bool(found) == (code is not None)
    if code is not None:
        assert f"score {code} in 10 patients" in found[0]
        assert f"missing: {{score: {code}}}" in found[0]


def test_one_far_value_is_no_code(write_small: Write) -> None:
    assert not sentences(write_small(covariate("score", [*range(1, 40), 999])), "codes_of_unknown")


@pytest.mark.parametrize(
    ("name", "values", "is_code"),
    [
        ("race", [1, 2, 3], True),
        ("ICD_O", [8140, 8500, 9440], True),
        ("icd", [8140, 8500, 9440], True),
        ("tumor_type", [1, 2, 3], True),
        ("race", [1, 2], False),
        ("race", ["A", "B", "C"], False),
        ("region", [0.5, 1.5, 2.5], False),
        ("sites_involved", [1, 2, 3], False),
        ("age", [50, 60, 70], False),
    ],
)
def test_codes_by_the_name_of_the_column(
    name: str, values: list[Any], is_code: bool, write_small: Write
) -> None:
    found = sentences(write_small(covariate(name, values)), "category_as_number")
    assert bool(found) == is_code


@pytest.mark.parametrize(
    ("factor", "is_time"), [(1.0, True), (1 / 30.4375, True), (1 / 365.25, True), (None, False)]
)
def test_the_time_in_another_unit(factor: float | None, is_time: bool, write_small: Write) -> None:
    def change(frames: Frames, spec: Spec) -> None:
        rng = np.random.default_rng(0)
        time = frames["outcome"]["time"]
        frames["outcome"]["followed"] = time * factor if factor else time * rng.uniform(0.5, 1.5, len(time))
        spec["covariates"] = ["followed"]

    assert bool(sentences(write_small(change), "time_as_covariate")) == is_time


def test_covariates_are_described(write_small: Write) -> None:
    def change(frames: Frames, spec: Spec) -> None:
        frames["outcome"].loc[:2, "age"] = np.nan
        frames["outcome"].loc[3:, "age"] = [*range(40, 77)]

    assert sentences(write_small(change), "covariates") == ["age 40 to 76 (3 missing); stage 3 categories"]
