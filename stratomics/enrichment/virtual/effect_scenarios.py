"""What is believed of an effect before the trial, and the truths that a virtual trial is run under."""

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
    """Estimate of a log hazard ratio and its standard error; the error is 0 for what is taken as known.

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
        """Give the hazard ratio with its interval: an honest one, not that of the data it was chosen on."""
        require_share("the level of the interval", level)
        require_above_zero("the lower end of the interval", low)
        if not low < ratio < high < math.inf:
            raise DesignError(
                f"the interval {low:g} to {high:g} does not hold its own hazard ratio {ratio:g}"
            )
        return cls(math.log(ratio), math.log(high / low) / (2.0 * float(norm.isf((1.0 - level) / 2.0))))


class EffectPrior(Protocol):
    """Estimate of an effect and how unsure it is; index 0 is inside the subgroup, 1 outside."""

    @property
    def estimate(self) -> Array:
        """(2,) log hazard ratios."""

    def draw(self, rng: np.random.Generator, trials: int) -> Array:
        """(2, trials) log hazard ratios that may be true."""


@dataclass(frozen=True)
class NormalPrior:
    """Effects inside and outside the subgroup, each from its own patients and so independent.

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
        """(2, trials) normal around the estimates."""
        se = np.array([[self.inside.se], [self.outside.se]])
        drawn: Array = self.estimate[:, None] + se * rng.standard_normal((2, trials))
        return drawn


@dataclass(frozen=True)
class DrawnPrior:
    """Log hazard ratios inside and outside, (draws,) each, that belong together, such as those of resamples."""

    inside: Array
    outside: Array

    def __post_init__(self) -> None:
        alike = np.ndim(self.inside) == 1 and np.shape(self.inside) == np.shape(self.outside)
        if not alike or not np.size(self.inside) or not np.isfinite([self.inside, self.outside]).all():
            raise DesignError(
                "the draws of an effect must be two rows of equally many finite log hazard ratios"
            )

    @property
    def estimate(self) -> Array:
        """(2,) means."""
        return np.array([np.mean(self.inside), np.mean(self.outside)])

    def draw(self, rng: np.random.Generator, trials: int) -> Array:
        """(2, trials) picked with replacement, pair by pair."""
        picked = rng.integers(len(self.inside), size=trials)
        return np.stack([np.asarray(self.inside)[picked], np.asarray(self.outside)[picked]])


@dataclass(frozen=True)
class TrialScenario:
    """What is true in each virtual trial.

    Attributes
    ----------
    log_ratio
        (2, trials) inside and outside the subgroup.
    delay
        Time from randomisation until treatment works; there is no effect before.
    """

    log_ratio: Array
    delay: float = 0.0

    def of(self, rows: slice) -> TrialScenario:
        """Those of some trials."""
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
"""Truths by name: (believed, generator, trials, delay) -> truth."""

REJECTION_RATE_NAMES = {"estimate": "power", "drawn": "assurance", "halved": "power", "delayed": "power", "null": "error"}
"""What the share of rejecting trials is called under each of them (assurance: O'Hagan 2005, doi 10.1002/pst.175)."""
