"""Virtual trials of each plan under each scenario: power, type I error, assurance, duration and cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import DesignError
from omics.common.registry import check_choice
from omics.common.seeds import named_generator
from stratomics.enrichment.design.setting import Setting
from stratomics.enrichment.virtual.effect_scenarios import (
    REJECTION_RATE_NAMES,
    SCENARIOS,
    EffectPrior,
    TrialScenario,
)
from stratomics.enrichment.virtual.outcomes import Outcomes, TrialPlan, cost, utility
from stratomics.enrichment.virtual.patients import draw_patients

__all__ = ["VirtualTrials", "virtual_trials"]

Array = NDArray[np.float64]

CHUNK = 250_000
"""Patients simulated at once; limits memory."""


@dataclass(frozen=True)
class VirtualTrials:
    """Outcomes of all plans under all scenarios.

    Attributes
    ----------
    outcomes
        ``(scenario, plan) -> Outcomes``.
    scenarios
        ``name -> TrialScenario``; each trial has the same true effects for all plans.
    setting
        Setting of the trials.
    """

    outcomes: Mapping[tuple[str, str], Outcomes]
    scenarios: Mapping[str, TrialScenario]
    setting: Setting

    @property
    def table(self) -> pd.DataFrame:
        """One row per scenario (column ``truth``) and plan.

        ``rejected`` is the share of trials that reject any null hypothesis, with its Monte Carlo standard error.
        ``reads_as`` names it: power under the estimated effect, assurance under drawn effects, error under no effect.
        The next two columns are the shares that reject for the subgroup, and for all comers. ``duration_90`` is the 90%
        quantile of the duration, and ``short`` is the share of trials with too few events. The other columns are means
        over trials.
        """
        return pd.DataFrame([self._row(scenario, plan) for scenario, plan in self.outcomes])

    def better(self, a: str, b: str, scenario: str = "drawn") -> tuple[float, float]:
        """Probability that the utility of plan `a` exceeds that of `b`, and its Monte Carlo standard error.

        Both plans have the same true effects in each trial; a tie counts one half.
        """
        first, second = self.utility(scenario, a), self.utility(scenario, b)
        wins = np.where(first == second, 0.5, first > second)
        return float(wins.mean()), float(wins.std() / math.sqrt(len(wins)))

    def utility(self, scenario: str, plan: str) -> Array:
        """(trials,) benefit minus cost, by :func:`stratomics.enrichment.virtual.outcomes.utility`."""
        check_choice(self.scenarios, scenario, "scenario")
        check_choice({name: name for _, name in self.outcomes}, plan, "plan")
        return utility(self.outcomes[scenario, plan], self.setting, self.scenarios[scenario])

    def _row(self, scenario: str, plan: str) -> dict[str, str | float]:
        outcomes = self.outcomes[scenario, plan]
        rejected = float(outcomes.rejected.mean())
        return {
            "truth": scenario,
            "plan": plan,
            "reads_as": REJECTION_RATE_NAMES[scenario],
            "rejected": rejected,
            "rejected_se": math.sqrt(rejected * (1.0 - rejected) / len(outcomes.rejected)),
            "subgroup": float(outcomes.subgroup.mean()),
            "all_comers": float(outcomes.all_comers.mean()),
            "duration": float(outcomes.duration.mean()),
            "duration_90": float(np.quantile(outcomes.duration, 0.9)),
            "events": float(outcomes.events.mean()),
            "randomised": float(outcomes.randomised.mean()),
            "tested": float(outcomes.tested.mean()),
            "cost": float(cost(outcomes, self.setting).mean()),
            "utility": float(self.utility(scenario, plan).mean()),
            "short": float(outcomes.short.mean()),
        }


def virtual_trials(
    plans: Mapping[str, TrialPlan],
    setting: Setting,
    prior: EffectPrior,
    trials: int = 10_000,
    seed: int = 0,
    delay: float | None = None,
) -> VirtualTrials:
    """Run each plan many times under each scenario of ``effect_scenarios.SCENARIOS``.

    The scenarios are the estimated effect, drawn effects, and always a null, a halved and a delayed effect, because
    the power at the estimate alone is too optimistic.

    Parameters
    ----------
    plans
        Name -> plan.
    setting
        Disease, assay, candidates and costs.
    prior
        Unbiased estimate of the effect; it must not come from the data that chose the subgroup.
    trials
        Number of trials of each plan under each scenario.
    seed
        The same seed gives the same trials. Plans with equal numbers of patients share their patients.
    delay
        Time without effect in the delayed scenario; if None, a quarter of the controls' median inside the subgroup.

    Returns
    -------
    VirtualTrials
        Outcomes of all plans under all scenarios.

    Raises
    ------
    DesignError
        If there are no plans or no trials, or the delay is not above 0.

    Examples
    --------
    >>> from stratomics.enrichment.design.assay import Assay
    >>> from stratomics.enrichment.design.step_rate import StepRate
    >>> from stratomics.enrichment.virtual.effect_scenarios import LogHazardRatio, NormalPrior
    >>> from stratomics.enrichment.virtual.single import AllComers, EnrichmentTrial
    >>> setting = Setting(Assay(0.4), StepRate.of_median(12.0), StepRate.of_median(18.0), StepRate.constant(30.0))
    >>> prior = NormalPrior(LogHazardRatio(-0.5, 0.2), LogHazardRatio(0.0, 0.1))
    >>> plans = {"all": AllComers(300, 200), "enriched": EnrichmentTrial(200, 130)}
    >>> result = virtual_trials(plans, setting, prior, trials=500, seed=1)
    >>> result.better("enriched", "all")[0] > 0.5
    True
    """
    if not plans:
        raise DesignError("there are no plans; pass at least one, by its name")
    if trials < 1:
        raise DesignError(f"{trials} trials are asked for; there must be at least one")
    wait = float(setting.inside.inverse(math.log(2.0))) / 4.0 if delay is None else delay
    if not 0.0 < wait < math.inf:
        raise DesignError(f"the delay of the effect is {wait:g}; it must be a number above 0")
    # "truth" names the random stream; renaming it would change results.
    scenarios = {
        name: make(prior, named_generator(seed, "truth", name), trials, wait)
        for name, make in SCENARIOS.items()
    }
    outcomes = {
        (name, plan_name): _conduct(plan, setting, scenario, trials, seed)
        for name, scenario in scenarios.items()
        for plan_name, plan in plans.items()
    }
    return VirtualTrials(outcomes, scenarios, setting)


def _conduct(plan: TrialPlan, setting: Setting, scenario: TrialScenario, trials: int, seed: int) -> Outcomes:
    """Run a plan in chunks of trials."""
    size = max(1, CHUNK // plan.patients)
    return Outcomes.joined(
        [
            plan.conduct(
                draw_patients(seed, chunk, min(size, trials - start), plan.patients, setting),
                setting,
                scenario.of(slice(start, start + size)),
            )
            for chunk, start in enumerate(range(0, trials, size))
        ]
    )
