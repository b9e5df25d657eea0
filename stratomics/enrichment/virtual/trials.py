"""Thousands of virtual trials of each plan, under each truth: power, error, duration, cost, assurance."""

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
from stratomics.enrichment.virtual.effect_scenarios import REJECTION_RATE_NAMES, SCENARIOS, EffectPrior, TrialScenario
from stratomics.enrichment.virtual.outcomes import Outcomes, TrialPlan, cost, utility
from stratomics.enrichment.virtual.patients import draw

__all__ = ["VirtualTrials", "virtual_trials"]

Array = NDArray[np.float64]

CHUNK = 250_000
"""Patients at once, for memory."""


@dataclass(frozen=True)
class VirtualTrials:
    """What became of all plans under all truths.

    Attributes
    ----------
    outcomes
        ``(scenario, plan) -> Outcomes``.
    truths
        ``scenario -> Truth``; trial by trial the same for all plans.
    setting
        As it was given.
    """

    outcomes: Mapping[tuple[str, str], Outcomes]
    truths: Mapping[str, TrialScenario]
    setting: Setting

    @property
    def table(self) -> pd.DataFrame:
        """A row a truth and plan.

        ``rejected`` is the share of trials that reject anything, with its Monte Carlo standard error: the power under
        the estimate, the assurance under drawn effects, the error under none, as ``reads_as`` says. ``subgroup`` and
        ``everybody`` are the shares that reject each; the others are means over trials, but ``duration_90``, which
        nine of ten trials keep, and ``short``, the share that ended before they had their events.
        """
        return pd.DataFrame([self._row(scenario, plan) for scenario, plan in self.outcomes])

    def better(self, a: str, b: str, scenario: str = "drawn") -> tuple[float, float]:
        """Probability that the utility of plan `a` exceeds that of `b`, and its Monte Carlo standard error.

        Both are run under the same truth, trial by trial; a tie counts half.
        """
        first, second = self.utility(scenario, a), self.utility(scenario, b)
        wins = np.where(first == second, 0.5, first > second)
        return float(wins.mean()), float(wins.std() / math.sqrt(len(wins)))

    def utility(self, scenario: str, plan: str) -> Array:
        """(trials,) worth minus cost, as :func:`stratomics.enrichment.virtual.outcomes.utility` has it."""
        check_choice(self.truths, scenario, "truth")
        check_choice({name: name for _, name in self.outcomes}, plan, "plan")
        return utility(self.outcomes[scenario, plan], self.setting, self.truths[scenario])

    def _row(self, scenario: str, plan: str) -> dict[str, str | float]:
        found = self.outcomes[scenario, plan]
        rejected = float(found.rejected.mean())
        return {
            "truth": scenario,
            "plan": plan,
            "reads_as": REJECTION_RATE_NAMES[scenario],
            "rejected": rejected,
            "rejected_se": math.sqrt(rejected * (1.0 - rejected) / len(found.rejected)),
            "subgroup": float(found.subgroup.mean()),
            "everybody": float(found.everybody.mean()),
            "duration": float(found.duration.mean()),
            "duration_90": float(np.quantile(found.duration, 0.9)),
            "events": float(found.events.mean()),
            "randomised": float(found.randomised.mean()),
            "tested": float(found.tested.mean()),
            "cost": float(cost(found, self.setting).mean()),
            "utility": float(self.utility(scenario, plan).mean()),
            "short": float(found.short.mean()),
        }


def virtual_trials(
    plans: Mapping[str, TrialPlan],
    setting: Setting,
    prior: EffectPrior,
    trials: int = 10_000,
    seed: int = 0,
    delay: float | None = None,
) -> VirtualTrials:
    """Run each plan many times under each truth of ``believed.SCENARIOS``.

    Null, halved and delayed effects always stand beside the estimate and the drawn ones: a power at the estimate alone
    is a promise that nobody keeps.

    Parameters
    ----------
    plans
        Name -> plan.
    setting
        Disease, assay, candidates, costs.
    believed
        Honest estimate of the effect; not that of the data on which the subgroup was chosen.
    trials
        Of each plan under each truth.
    seed
        The same seed gives the same trials. Plans of as many patients share their patients.
    delay
        Time without effect in the delayed truth; if left out, a quarter of the controls' median inside the subgroup.

    Raises
    ------
    DesignError
        If there are no plans or no trials, or the delay is none.

    Examples
    --------
    >>> from stratomics.enrichment.design.assay import Assay
    >>> from stratomics.enrichment.design.step_rate import StepRate
    >>> from stratomics.enrichment.virtual.effect_scenarios import NormalPrior, LogHazardRatio
    >>> from stratomics.enrichment.virtual.single import AllComers, EnrichmentTrial
    >>> setting = Setting(Assay(0.4), StepRate.of_median(12.0), StepRate.of_median(18.0), StepRate.constant(30.0))
    >>> prior = NormalPrior(LogHazardRatio(-0.5, 0.2), LogHazardRatio(0.0, 0.1))
    >>> plans = {"all": AllComers(300, 200), "enriched": EnrichmentTrial(200, 130)}
    >>> found = virtual_trials(plans, setting, prior, trials=500, seed=1)
    >>> found.better("enriched", "all")[0] > 0.5
    True
    """
    if not plans:
        raise DesignError("no plans; give at least one by its name")
    if trials < 1:
        raise DesignError(f"{trials} trials; there must be at least one")
    wait = float(setting.inside.inverse(math.log(2.0))) / 4.0 if delay is None else delay
    if not 0.0 < wait < math.inf:
        raise DesignError(f"the delay of the effect is {wait:g}; it must be a number above 0")
    truths = {
        name: scenario(prior, named_generator(seed, "truth", name), trials, wait)
        for name, scenario in SCENARIOS.items()
    }
    outcomes = {
        (scenario, name): _conduct(plan, setting, truth, trials, seed)
        for scenario, truth in truths.items()
        for name, plan in plans.items()
    }
    return VirtualTrials(outcomes, truths, setting)


def _conduct(plan: TrialPlan, setting: Setting, truth: TrialScenario, trials: int, seed: int) -> Outcomes:
    """Run a plan chunk by chunk."""
    size = max(1, CHUNK // plan.patients)
    return Outcomes.joined(
        [
            plan.conduct(
                draw(seed, chunk, min(size, trials - start), plan.patients, setting),
                setting,
                truth.of(slice(start, start + size)),
            )
            for chunk, start in enumerate(range(0, trials, size))
        ]
    )
