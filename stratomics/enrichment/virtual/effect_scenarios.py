"""Prior knowledge of an effect, and the scenarios under which trials are simulated."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from omics.common.errors import DesignError
from stratomics.enrichment.design.checks import require_above_zero, require_share

__all__ = [
    "REJECTION_RATE_NAMES",
    "SCENARIOS",
    "DrawnPrior",
    "EffectPrior",
    "LogHazardRatio",
    "NormalPrior",
    "TrialScenario",
]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class LogHazardRatio:
    """Estimate of a log hazard ratio with its standard error; a standard error of 0 means a known effect.

    Examples
    --------
    >>> round(LogHazardRatio.of_interval(0.53, 0.39, 0.72).se, 3)
    0.156
    """

    mean: float
    se: float = 0.0

    def __post_init__(self) -> None:
        if not math.isfinite(self.mean) or not 0.0 <= self.se < math.inf:
            raise DesignError(
                f"a log hazard ratio of {self.mean:g} with standard error {self.se:g}; "
                "the first must be finite and the second at least 0"
            )

    @classmethod
    def of_interval(cls, ratio: float, low: float, high: float, level: float = 0.95) -> Self:
        """Build from a hazard ratio and its interval, which must not come from the data that chose the subgroup."""
        require_share("the level of the interval", level)
        require_above_zero("the lower end of the interval", low)
        if not low < ratio < high < math.inf:
            raise DesignError(f"the interval {low:g} to {high:g} does not include its hazard ratio {ratio:g}")
        return cls(math.log(ratio), math.log(high / low) / (2.0 * float(norm.isf((1.0 - level) / 2.0))))


class EffectPrior(Protocol):
    """Estimate of an effect with its uncertainty; index 0 is inside the subgroup, 1 outside."""

    @property
    def estimate(self) -> Array:
        """(2,) log hazard ratios."""

    def draw(self, rng: np.random.Generator, trials: int) -> Array:
        """(2, trials) plausible log hazard ratios."""


@dataclass(frozen=True)
class NormalPrior:
    """Independent normal effects inside and outside the subgroup, which have no patients in common.

    Examples
    --------
    >>> prior = NormalPrior(LogHazardRatio(-0.5, 0.2), LogHazardRatio(-0.1, 0.1))
    >>> prior.draw(np.random.default_rng(0), trials=1000).std(axis=1).round(1)
    array([0.2, 0.1])
    """

    inside: LogHazardRatio
    outside: LogHazardRatio

    @property
    def estimate(self) -> Array:
        """(2,) log hazard ratios."""
        return np.array([self.inside.mean, self.outside.mean])

    def draw(self, rng: np.random.Generator, trials: int) -> Array:
        """(2, trials) normal draws around the estimates."""
        se = np.array([[self.inside.se], [self.outside.se]])
        drawn: Array = self.estimate[:, None] + se * rng.standard_normal((2, trials))
        return drawn


@dataclass(frozen=True)
class DrawnPrior:
    """Paired log hazard ratios inside and outside the subgroup, (draws,) each, such as those of resamples."""

    inside: Array
    outside: Array

    def __post_init__(self) -> None:
        paired = np.ndim(self.inside) == 1 and np.shape(self.inside) == np.shape(self.outside)
        if not paired or not np.size(self.inside) or not np.isfinite([self.inside, self.outside]).all():
            raise DesignError(
                "the draws of an effect must be two equally long rows of finite log hazard ratios"
            )

    @property
    def estimate(self) -> Array:
        """(2,) means."""
        return np.array([np.mean(self.inside), np.mean(self.outside)])

    def draw(self, rng: np.random.Generator, trials: int) -> Array:
        """(2, trials) pairs drawn with replacement."""
        picked = rng.integers(len(self.inside), size=trials)
        return np.stack([np.asarray(self.inside)[picked], np.asarray(self.outside)[picked]])


@dataclass(frozen=True)
class TrialScenario:
    """True effects of virtual trials.

    Attributes
    ----------
    log_ratio
        (2, trials) log hazard ratios inside and outside the subgroup.
    delay
        Time from randomisation until the treatment takes effect.
    """

    log_ratio: Array
    delay: float = 0.0

    def of(self, rows: slice) -> TrialScenario:
        """Select some of the trials."""
        return TrialScenario(self.log_ratio[:, rows], self.delay)


def _constant(log_ratio: Array, trials: int) -> Array:
    return np.repeat(log_ratio[:, None], trials, axis=1)


SCENARIOS: dict[str, Callable[[EffectPrior, np.random.Generator, int, float], TrialScenario]] = {
    "estimate": lambda prior, _, trials, __: TrialScenario(_constant(prior.estimate, trials)),
    "drawn": lambda prior, rng, trials, _: TrialScenario(prior.draw(rng, trials)),
    "halved": lambda prior, _, trials, __: TrialScenario(_constant(prior.estimate / 2.0, trials)),
    "delayed": lambda prior, _, trials, delay: TrialScenario(_constant(prior.estimate, trials), delay),
    "null": lambda _, __, trials, ___: TrialScenario(np.zeros((2, trials))),
}
"""Name -> scenario, a function of (prior, generator, trials, delay)."""

REJECTION_RATE_NAMES = {
    "estimate": "power",
    "drawn": "assurance",
    "halved": "power",
    "delayed": "power",
    "null": "error",
}
"""Name of the rejection rate under each scenario (assurance: O'Hagan 2005, doi 10.1002/pst.175)."""
