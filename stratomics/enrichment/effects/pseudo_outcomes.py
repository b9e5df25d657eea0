"""Doubly robust benefit of each patient: noisy for one patient, unbiased in the mean over a group.

The group must be chosen without the outcomes of its patients.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import ConfigError
from stratomics.enrichment.effects.aipcw import KINDS, LARGEST_WEIGHT, aipcw
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
    """Benefit (treated minus control) of n patients on the scale of the outcome; positive favours treatment.

    Attributes
    ----------
    value
        (n,) doubly robust benefit; its mean over a group estimates the mean effect in that group.
    outcome
        (n,) outcome under the received arm, corrected for censoring.
    expected
        (n, 2) out-of-fold expected outcome in the control arm and in the treated arm.
    probability
        (n,) probability of treatment.
    horizon
        Time up to which the outcome counts; None for a response.
    truncated
        Share of the patients with a censoring weight truncated at 20.
    effective
        Effective sample sizes of the control and the treated arm, ``(sum w)^2 / sum w^2``.
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
    """Compute doubly robust benefits: AIPCW for a survival endpoint, AIPW for a response.

    AIPW is augmented inverse probability weighting; AIPCW also weights by the inverse probability of being uncensored
    (Robins and Rotnitzky 1992, doi 10.1007/978-1-4757-1229-2_14). Nuisance models are ridge regressions, cross-fitted
    in five folds.

    Parameters
    ----------
    trial
        The patients.
    x
        (n, p) covariates of the nuisance models. Without them the result is unbiased in a randomised trial with
        censoring that depends on the arm only.
    kind
        Outcome of a survival endpoint: ``"rmst"`` or ``"survival"``.
    horizon
        Time up to which the outcome counts; the furthest possible one if left out.
    seed
        Seed of the folds.

    Returns
    -------
    PseudoOutcomes
        Benefit of each patient, with the parts that it is made of.

    Raises
    ------
    ConfigError
        If `kind` is unknown.
    DataError
        If the horizon is beyond the furthest possible one.

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
    if trial.is_survival:
        if kind not in KINDS:
            raise ConfigError(f"unknown kind of outcome '{kind}'; choose one of {', '.join(KINDS)}")
        horizon = checked_horizon(trial, horizon)
        outcome, expected, weight = _survival_outcomes(trial, x, fold, horizon, kind)
    else:
        horizon, weight = None, np.ones(len(trial))
        outcome, expected = trial.response.positive.astype(np.float64), _expected_responses(trial, x, fold)
    inverse = weight / np.where(trial.treated, probability, 1.0 - probability)
    residual = outcome - expected[np.arange(len(trial)), trial.treated.astype(int)]
    signed = np.where(trial.treated, residual / probability, -residual / (1.0 - probability))
    return PseudoOutcomes(
        expected[:, 1] - expected[:, 0] + signed,
        outcome,
        expected,
        probability,
        horizon,
        float((weight >= LARGEST_WEIGHT).mean()),
        (_effective_sample_size(inverse[~trial.treated]), _effective_sample_size(inverse[trial.treated])),
    )


def _survival_outcomes(
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
            corrected, baseline, weights = aipcw(event[test], time[test], curves, horizon, kind)
            in_arm = trial.treated[test] == bool(arm)
            expected[test, arm] = baseline
            outcome[test[in_arm]], weight[test[in_arm]] = corrected[in_arm], weights[in_arm]
    return outcome, expected, weight


def _expected_responses(trial: Trial, x: Array, fold: NDArray[np.int64]) -> Array:
    expected = np.empty((len(trial), 2))
    positive = trial.response.positive
    for number in np.unique(fold):
        test = fold == number
        for arm in (0, 1):
            train = ~test & (trial.treated == bool(arm))
            expected[test, arm] = probability_of(x[train], positive[train], x[test])
    return expected


def _effective_sample_size(weight: Array) -> float:
    return float(weight.sum() ** 2 / max((weight**2).sum(), np.finfo(float).tiny))
