"""Groups of another cohort: small ones are named, differences have intervals, pairs are crossed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from response_cases import one_fold
from survival_cases import made_up

from omics.common.errors import ConfigError
from stratomics.evaluation.comparison import resamples
from stratomics.transportability.groups import declared_groups, group_results

N = 200
RNG = np.random.default_rng(0)
P = RNG.uniform(0.05, 0.95, N)
CASES = one_fold(RNG.random(N) < P, P[None], np.stack([P < 0.7, P > 0.3], axis=-1)[None])
WEIGHT = resamples(np.arange(N), 200, 1)


def table() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "sample_id": [f"p{i}" for i in range(N)],
            "site": np.where(np.arange(N) == 0, "<b>alone</b>", "north"),
            "covariate.sex": np.where(np.arange(N) % 2, "f", "m"),
            "covariate.ancestry": np.where(np.arange(N) % 10 == 0, "rare", "common"),
            "covariate.crp": np.arange(N) / 7,
        }
    )


def test_a_group_of_one_patient_is_named_as_unknown() -> None:
    by = declared_groups(table(), ("site", "ancestry"))
    found = group_results(CASES, by, WEIGHT, np.arange(N) < 50, np.arange(N) % 4 == 0)
    rows = {(row.by, row.level): row for row in found.rows}
    alone = rows["site", "<b>alone</b>"]
    assert (alone.patients, alone.known, alone.discrimination, alone.difference) == (1, False, None, None)
    assert alone.coverage is not None
    north = rows["site", "north"]
    assert north.known
    # The others are one patient, with whom nothing can be compared.
    assert north.difference is None
    assert north.selected == pytest.approx({"estimate": 49 / 199, "low": 0.18812, "high": 0.31199}, abs=1e-3)
    assert {(row.by, row.known) for row in found.rows if " and " in row.by} <= {("site and ancestry", True)}


def test_difference_is_that_of_both_discriminations() -> None:
    found = group_results(CASES, declared_groups(table(), ("sex",)), WEIGHT)
    male, female = sorted(found.rows, key=lambda row: row.level, reverse=True)
    assert male.difference is not None
    expected = male.discrimination["estimate"] - female.discrimination["estimate"]
    assert male.difference["estimate"] == pytest.approx(expected)
    assert female.difference["estimate"] == pytest.approx(-expected)
    assert male.difference["low"] < expected < male.difference["high"]
    [test] = found.tests
    assert test.levels == 2
    assert test.p == test.p_holm > 0.001


def test_survival_groups_have_no_sets() -> None:
    cases = made_up(n=120, repeats=1, folds=1)
    found = group_results(
        cases, {"arm": pd.Categorical(np.arange(120) % 2)}, resamples(np.arange(120), 50, 1)
    )
    assert [row.coverage for row in found.rows] == [None, None]
    assert all(row.known and row.ratio is not None for row in found.rows)


def test_constant_columns_are_no_groups_unless_they_are_named() -> None:
    patients = table().assign(site="north")
    assert list(declared_groups(patients, None)) == ["sex"]
    assert list(declared_groups(patients, ("site", "sex"))) == ["site", "sex"]


@pytest.mark.parametrize(
    ("name", "message"),
    [("gender", "records no 'gender'.*sex"), ("crp", "'crp' has 200 values.*at most 20")],
)
def test_wrong_groups_are_one_sentence(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        declared_groups(table(), (name,))
