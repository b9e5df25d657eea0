"""Whether the treatment effect differs between groups of patients: the interaction of group and arm."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2, norm

from models.linear.group_ridge import likelihood_of, ridge
from omics.cohort.endpoints import Response, Survival
from omics.common.errors import DataError
from stratomics.strata.groups.outcomes import coded_groups, strata_of

__all__ = ["ArmEffect", "GroupInteraction", "group_interaction"]

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

PENALTY = 1e-6
"""Penalty that keeps coefficients finite where an arm of a group has no event."""

DIVERGED = 10.0
"""A log ratio, or half of its interval, beyond this value is taken to diverge."""

Z = float(norm.ppf(0.975))


@dataclass(frozen=True)
class ArmEffect:
    """Treatment effect in one group: hazard ratio or odds ratio of treated to control, with its 95% interval (Wald).

    NaN without a finite estimate, as where an arm has no event.
    """

    group: str
    treated: int
    control: int
    ratio: float
    low: float
    high: float


@dataclass(frozen=True)
class GroupInteraction:
    """Effects of all groups, and the likelihood ratio test of one effect for all of them.

    Attributes
    ----------
    effects
        One per group.
    statistic, degrees, p
        Chi-squared statistic, its degrees of freedom and the p value. A small p is evidence that the relative effect
        differs; an absolute benefit differs whenever the prognosis does.
    """

    effects: tuple[ArmEffect, ...]
    statistic: float
    degrees: int
    p: float


def group_interaction(
    group: NDArray[Any], endpoint: Survival | Response, arm: Array, stratum: Rows | None = None
) -> GroupInteraction:
    """Test the interaction of groups with the treatment, by Cox or logistic regression.

    Both models have the groups and the arm; one has an effect of the arm for each group. Cox 1972, doi
    10.1111/j.2517-6161.1972.tb00899.x, with Efron's ties.

    Parameters
    ----------
    group
        (n,) group of each patient, learned without the outcome; missing for patients in none.
    endpoint
        Survival or response of the n patients; those without it are left out.
    arm
        (n,) as from :func:`omics.cohort.arms.arm_codes`; patients in neither arm are left out.
    stratum
        (n,) site or covariate that both models are stratified by, or adjusted for with a response.

    Returns
    -------
    GroupInteraction
        Effect in each group, and the test.

    Raises
    ------
    DataError
        If a group lacks an arm, or the endpoint has no event or one class in these patients.
    """
    names, code, rows = coded_groups(group, endpoint.observed & (arm != 0))
    part, sign = endpoint.take(rows), np.sign(arm[rows])
    part.check_learnable("outcome")
    for number, name in enumerate(names):
        for side, label in ((1, "treated"), (-1, "control")):
            if not ((code == number) & (sign == side)).any():
                raise DataError(
                    f"group '{name}' has no {label} patient, so its treatment effect cannot be estimated; leave it out"
                )
    if stratum is not None and isinstance(part, Survival):
        columns = [column for column in (part.stratum, stratum[rows]) if column is not None]
        part = dataclasses.replace(part, stratum=strata_of(*map(pd.Series, columns)))
    main = _dummies(code)
    if stratum is not None and isinstance(part, Response):
        main = np.column_stack([main, _dummies(stratum[rows])])
    own = np.equal.outer(code, np.arange(len(names))) * (sign / 2.0)[:, None]
    one_effect, _, _ = _fit(np.column_stack([own.sum(axis=1), main]), part)
    each, coefficients, variance = _fit(np.column_stack([own, main]), part)
    statistic, degrees = max(2.0 * (each - one_effect), 0.0), len(names) - 1
    effects = tuple(
        _effect(name, sign[code == n], coefficients[n], variance[n]) for n, name in enumerate(names)
    )
    return GroupInteraction(effects, statistic, degrees, float(chi2.sf(statistic, degrees)))


def _dummies(code: Rows) -> Array:
    """(n, levels - 1) indicators of all levels but the first."""
    return np.equal.outer(code, np.unique(code)[1:]).astype(np.float64)


def _fit(x: Array, endpoint: Survival | Response) -> tuple[float, Array, Array]:
    """Log likelihood, coefficients (p,) and their variances (p,)."""
    likelihood = likelihood_of(endpoint)
    coefficients, hessian = ridge(x, np.full(x.shape[1], PENALTY), likelihood)
    return -len(x) * likelihood.loss(x @ coefficients), coefficients, np.diag(np.linalg.inv(hessian))


def _effect(group: str, sign: Array, log_ratio: float, variance: float) -> ArmEffect:
    treated, control = int((sign > 0).sum()), int((sign < 0).sum())
    width = Z * float(np.sqrt(variance))
    if max(abs(log_ratio), width) > DIVERGED:
        return ArmEffect(group, treated, control, *[float("nan")] * 3)
    ratio, low, high = (float(np.exp(log_ratio + side * width)) for side in (0.0, -1.0, 1.0))
    return ArmEffect(group, treated, control, ratio, low, high)
