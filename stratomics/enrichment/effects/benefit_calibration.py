"""Calibration of a predicted benefit: best linear predictor, quantiles, policy value, C-for-benefit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DataError
from stratomics.enrichment.effects.effect import Effect

__all__ = [
    "BestLinearPredictor",
    "Policy",
    "benefit_by_quantile",
    "best_linear_predictor",
    "c_for_benefit",
    "policy_value",
]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class BestLinearPredictor:
    """Best linear predictor of the benefit: benefit = mean + slope x (predicted - mean predicted).

    A slope of 1 means calibrated, a slope of 0 means that no heterogeneity was found, and a slope below 0 means that
    predictions are in the wrong direction (Chernozhukov et al. 2025, doi 10.3982/ECTA19303).
    """

    mean: Effect
    slope: Effect

    @property
    def credible(self) -> bool:
        """Whether the interval of the slope is above 0."""
        return self.slope.low > 0


def best_linear_predictor(benefit: Array, predicted: Array) -> BestLinearPredictor:
    """Regress the doubly robust benefit on the predicted benefit, with HC3 standard errors.

    Parameters
    ----------
    benefit
        (n,) doubly robust benefit, :attr:`PseudoOutcomes.value`.
    predicted
        (n,) out-of-fold predicted benefit.

    Returns
    -------
    BestLinearPredictor
        Mean benefit and slope.

    Raises
    ------
    DataError
        If all patients have the same predicted benefit.

    Examples
    --------
    >>> predicted = np.array([0.0, 1.0, 2.0, 3.0])
    >>> round(best_linear_predictor(2 * predicted, predicted).slope.estimate, 6)
    2.0
    """
    if not np.ptp(predicted) > 0:
        raise DataError(
            "all patients have the same predicted benefit, so no slope can be estimated; there is nothing to enrich"
        )
    x = np.column_stack([np.ones(len(predicted)), predicted - predicted.mean()])
    inverse = np.linalg.inv(x.T @ x)
    coefficients = inverse @ x.T @ benefit
    leverage = np.einsum("ij,jk,ik->i", x, inverse, x)
    error = (benefit - x @ coefficients) / np.maximum(1.0 - leverage, 1e-12)
    covariance = inverse @ (x * error[:, None] ** 2).T @ x @ inverse
    se = np.sqrt(np.diag(covariance))
    mean, slope = (Effect.of(float(c), float(s), ratio=False) for c, s in zip(coefficients, se, strict=True))
    return BestLinearPredictor(mean, slope)


def benefit_by_quantile(benefit: Array, predicted: Array, groups: int = 4) -> list[tuple[float, Effect]]:
    """Compare mean predicted and mean observed benefit in groups of equal size.

    Parameters
    ----------
    benefit
        (n,) doubly robust benefit.
    predicted
        (n,) out-of-fold predicted benefit.
    groups
        Number of groups.

    Returns
    -------
    list
        Mean predicted benefit and observed effect of each group, the lowest predictions first.

    Raises
    ------
    DataError
        If a group would have fewer than two patients.

    Examples
    --------
    >>> [round(p, 1) for p, _ in benefit_by_quantile(np.arange(8.0), np.arange(8.0), 2)]
    [1.5, 5.5]
    """
    parts = np.array_split(np.argsort(predicted, kind="stable"), groups)
    if min(len(part) for part in parts) < 2:  # noqa: PLR2004  # a standard deviation needs two
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
    """Mean gain over all patients of treating the chosen patients only.

    Attributes
    ----------
    share
        Share of the patients that the rule chooses.
    over_nobody
        Gain over treating no patient.
    over_everybody
        Gain over treating all patients.
    """

    share: float
    over_nobody: Effect
    over_everybody: Effect


def policy_value(benefit: Array, chosen: NDArray[np.bool_]) -> Policy:
    """Estimate the value of a treatment rule that was not learned from these patients.

    Parameters
    ----------
    benefit
        (n,) doubly robust benefit.
    chosen
        (n,) bool, True for patients that the rule treats.

    Returns
    -------
    Policy
        Gain over treating no patient and over treating all patients.

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
    """Concordance for benefit (van Klaveren et al. 2018, doi 10.1016/j.jclinepi.2017.10.021).

    A treated patient and a control patient with the same rank of predicted benefit form a pair. Pairs are compared by
    their difference of outcomes. The result depends on the matching, and it is not a proper score: a wrong model may
    score higher. It is therefore reported, but never used for selection.

    Parameters
    ----------
    outcome
        (n,) outcome, corrected for censoring; higher is better.
    treated
        (n,) bool.
    predicted
        (n,) out-of-fold predicted benefit.

    Returns
    -------
    float
        Concordance; 0.5 means no discrimination.

    Raises
    ------
    DataError
        If all pairs have the same difference of outcomes.

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
        # The larger arm is thinned evenly over its ranks.
        sides.append(ordered[np.linspace(0, len(ordered) - 1, pairs).round().astype(int)])
    observed = outcome[sides[0]] - outcome[sides[1]]
    pair_benefit = (predicted[sides[0]] + predicted[sides[1]]) / 2
    signs = np.sign(pair_benefit[:, None] - pair_benefit) * np.sign(observed[:, None] - observed)
    comparable = (observed[:, None] != observed).sum()
    if not comparable:
        raise DataError("all pairs have the same difference of outcomes, so none can be compared")
    return float(
        (
            (signs > 0).sum()
            + ((pair_benefit[:, None] == pair_benefit) & (observed[:, None] != observed)).sum() / 2
        )
        / comparable
    )
