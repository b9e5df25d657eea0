"""The trials that one cut makes, for many assays at once: the effect in those enrolled, and how many it takes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DesignError
from stratomics.enrichment.design.batch_sizes import Sizes, sizes_of_one_test
from stratomics.enrichment.design.setting import AssumedEffect, Setting
from stratomics.enrichment.design.two_samples import proportions_size
from stratomics.enrichment.effects.effect import Z
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.plan.plan_trial import response_rates
from stratomics.enrichment.plan.response_plan import Rates
from stratomics.enrichment.plan.survival_plan import MOST, Chosen, setting_of
from stratomics.enrichment.plan.trial_assumptions import TrialRequest, trial_assumptions
from stratomics.runs.run_directory import RunDirectory

__all__ = ["CutTrials", "cut_trials"]

Array = NDArray[np.float64]


class CutTrials(Protocol):
    """Trials of one cut, by the share (n,) of those enrolled who truly belong inside."""

    def effect(self, belonging: Array) -> Array:
        """(3, n) effect in those enrolled with its 95% interval, a mean over patients; as people read it."""

    def sizes(self, belonging: Array, taken: Array) -> Sizes:
        """Sizes (n,) where the share `taken` of the candidates is enrolled; infinite where no trial can be."""


@dataclass(frozen=True)
class SurvivalTrials:
    """Log-rank tests, sized as :mod:`stratomics.enrichment.plan.side_by_side` does."""

    subgroup: Chosen
    setting: Setting
    request: TrialRequest
    follow_up: float

    def effect(self, belonging: Array) -> Array:
        """Mean of the log hazard ratios inside and outside, which are of different patients."""
        inside, outside = (
            math.log(side["estimate"]) for side in (self.subgroup.inside, self.subgroup.outside)
        )
        estimate = belonging * inside + (1.0 - belonging) * outside
        return np.exp(_with_interval(estimate, _error(self.subgroup, belonging)))

    def sizes(self, belonging: Array, taken: Array) -> Sizes:
        """Size one look at the end."""
        effect = AssumedEffect(self.subgroup.inside["estimate"], self.subgroup.outside["estimate"])
        request = self.request
        return sizes_of_one_test(
            self.setting, effect, belonging, taken, request.power, request.alpha, self.follow_up, MOST
        )


@dataclass(frozen=True)
class ResponseTrials:
    """Two proportions, sized as :mod:`stratomics.enrichment.plan.response_plan` does."""

    subgroup: Chosen
    rates: Rates
    request: TrialRequest

    def effect(self, belonging: Array) -> Array:
        """Difference of the response rates in those enrolled."""
        rates = np.array([self.rates.among(float(share)) for share in belonging])
        return _with_interval(rates[:, 1] - rates[:, 0], _error(self.subgroup, belonging))

    def sizes(self, belonging: Array, taken: Array) -> Sizes:
        """Size two proportions; events mean nothing here, and time only where accrual was asked for."""
        patients = np.array([self._patients(float(share)) for share in belonging])
        accrual = np.nan if self.request.accrual is None else self.request.accrual
        return Sizes(np.full(len(patients), np.nan), patients, patients / (accrual * taken))

    def _patients(self, belonging: float) -> float:
        control, treated = (float(rate) for rate in self.rates.among(belonging))
        if treated <= control:
            return math.inf
        patients = math.ceil(proportions_size(treated, control, self.request.power, self.request.alpha))
        return patients if patients <= MOST else math.inf


def cut_trials(
    run: RunDirectory, trial: Trial, subgroup: Chosen, request: TrialRequest, follow_up: float | None
) -> CutTrials:
    """Build the trials of one cut, by the kind of endpoint.

    Raises
    ------
    DesignError
        If an effect or a hazard of the controls is not known.
    """
    sides = {"inside": subgroup.inside, "outside": subgroup.outside}
    for where, side in sides.items():
        if not (math.isfinite(side["estimate"]) and math.isfinite(side["se"])):
            raise DesignError(
                f"no effect {where} can be estimated at this cut; choose one nearer to the middle"
            )
    if trial.is_survival:
        assumptions = trial_assumptions(trial.survival, request, follow_up)
        setting = setting_of(subgroup, run.predictions["stratomics"].survival, assumptions, request)
        return SurvivalTrials(subgroup, setting, request, assumptions.follow_up)
    added = np.array([side["estimate"] for side in sides.values()])
    return ResponseTrials(subgroup, Rates(np.array(response_rates(trial, subgroup.chosen)), added), request)


def _error(subgroup: Chosen, belonging: Array) -> Array:
    return np.hypot(belonging * subgroup.inside["se"], (1.0 - belonging) * subgroup.outside["se"])


def _with_interval(estimate: Array, se: Array) -> Array:
    return np.stack([estimate, estimate - Z * se, estimate + Z * se])
