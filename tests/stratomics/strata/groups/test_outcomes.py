"""Outcomes of groups: published subtypes of adrenal cancer, SciPy as oracle, strata, and limits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency

from omics.cohort.endpoints import Response, Survival
from omics.cohort.read import cohort_endpoints
from omics.common.errors import DataError
from stratomics.strata.groups.outcomes import coded_groups, response_by_group, strata_of, survival_by_group

Find = Callable[[str], Path]
Array = np.ndarray


def everyone(n: int) -> Array:
    return np.ones(n, dtype=bool)


@pytest.mark.parametrize(
    ("label", "n", "events", "statistic", "degrees", "p"),
    [
        ("C1A.C1B", 78, 27, 19.976506, 1, 7.84e-6),
        ("COC", 76, 26, 17.453759, 2, 1.622e-4),
        ("mRNA_K4", 78, 27, 25.559534, 3, None),
        ("MethyLevel", 79, 28, 20.917357, 2, None),
        ("SCNA.cluster", 89, 32, 14.018697, 2, None),
        ("miRNA.cluster", 79, 28, 6.258872, 5, 0.2818),
        ("protein.cluster", 45, 13, 11.234645, 2, 0.003634),
    ],
)
def test_log_rank_of_published_subtypes_is_that_of_lifelines(
    acc: Any, shared: Find, label: str, n: int, events: int, statistic: float, degrees: int, p: float | None
) -> None:
    """Figures made once with lifelines.statistics.multivariate_logrank_test."""
    table = pd.read_csv(shared("strata/tcga_acc_subtypes") / "labels.csv", index_col=0)
    survival = cohort_endpoints(acc).survival()
    result = survival_by_group(table[label].reindex(acc.obs_names).to_numpy(), survival, draws=99)
    assert sum(len(curve.survival.time) for curve in result.curves) == n
    assert sum(curve.survival.event.sum() for curve in result.curves) == events
    assert result.test.statistic == pytest.approx(statistic, abs=1e-6)
    assert (result.test.degrees, result.test.strata) == (degrees, 1)
    if p is not None:
        assert result.test.p_large_sample == pytest.approx(p, rel=1e-3)
        assert result.test.p == pytest.approx(p, abs=0.15)
    assert len(result.groups) == degrees + 1
    assert result.groups[0] != "1.0"


def test_the_permutation_p_of_few_patients_is_that_of_all_orders() -> None:
    time = np.arange(1.0, 7.0)
    survival = Survival(time, everyone(6), everyone(6))
    result = survival_by_group(np.array(["a"] * 3 + ["b"] * 3), survival, draws=999, seed=3)
    # Of 20 ways to choose three of six patients, two separate early from late events.
    assert result.test.p == pytest.approx(0.1, abs=0.03)


def test_response_is_tested_by_pearsons_statistic() -> None:
    rng = np.random.default_rng(1)
    group, positive = rng.integers(3, size=60), rng.random(60) < 0.4
    result = response_by_group(group, Response(positive, everyone(60)), draws=1999)
    table = pd.crosstab(group, positive).to_numpy()
    oracle = chi2_contingency(table, correction=False)
    assert result.test.statistic == pytest.approx(oracle.statistic * 59 / 60)
    assert result.test.degrees == oracle.dof == 2
    assert result.test.p == pytest.approx(oracle.pvalue, abs=0.04)
    assert [(rate.group, rate.patients, rate.positive) for rate in result.rates] == [
        (str(number), int(row.sum()), int(row[1])) for number, row in enumerate(table)
    ]
    assert all(0 <= rate.low < rate.rate < rate.high <= 1 for rate in result.rates)


def two_sites(*counts: int) -> tuple[Array, Array, Array]:
    """Site, group and response of patients, from numbers by site, group and response."""
    cells = np.repeat(np.arange(8), counts)
    return cells // 4, cells // 2 % 2, cells % 2 == 1


def test_within_sites_it_is_the_statistic_of_cochran_mantel_and_haenszel() -> None:
    """Figure made once with statsmodels.stats.contingency_tables.StratifiedTable.test_null_odds."""
    site, group, positive = two_sites(62, 15, 14, 9, 12, 11, 13, 64)
    result = response_by_group(group, Response(positive, everyone(200)), site)
    assert result.test.statistic == pytest.approx(14.307309848725264)
    assert (result.test.degrees, result.test.strata) == (1, 2)
    assert result.test.p < 0.01


def test_a_site_that_explains_the_difference_is_adjusted_for() -> None:
    # The group follows the site, and so does the response: within a site they are independent.
    site, group, positive = two_sites(64, 16, 16, 4, 4, 16, 16, 64)
    response = Response(positive, everyone(200))
    assert response_by_group(group, response).test.p < 0.01
    adjusted = response_by_group(group, response, strata_of(pd.Series(site)))
    assert adjusted.test.statistic == pytest.approx(0.0)
    assert adjusted.test.p == 1.0
    survival = Survival(np.where(positive, 1.0, 2.0), everyone(200), everyone(200))
    assert survival_by_group(group, survival).test.p < 0.01
    assert survival_by_group(group, survival, site).test.p > 0.5


def test_groups_of_one_site_each_cannot_be_compared() -> None:
    site = np.repeat([0, 1], 10)
    result = survival_by_group(site, Survival(np.arange(1.0, 21.0), everyone(20), everyone(20)), site)
    assert result.test.degrees == 0
    assert np.isnan([result.test.p, result.test.p_large_sample]).all()


def test_patients_without_a_group_or_outcome_are_left_out() -> None:
    group = np.array(["b", None, "a", "b", "a", "a"], dtype=object)
    observed = np.array([True, True, False, True, True, True])
    names, code, rows = coded_groups(group, observed)
    assert (names, code.tolist(), rows.tolist()) == (("a", "b"), [1, 1, 0, 0], [0, 3, 4, 5])
    with pytest.raises(DataError, match="fewer than two groups"):
        coded_groups(group, np.arange(6) == 0)


def test_strata_are_combinations_and_a_missing_value_is_one() -> None:
    assert strata_of(pd.Series(["x", None, "x", None]), pd.Series([1, 1, 2, 1])).tolist() == [1, 0, 2, 0]
