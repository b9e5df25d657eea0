"""A doubly robust benefit of each patient: noisy for one, unbiased in the mean of any group chosen without him."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import ConfigError
from stratomics.enrichment.effects.aipcw import HEAVIEST, KINDS, aipcw
from stratomics.enrichment.effects.effect import Effect
from stratomics.enrichment.effects.horizon import checked_horizon
from stratomics.enrichment.effects.nuisance import arm_curves, probability_of
from stratomics.enrichment.effects.propensity import treatment_probability
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.effects.trial_folds import FOLDS, trial_folds

__all__ = ["PseudoOutcomes", "pseudo_outcomes"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PseudoOutcomes:
    """Benefit (treated minus control) of n patients on the scale of the outcome, more is better for the treated.

    Attributes
    ----------
    value
        (n,) doubly robust benefit; a mean of it estimates the mean effect of whoever it is taken over.
    outcome
        (n,) outcome under the arm that each was in, freed of censoring.
    expected
        (n, 2) outcome expected in the control and in the treated arm, from models that did not see the patient.
    probability
        (n,) of being treated.
    horizon
        Where the outcome ends; None of a response.
    truncated
        Share of the patients whose weight was cut off at twenty.
    effective
        Effective number of the controls and of the treated, ``(sum w)^2 / sum w^2``.
    """

    value: Array
    outcome: Array
    expected: Array
    probability: Array
    horizon: float | None
    truncated: float
    effective: tuple[float, float]

    @property
    def average(self) -> Effect:
        """Mean effect with its 95% interval."""
        return Effect.of(
            float(self.value.mean()), float(self.value.std(ddof=1)) / len(self.value) ** 0.5, ratio=False
        )


def pseudo_outcomes(
    trial: Trial, x: Array | None = None, kind: str = "rmst", horizon: float | None = None, seed: int = 0
) -> PseudoOutcomes:
    """AIPCW of a survival endpoint, AIPW of a response; nuisances are ridge regressions, cross-fitted in five folds.

    Parameters
    ----------
    trial
        The patients.
    x
        (n, p) covariates of the nuisances; none if left out, which stays unbiased in a randomised trial whose
        censoring depends on nothing but the arm.
    kind
        ``"rmst"`` or ``"survival"``, of a survival endpoint.
    horizon
        Where the outcome ends; the furthest that can be seen if left out.
    seed
        Seed of the folds.

    Raises
    ------
    DataError
        If the horizon is beyond what the trial can see.

    Examples
    --------
    >>> from omics.cohort.endpoints import Response
    >>> treated = np.arange(100) % 2 == 0
    >>> positive = treated | (np.arange(100) % 4 == 1)
    >>> trial = Trial(treated, Response(positive, np.ones(100, dtype=bool)), np.full(100, 0.5))
    >>> bool(abs(pseudo_outcomes(trial).average.estimate - 0.5) < 0.02)
    True
    """
    x = np.zeros((len(trial), 0)) if x is None else x
    probability = treatment_probability(trial, x, seed)
    fold = trial_folds(trial, FOLDS, 1, seed, "nuisance")[0]
    if trial.survives:
        if kind not in KINDS:
            raise ConfigError(f"unknown kind of outcome '{kind}'; choose one of {', '.join(KINDS)}")
        horizon = checked_horizon(trial, horizon)
        outcome, expected, weight = _of_survival(trial, x, fold, horizon, kind)
    else:
        horizon, weight = None, np.ones(len(trial))
        outcome, expected = trial.response.positive.astype(np.float64), _of_response(trial, x, fold)
    inverse = weight / np.where(trial.treated, probability, 1.0 - probability)
    left = outcome - expected[np.arange(len(trial)), trial.treated.astype(int)]
    signed = np.where(trial.treated, left / probability, -left / (1.0 - probability))
    return PseudoOutcomes(
        expected[:, 1] - expected[:, 0] + signed,
        outcome,
        expected,
        probability,
        horizon,
        float((weight >= HEAVIEST).mean()),
        (_effective(inverse[~trial.treated]), _effective(inverse[trial.treated])),
    )


def _of_survival(
    trial: Trial, x: Array, fold: NDArray[np.int64], horizon: float, kind: str
) -> tuple[Array, Array, Array]:
    n = len(trial)
    outcome, expected, weight = np.empty(n), np.empty((n, 2)), np.empty(n)
    event, time = trial.survival.event, trial.survival.time
    for number in np.unique(fold):
        test = np.flatnonzero(fold == number)
        for arm in (0, 1):
            train = (fold != number) & (trial.treated == bool(arm))
            curves = arm_curves(x[train], event[train], time[train], x[test])
            whole, start, weights = aipcw(event[test], time[test], curves, horizon, kind)
            own = trial.treated[test] == bool(arm)
            expected[test, arm] = start
            outcome[test[own]], weight[test[own]] = whole[own], weights[own]
    return outcome, expected, weight


def _of_response(trial: Trial, x: Array, fold: NDArray[np.int64]) -> Array:
    expected = np.empty((len(trial), 2))
    positive = trial.response.positive
    for number in np.unique(fold):
        test = fold == number
        for arm in (0, 1):
            train = ~test & (trial.treated == bool(arm))
            expected[test, arm] = probability_of(x[train], positive[train], x[test])
    return expected


def _effective(weight: Array) -> float:
    return float(weight.sum() ** 2 / max((weight**2).sum(), np.finfo(float).tiny))
