"""A trial that starts with everybody and, at an interim look, goes on with whom it seems to help."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from omics.common.errors import DesignError
from omics.common.registry import check_choice
from omics.common.seeds import named_generator
from stratomics.enrichment.design.checks import require_above_zero, require_increasing, require_share
from stratomics.enrichment.design.combination import INTERSECTIONS, Stage, closed_test

__all__ = ["AdaptiveEnrichment", "OperatingCharacteristics"]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class OperatingCharacteristics:
    """How often a design ends how, over `trials` simulated ones.

    Attributes
    ----------
    any_rejected, subgroup_rejected, all_comers_rejected
        Share of the trials.
    subgroup_selected, all_comers_selected
        Share that went on with each.
    trials
        Number of them, from which comes the Monte Carlo error.
    """

    any_rejected: float
    subgroup_rejected: float
    all_comers_rejected: float
    subgroup_selected: float
    all_comers_selected: float
    trials: int

    def standard_error(self, share: float) -> float:
        """Monte Carlo standard error of one of the shares."""
        return math.sqrt(share * (1.0 - share) / self.trials)


@dataclass(frozen=True)
class AdaptiveEnrichment:
    """Two stages, one subgroup, selection by the primary endpoint, closed test by inverse normal combination.

    Jenkins, Stone and Jennison 2011 (doi 10.1002/pst.472); Wassmer and Brannath 2016 (doi 10.1007/978-3-319-32562-0),
    chapter 11. There is no rejection at the interim look.

    Parameters
    ----------
    prevalence
        Share of the patients in the subgroup.
    events
        Cumulative, at the interim look and at the end, whoever is gone on with.
    weight
        Of the first stage in the combination; the share of the events planned for it if left out.
    intersection
        Name of a test in ``combination.INTERSECTIONS``.
    margin
        Both populations are gone on with where their log hazard ratios differ by at most this, else the better one.
    drop_above
        A population of a higher hazard ratio at the interim look is dropped; if none is left, the trial stops. Not
        binding: the level does not rest on it.
    alpha
        One-sided, familywise.
    allocation
        Share of patients randomised to treatment.

    Raises
    ------
    DesignError
        If events do not increase, or a share is none.

    Examples
    --------
    >>> design = AdaptiveEnrichment(prevalence=0.4, events=(100, 250))
    >>> ending = design.simulate(0.55, 0.95, trials=20_000, seed=1)
    >>> 0.9 < ending.any_rejected < 0.95
    True
    """

    prevalence: float
    events: tuple[float, float]
    weight: float | None = None
    intersection: str = "spiessens_debois"
    margin: float = 0.0
    drop_above: float = math.inf
    alpha: float = 0.025
    allocation: float = 0.5

    def __post_init__(self) -> None:
        require_share("the prevalence", self.prevalence)
        require_share("alpha (one-sided)", self.alpha)
        require_share("the allocation", self.allocation)
        if len(self.events) != 2:  # noqa: PLR2004  # stages
            raise DesignError(f"{len(self.events)} numbers of events; there are two stages")
        require_above_zero("the number of events of the first stage", self.events[0])
        require_increasing("the events of the two stages", self.events)
        if self.weight is not None:
            require_share("the weight of the first stage", self.weight)
        if not 0.0 <= self.margin < math.inf:
            raise DesignError(f"the margin of the selection is {self.margin:g}; it must be at least 0")
        if not self.drop_above > 0.0:
            raise DesignError(
                f"populations above a hazard ratio of {self.drop_above:g} are dropped; it must be above 0"
            )
        check_choice(INTERSECTIONS, self.intersection, "test of the intersection")

    @property
    def first_weight(self) -> float:
        """Weight of the first stage."""
        return self.events[0] / self.events[1] if self.weight is None else self.weight

    def keep(self, subgroup: Array, everybody: Array) -> tuple[Mask, Mask]:
        """(trials,) who is gone on with, by the log hazard ratios at the interim look.

        Examples
        --------
        >>> design = AdaptiveEnrichment(0.4, (100, 250), margin=0.1)
        >>> design.keep(np.array([-0.5, -0.1, -0.3]), np.array([-0.3, -0.3, -0.35]))
        (array([ True, False,  True]), array([False,  True,  True]))
        """
        highest = math.log(self.drop_above)
        better = (subgroup <= everybody + self.margin) & (subgroup <= highest)
        return better, (everybody <= subgroup + self.margin) & (everybody <= highest)

    def decide(self, first: Stage, second: Stage, keep: tuple[Mask, Mask]) -> tuple[Mask, Mask]:
        """(trials,) whether the null of the subgroup, and of everybody, is rejected."""
        critical = float(norm.isf(self.alpha))
        return closed_test(
            first, second, *keep, self.first_weight, critical, INTERSECTIONS[self.intersection]
        )

    def simulate(
        self, inside: float | Array, outside: float | Array, trials: int = 20_000, seed: int = 0
    ) -> OperatingCharacteristics:
        """Run the design on normal log-rank increments, each of variance 1, as rpact does.

        Events fall into the subgroup in proportion to ``prevalence (1 + odds of treatment x hazard ratio)``, as they do
        while few of those at risk have had one. For trials of patients see ``stratomics.enrichment.virtual``.

        Parameters
        ----------
        inside, outside
            True hazard ratios: one, or (trials,) drawn ones.
        trials, seed
            The same seed gives the same draws whatever the effects, so that designs are compared like with like.
        """
        if trials < 1:
            raise DesignError(f"{trials} trials; there must be at least one")
        effects = np.stack([_log_ratios(inside, trials), _log_ratios(outside, trials)])
        draws = named_generator(seed, "adaptive_enrichment").standard_normal((2, 2, trials))
        first = self._increments(effects, self.events[0], draws[0], everybody=np.ones(trials, dtype=bool))
        information = math.sqrt(self.events[0] * self.allocation * (1.0 - self.allocation))
        keep = self.keep(
            -first.subgroup / (information * np.sqrt(first.share)), -first.everybody / information
        )
        second = self._increments(effects, self.events[1] - self.events[0], draws[1], keep[1])
        subgroup, everybody = self.decide(first, second, keep)
        return OperatingCharacteristics(
            float((subgroup | everybody).mean()),
            float(subgroup.mean()),
            float(everybody.mean()),
            float(keep[0].mean()),
            float(keep[1].mean()),
            trials,
        )

    def _increments(self, effects: Array, events: float, draws: Array, everybody: Mask) -> Stage:
        """Draw the z of one stage; where not `everybody` is enrolled all its events are in the subgroup."""
        odds = self.allocation / (1.0 - self.allocation)
        coming = np.array([[self.prevalence], [1.0 - self.prevalence]]) * (1.0 + odds * np.exp(effects))
        coming[1] *= everybody
        share = coming / coming.sum(axis=0)
        information = events * self.allocation * (1.0 - self.allocation) * share
        z = draws - effects * np.sqrt(information)
        return Stage(z[0], (np.sqrt(share) * z).sum(axis=0), share[0])


def _log_ratios(value: float | Array, trials: int) -> Array:
    ratios = np.broadcast_to(np.asarray(value, dtype=np.float64), (trials,))
    if not (ratios > 0.0).all():
        raise DesignError(f"a hazard ratio is {ratios.min():g}; it must be above 0")
    return np.log(ratios)
