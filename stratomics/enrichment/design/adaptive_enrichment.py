"""A two-stage trial that starts with all comers and selects the population to continue with at an interim look."""

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
    """Operating characteristics of a design, from simulated trials.

    Attributes
    ----------
    any_rejected, subgroup_rejected, all_comers_rejected
        Share of trials that reject any null hypothesis, that of the subgroup, and that of all comers.
    subgroup_selected, all_comers_selected
        Share of trials that continue with each population.
    trials
        Number of simulated trials, which determines the Monte Carlo error.
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
        Cumulative events at the interim look and at the end, in the selected populations.
    weight
        Weight of the first stage in the combination; the share of the events planned for it if left out.
    intersection
        Name of a test in ``combination.INTERSECTIONS``.
    margin
        The trial continues with both populations if their log hazard ratios differ by at most this, and with the
        better one otherwise.
    drop_above
        A population with a higher hazard ratio at the interim look is dropped; if both are dropped, the trial stops.
        This rule is not binding: the level does not depend on it.
    alpha
        One-sided familywise level.
    allocation
        Share of patients randomised to treatment.

    Raises
    ------
    DesignError
        If the events do not increase, or a share is not between 0 and 1.

    Examples
    --------
    >>> design = AdaptiveEnrichment(prevalence=0.4, events=(100, 250))
    >>> result = design.simulate(0.55, 0.95, trials=20_000, seed=1)
    >>> 0.9 < result.any_rejected < 0.95
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
            raise DesignError(f"{len(self.events)} numbers of events are given; there are two stages")
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

    def select(self, subgroup: Array, all_comers: Array) -> tuple[Mask, Mask]:
        """Select the populations to continue with, by the log hazard ratios at the interim look.

        Parameters
        ----------
        subgroup, all_comers
            (trials,) log hazard ratios at the interim look.

        Returns
        -------
        tuple
            (trials,) whether the trial continues with the subgroup, and with all comers.

        Examples
        --------
        >>> design = AdaptiveEnrichment(0.4, (100, 250), margin=0.1)
        >>> design.select(np.array([-0.5, -0.1, -0.3]), np.array([-0.3, -0.3, -0.35]))
        (array([ True, False,  True]), array([False,  True,  True]))
        """
        highest = math.log(self.drop_above)
        better = (subgroup <= all_comers + self.margin) & (subgroup <= highest)
        return better, (all_comers <= subgroup + self.margin) & (all_comers <= highest)

    def decide(self, first: Stage, second: Stage, selected: tuple[Mask, Mask]) -> tuple[Mask, Mask]:
        """(trials,) whether the null hypotheses of the subgroup and of all comers are rejected."""
        critical = float(norm.isf(self.alpha))
        return closed_test(
            first, second, *selected, self.first_weight, critical, INTERSECTIONS[self.intersection]
        )

    def simulate(
        self, inside: float | Array, outside: float | Array, trials: int = 20_000, seed: int = 0
    ) -> OperatingCharacteristics:
        """Simulate the design with normal log-rank increments of variance 1, as rpact does.

        Events occur in the subgroup in proportion to ``prevalence (1 + odds of treatment x hazard ratio)``, which holds
        while few of the patients at risk have had an event. ``stratomics.enrichment.virtual`` simulates trials patient
        by patient.

        Parameters
        ----------
        inside, outside
            True hazard ratios inside and outside the subgroup: one each, or (trials,) values.
        trials, seed
            Number of trials, and seed. The same seed gives the same draws for all effects, so that designs are
            compared under equal conditions.

        Returns
        -------
        OperatingCharacteristics
            Shares of trials that reject and that continue with each population.

        Raises
        ------
        DesignError
            If `trials` is below 1, or a hazard ratio is not above 0.
        """
        if trials < 1:
            raise DesignError(f"{trials} trials are asked for; there must be at least one")
        effects = np.stack([_log_ratios(inside, trials), _log_ratios(outside, trials)])
        draws = named_generator(seed, "adaptive_enrichment").standard_normal((2, 2, trials))
        first = self._increments(effects, self.events[0], draws[0], all_comers=np.ones(trials, dtype=bool))
        information = math.sqrt(self.events[0] * self.allocation * (1.0 - self.allocation))
        selected = self.select(
            -first.subgroup / (information * np.sqrt(first.share)), -first.all_comers / information
        )
        second = self._increments(effects, self.events[1] - self.events[0], draws[1], selected[1])
        subgroup, all_comers = self.decide(first, second, selected)
        return OperatingCharacteristics(
            float((subgroup | all_comers).mean()),
            float(subgroup.mean()),
            float(all_comers.mean()),
            float(selected[0].mean()),
            float(selected[1].mean()),
            trials,
        )

    def _increments(self, effects: Array, events: float, draws: Array, all_comers: Mask) -> Stage:
        """Draw the z of one stage; without `all_comers` all its events are in the subgroup."""
        odds = self.allocation / (1.0 - self.allocation)
        event_rate = np.array([[self.prevalence], [1.0 - self.prevalence]]) * (1.0 + odds * np.exp(effects))
        event_rate[1] *= all_comers
        share = event_rate / event_rate.sum(axis=0)
        information = events * self.allocation * (1.0 - self.allocation) * share
        z = draws - effects * np.sqrt(information)
        return Stage(z[0], (np.sqrt(share) * z).sum(axis=0), share[0])


def _log_ratios(value: float | Array, trials: int) -> Array:
    ratios = np.broadcast_to(np.asarray(value, dtype=np.float64), (trials,))
    if not (ratios > 0.0).all():
        raise DesignError(f"a hazard ratio is {ratios.min():g}; it must be above 0")
    return np.log(ratios)
