"""Whether a predicted benefit comes true: its line, its quantiles, the value of treating by it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DataError
from stratomics.enrichment.effects.effect import Effect

__all__ = ["BestLine", "Policy", "benefit_by_quantile", "best_line", "c_for_benefit", "policy_value"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class BestLine:
    """Best linear predictor of the benefit: benefit = mean + slope x (predicted - mean predicted).

    A slope of 1 is calibrated, 0 is no heterogeneity found, below 0 the wrong way round
    (Chernozhukov et al. 2025, doi 10.3982/ECTA19303).
    """

    mean: Effect
    slope: Effect

    @property
    def credible(self) -> bool:
        """Whether the interval of the slope lies above 0."""
        return self.slope.low > 0


def best_line(benefit: Array, predicted: Array) -> BestLine:
    """Regress the doubly robust benefit (n,) on the predicted one (n,), with HC3 standard errors.

    Raises
    ------
    DataError
        If all predictions are the same.

    Examples
    --------
    >>> predicted = np.array([0.0, 1.0, 2.0, 3.0])
    >>> round(best_line(2 * predicted, predicted).slope.estimate, 6)
    2.0
    """
    if not np.ptp(predicted) > 0:
        raise DataError(
            "every patient has the same predicted benefit, so it has no line; there is nothing to enrich"
        )
    x = np.column_stack([np.ones(len(predicted)), predicted - predicted.mean()])
    inverse = np.linalg.inv(x.T @ x)
    coefficients = inverse @ x.T @ benefit
    leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
    error = (benefit - x @ coefficients) / np.maximum(1.0 - leverage, 1e-12)
    covariance = inverse @ (x * error[:, None] ** 2).T @ x @ inverse
    se = np.sqrt(np.diag(covariance))
    mean, slope = (Effect.of(float(c), float(s), ratio=False) for c, s in zip(coefficients, se, strict=True))
    return BestLine(mean, slope)


def benefit_by_quantile(benefit: Array, predicted: Array, groups: int = 4) -> list[tuple[float, Effect]]:
    """Mean predicted benefit and observed one in each of `groups` equal parts, the lowest first.

    Examples
    --------
    >>> [round(p, 1) for p, _ in benefit_by_quantile(np.arange(8.0), np.arange(8.0), 2)]
    [1.5, 5.5]
    """
    parts = np.array_split(np.argsort(predicted, kind="stable"), groups)
    if min(len(part) for part in parts) < 2:  # noqa: PLR2004  # a deviation needs two
        raise DataError(f"{len(predicted)} patients do not make {groups} groups; ask for fewer")
    return [
        (
            float(predicted[part].mean()),
            Effect.of(
                float(benefit[part].mean()), float(benefit[part].std(ddof=1)) / len(part) ** 0.5, ratio=False
            ),
        )
        for part in parts
    ]


@dataclass(frozen=True)
class Policy:
    """What treating the chosen gains in the mean of all patients, against treating nobody and against everybody."""

    share: float
    over_nobody: Effect
    over_everybody: Effect


def policy_value(benefit: Array, chosen: NDArray[np.bool_]) -> Policy:
    """Value of a rule (n,) that was not learned from these patients.

    Examples
    --------
    >>> value = policy_value(np.array([1.0, 1.0, -1.0, -1.0]), np.array([True, True, False, False]))
    >>> value.over_nobody.estimate, value.over_everybody.estimate
    (0.5, 0.5)
    """
    gains = benefit * chosen, -benefit * ~chosen
    over = [Effect.of(float(g.mean()), float(g.std(ddof=1)) / len(g) ** 0.5, ratio=False) for g in gains]
    return Policy(float(chosen.mean()), *over)


def c_for_benefit(outcome: Array, treated: NDArray[np.bool_], predicted: Array) -> float:
    """Concordance for benefit (van Klaveren et al. 2018, doi 10.1016/j.jclinepi.2017.10.021): shown, never selected on.

    A treated patient and a control of the same rank of predicted benefit make a pair; pairs are compared by their
    difference of outcomes. It moves with the matching and is no proper score: a wrong model may have the higher one.

    Parameters
    ----------
    outcome
        (n,) more is better, freed of censoring where there was any.
    treated, predicted
        (n,) each.

    Examples
    --------
    >>> treated = np.array([True, False] * 3)
    >>> c_for_benefit(np.array([1.0, 0.0, 2.0, 0.0, 3.0, 0.0]), treated, np.repeat([1.0, 2.0, 3.0], 2))
    1.0
    """
    sides = []
    pairs = min(treated.sum(), (~treated).sum())
    for arm in (np.flatnonzero(treated), np.flatnonzero(~treated)):
        ordered = arm[np.argsort(predicted[arm], kind="stable")]
        # The larger arm is thinned evenly over its order.
        sides.append(ordered[np.linspace(0, len(ordered) - 1, pairs).round().astype(int)])
    observed = outcome[sides[0]] - outcome[sides[1]]
    foretold = (predicted[sides[0]] + predicted[sides[1]]) / 2
    signs = np.sign(foretold[:, None] - foretold) * np.sign(observed[:, None] - observed)
    comparable = (observed[:, None] != observed).sum()
    if not comparable:
        raise DataError("every pair has the same difference of outcomes, so none can be compared")
    return float(
        ((signs > 0).sum() + ((foretold[:, None] == foretold) & (observed[:, None] != observed)).sum() / 2)
        / comparable
    )
