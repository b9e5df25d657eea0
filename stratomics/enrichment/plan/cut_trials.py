"""Size the trials of one cut for many assays at once: the effect in enrolled patients, and their number."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DesignError
from stratomics.enrichment.design.batch_sizes import Sizes, power_of_one_test, sizes_of_one_test
from stratomics.enrichment.design.setting import AssumedEffect, Setting
from stratomics.enrichment.design.two_samples import proportions_power, proportions_size
from stratomics.enrichment.effects.effect import Z
from stratomics.enrichment.from_run import RunTrial
from stratomics.enrichment.plan.plan_trial import response_rates
from stratomics.enrichment.plan.response_plan import Rates
from stratomics.enrichment.plan.survival_plan import MOST, setting_of
from stratomics.enrichment.plan.trial_assumptions import TrialRequest, trial_assumptions
from stratomics.enrichment.selection.subgroup import SizingEffects, Subgroup
from stratomics.runs.run_directory import RunDirectory

__all__ = ["CutTrials", "cut_trials"]

Array = NDArray[np.float64]


class CutTrials(Protocol):
    """Trials of one cut, by the share (n,) of enrolled patients who are truly inside."""

    def effect(self, belonging: Array) -> Array:
        """(3, n) mean effect in enrolled patients with its 95% interval, on the reported scale."""

    def sizes(self, belonging: Array, taken: Array) -> Sizes:
        """Sizes (n,) where a share `taken` of the candidates is enrolled; infinite where no trial is possible."""

    def power(self, belonging: Array, taken: Array, patients: float) -> Array:
        """Power (n,) of trials of that number of patients to show a benefit."""


@dataclass(frozen=True)
class SurvivalTrials:
    """Log-rank tests, sized as :mod:`stratomics.enrichment.plan.side_by_side` does."""

    effects: SizingEffects
    setting: Setting
    request: TrialRequest
    follow_up: float

    def effect(self, belonging: Array) -> Array:
        """Mean of the log hazard ratios inside and outside, which come from different patients."""
        inside, outside = (math.log(side.estimate) for side in (self.effects.inside, self.effects.outside))
        estimate = belonging * inside + (1.0 - belonging) * outside
        return np.exp(_with_interval(estimate, _error(self.effects, belonging)))

    def sizes(self, belonging: Array, taken: Array) -> Sizes:
        """Size one look at the end."""
        effect = AssumedEffect(self.effects.inside.estimate, self.effects.outside.estimate)
        request = self.request
        return sizes_of_one_test(
            self.setting, effect, belonging, taken, request.power, request.alpha, self.follow_up, MOST
        )

    def power(self, belonging: Array, taken: Array, patients: float) -> Array:
        """Power of one look at the end."""
        effect = AssumedEffect(self.effects.inside.estimate, self.effects.outside.estimate)
        return power_of_one_test(
            self.setting, effect, belonging, taken, patients, self.request.alpha, self.follow_up
        )


@dataclass(frozen=True)
class ResponseTrials:
    """Two proportions, sized as :mod:`stratomics.enrichment.plan.response_plan` does."""

    effects: SizingEffects
    rates: Rates
    request: TrialRequest

    def effect(self, belonging: Array) -> Array:
        """Difference of the response rates in enrolled patients."""
        rates = np.array([self.rates.among(float(share)) for share in belonging])
        return _with_interval(rates[:, 1] - rates[:, 0], _error(self.effects, belonging))

    def sizes(self, belonging: Array, taken: Array) -> Sizes:
        """Size two proportions; there are no events, and a duration only where accrual is given."""
        patients = np.array([self._patients(float(share)) for share in belonging])
        accrual = np.nan if self.request.accrual is None else self.request.accrual
        return Sizes(np.full(len(patients), np.nan), patients, patients / (accrual * taken))

    def power(self, belonging: Array, taken: Array, patients: float) -> Array:
        """Power of two proportions, which does not depend on the share of candidates that is enrolled."""
        rates = [self.rates.among(float(share)) for share in belonging]
        found = [
            proportions_power(patients, float(treated), float(control), self.request.alpha)
            if treated > control
            else 0.0
            for control, treated in rates
        ]
        return np.where(np.isnan(taken), np.nan, np.array(found))

    def _patients(self, belonging: float) -> float:
        control, treated = (float(rate) for rate in self.rates.among(belonging))
        if treated <= control:
            return math.inf
        patients = math.ceil(proportions_size(treated, control, self.request.power, self.request.alpha))
        return patients if patients <= MOST else math.inf


def cut_trials(
    run: RunDirectory, of_run: RunTrial, subgroup: Subgroup, request: TrialRequest, follow_up: float | None
) -> CutTrials:
    """Build the trials of one cut, by the kind of endpoint.

    Parameters
    ----------
    run, of_run
        A finished run and its trial.
    subgroup
        The patients inside the cut, with sizing effects.
    request
        What the trial designer specifies.
    follow_up
        Follow-up of the last patient; the median of the cohort if None.

    Returns
    -------
    CutTrials
        Effects and sizes.

    Raises
    ------
    DesignError
        If an effect or a hazard of the controls is unknown.
    """
    members, effects = subgroup.sized()
    for where, side in (("inside", effects.inside), ("outside", effects.outside)):
        if not (math.isfinite(side.estimate) and math.isfinite(side.se)):
            raise DesignError(
                f"no effect {where} can be estimated at this cut; choose one nearer to the middle"
            )
    if of_run.trial.is_survival:
        assumptions = trial_assumptions(of_run.trial.survival, request, follow_up)
        curves = run.predictions["stratomics"].survival
        setting = setting_of(subgroup, of_run, curves, assumptions, request)
        return SurvivalTrials(effects, setting, request, assumptions.follow_up)
    added = np.array([effects.inside.estimate, effects.outside.estimate])
    rates = Rates(np.array(response_rates(of_run.trial, members)), added)
    return ResponseTrials(effects, rates, request)


def _error(effects: SizingEffects, belonging: Array) -> Array:
    return np.hypot(belonging * effects.inside.se, (1.0 - belonging) * effects.outside.se)


def _with_interval(estimate: Array, se: Array) -> Array:
    return np.stack([estimate, estimate - Z * se, estimate + Z * se])
