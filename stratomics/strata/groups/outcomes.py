"""What groups of patients mean for outcomes: survival and response of each, and whether they differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.survival.log_rank import log_rank_groups
from omics.cohort.endpoints import Response, Survival
from omics.common.errors import DataError
from stratomics.evaluation.intervals import exact_interval
from stratomics.evaluation.p_values import permutation_p
from stratomics.strata.groups.given_labels import class_name
from stratomics.strata.groups.group_curve import GroupCurve, group_curve

__all__ = [
    "GroupResponse",
    "GroupTest",
    "ResponseByGroup",
    "SurvivalByGroup",
    "coded_groups",
    "response_by_group",
    "strata_of",
    "survival_by_group",
]

Rows = NDArray[np.int64]
Labels = NDArray[Any]

DRAWS = 999

DIGITS = 9
"""Digits of a statistic that count, so that permutations with the same patients in each group are tied."""


@dataclass(frozen=True)
class GroupTest:
    """Test of no difference between groups.

    Attributes
    ----------
    statistic
        Chi-squared statistic.
    degrees
        Its degrees of freedom; 0 if the groups cannot be compared, as where each stratum has one group only.
    p_large_sample
        By the chi-squared distribution; NaN without degrees of freedom.
    p
        Share of permutations of the groups with a statistic at least as high; NaN without degrees of freedom.
    draws
        Number of permutations.
    strata
        Number of strata; patients are compared, and groups permuted, within them.
    """

    statistic: float
    degrees: int
    p_large_sample: float
    p: float
    draws: int
    strata: int


@dataclass(frozen=True)
class SurvivalByGroup:
    """Names of the groups, the Kaplan-Meier curve of each, and the log-rank test."""

    groups: tuple[str, ...]
    curves: tuple[GroupCurve, ...]
    test: GroupTest


@dataclass(frozen=True)
class GroupResponse:
    """Response of one group: number of patients, of whom positive, and the rate with its exact 95% interval."""

    group: str
    patients: int
    positive: int
    rate: float
    low: float
    high: float


@dataclass(frozen=True)
class ResponseByGroup:
    """Response rate of each group, and the test of equal rates."""

    rates: tuple[GroupResponse, ...]
    test: GroupTest


def survival_by_group(
    group: Labels, survival: Survival, stratum: Rows | None = None, *, draws: int = DRAWS, seed: int = 0
) -> SurvivalByGroup:
    """Estimate the survival of each group, and test whether the groups differ by the log-rank test.

    Mantel 1966; Peto and Peto 1972, doi 10.2307/2344317. Groups are permuted, since the chi-squared distribution is
    inaccurate for small groups. The test is valid if the outcome was not used to learn the groups or their number; for
    groups that it guided, see :mod:`stratomics.strata.groups.guided`.

    Parameters
    ----------
    group
        (n,) group of each patient; missing for patients in none.
    survival
        Endpoint of the n patients; those without it are left out.
    stratum
        (n,) site or covariate within which patients are compared, from :func:`strata_of`; one stratum by default.
    draws, seed
        Number of permutations, and their seed.

    Returns
    -------
    SurvivalByGroup
        Curves and test.
    """
    names, code, rows = coded_groups(group, survival.observed)
    part = survival.take(rows)
    times = (part.event, part.time, part.entry)
    test = _test(code, *times, None if stratum is None else stratum[rows], draws, seed)
    curves = tuple(group_curve(part.take(np.flatnonzero(code == number))) for number in range(len(names)))
    return SurvivalByGroup(names, curves, test)


def response_by_group(
    group: Labels, response: Response, stratum: Rows | None = None, *, draws: int = DRAWS, seed: int = 0
) -> ResponseByGroup:
    """Estimate the response rate of each group, and test whether the groups differ.

    The generalized Cochran-Mantel-Haenszel statistic (Landis et al. 1978, doi 10.2307/1402373); without strata it is
    Pearson's chi-squared times (n - 1) / n. Groups are permuted. When the test is valid: see :func:`survival_by_group`.

    Parameters
    ----------
    group
        (n,) group of each patient; missing for patients in none.
    response
        Endpoint of the n patients; those without it are left out.
    stratum
        (n,) site or covariate within which patients are compared, from :func:`strata_of`; one stratum by default.
    draws, seed
        Number of permutations, and their seed.

    Returns
    -------
    ResponseByGroup
        Rates and test.
    """
    names, code, rows = coded_groups(group, response.observed)
    positive = response.positive[rows]
    # Responses are events at one time, at which all patients are at risk: the log-rank statistic is that of the table.
    test = _test(
        code, positive, np.ones(len(rows)), None, None if stratum is None else stratum[rows], draws, seed
    )
    return ResponseByGroup(tuple(_rate(name, positive[code == n]) for n, name in enumerate(names)), test)


def strata_of(*columns: pd.Series[Any]) -> Rows:
    """Code the combinations (n,) of the values of columns (n,) each; a missing value is a value of its own.

    Examples
    --------
    >>> strata_of(pd.Series(["a", "a", "b"]), pd.Series([1, 2, 1])).tolist()
    [0, 1, 2]
    """
    codes = np.column_stack([pd.factorize(column, sort=True)[0] for column in columns])
    return np.unique(codes, axis=0, return_inverse=True)[1].reshape(-1).astype(np.int64)


def coded_groups(group: Labels, observed: NDArray[np.bool_]) -> tuple[tuple[str, ...], Rows, Rows]:
    """Code the groups of the patients who have one and an outcome.

    Parameters
    ----------
    group
        (n,) group of each patient, or missing.
    observed
        (n,) whether the patient has the outcome.

    Returns
    -------
    names
        Of the groups, sorted.
    code
        (m,) position in `names` of the patients `rows`.
    rows
        (m,) patients with a group and an outcome.

    Raises
    ------
    DataError
        If fewer than two groups have patients with an outcome.
    """
    rows = np.flatnonzero(observed & pd.notna(group))
    code, values = pd.factorize(np.asarray(group)[rows], sort=True)
    if len(values) < 2:  # noqa: PLR2004  # a group is compared with another one
        raise DataError(
            "fewer than two groups have patients with an outcome, so there is nothing to compare; give other groups or "
            "another endpoint"
        )
    return tuple(map(class_name, values)), code.astype(np.int64), rows


def _test(
    code: Rows,
    event: NDArray[np.bool_],
    time: NDArray[np.float64],
    entry: NDArray[np.float64] | None,
    stratum: Rows | None,
    draws: int,
    seed: int,
) -> GroupTest:
    def statistic(order: Rows) -> float:
        return round(log_rank_groups(code[order], event, time, entry, stratum)[0], DIGITS)

    chi_squared, degrees, p = log_rank_groups(code, event, time, entry, stratum)
    strata = 1 if stratum is None else len(np.unique(stratum))
    permuted = permutation_p(statistic, len(code), draws, seed, stratum) if degrees else float("nan")
    return GroupTest(chi_squared, degrees, p, permuted, draws, strata)


def _rate(group: str, positive: NDArray[np.bool_]) -> GroupResponse:
    count, n = int(positive.sum()), len(positive)
    return GroupResponse(group, n, count, count / n, *exact_interval(count, n))
