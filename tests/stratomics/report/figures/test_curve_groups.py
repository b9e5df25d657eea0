"""Groups whose curves are drawn: lifelines as the oracle of their comparison, and a table of every time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lifelines.statistics import logrank_test

from omics.cohort.endpoints import Survival
from stratomics.report.figures.curve_groups import compare_groups, curve_groups, curves_table
from stratomics.report.figures.time_axis import time_axis

NAMES = ("placebo", "new")


def trial(n: int = 80, ratio: float = 0.5) -> tuple[Survival, np.ndarray]:
    rng = np.random.default_rng(4)
    group = rng.permutation(n) % 2
    time = rng.exponential(np.where(group == 1, 900.0 / ratio, 900.0))
    return Survival(np.minimum(time, 2500.0), time < 2500.0, np.ones(n, dtype=bool)), group


def test_the_test_is_that_of_lifelines() -> None:
    survival, group = trial()
    first, second = group == 0, group == 1
    oracle = logrank_test(
        survival.time[first], survival.time[second], survival.event[first], survival.event[second]
    )
    compared = compare_groups(survival, group, NAMES)
    assert compared.p == pytest.approx(oracle.p_value)
    assert compared.ratio is not None
    assert compared.ratio.low < compared.ratio.estimate < 1.0
    assert compared.text.startswith(f"{compared.ratio.estimate:.2f} (95% ")


def test_three_groups_have_no_ratio() -> None:
    survival, _ = trial()
    compared = compare_groups(survival, np.arange(80) % 3, ("a", "b", "c"))
    assert len(compared.lines) == 1
    assert compared.lines[0].startswith("Log-rank p ")
    assert compared.text == compared.lines[0].lower()


def test_the_table_has_every_time_of_each_group() -> None:
    survival, group = trial()
    groups = curve_groups(survival, group, NAMES)
    axis = time_axis(float(survival.time.max()), "days")
    table = curves_table(groups, axis.unit)
    assert isinstance(table, pd.DataFrame)
    placebo = table[table["group"] == "placebo"]
    assert len(placebo) == len(np.unique(survival.time[group == 0]))
    assert (np.diff(placebo["survival"]) <= 0).all()
    assert (placebo["low"] <= placebo["survival"]).all()
    assert placebo["time in years"].max() == pytest.approx(survival.time[group == 0].max() / 365.25)
