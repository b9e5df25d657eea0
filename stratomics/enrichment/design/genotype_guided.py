"""Sizes of trials for an effect that carriers of a genotype have and others have not, with the cost of screening."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.stats import norm

from omics.common.errors import DesignError
from stratomics.enrichment.design.checks import require_share
from stratomics.enrichment.design.events import interaction_events, schoenfeld_events
from stratomics.enrichment.design.setting import AssumedEffect, Economics

__all__ = ["GenotypeTrial", "genotype_trials", "interaction_power"]

TWO_SIDED = 0.025
"""One-sided level of a two-sided test at 0.05."""


@dataclass(frozen=True)
class GenotypeTrial:
    """One design.

    Attributes
    ----------
    design
        What it shows.
    events, patients, tested
        Events, enrolled patients, and patients whose genotype is measured; not rounded.
    cost
        Of patients and genotypes, in the unit of the costs.
    """

    design: str
    events: float
    patients: float
    tested: float
    cost: float


def genotype_trials(
    carriers: float,
    effect: AssumedEffect,
    event_probability: float,
    costs: Economics,
    power: float = 0.8,
    alpha: float = TWO_SIDED,
) -> tuple[GenotypeTrial, ...]:
    """Compare three trials: all comers for the mean effect, carriers only, and all comers for the interaction.

    Parameters
    ----------
    carriers
        Share of carriers among candidates.
    effect
        Hazard ratios of treated to control in carriers (inside) and others (outside).
    event_probability
        Share of enrolled patients with an event by the analysis, the same in carriers and others.
    costs
        Cost of a patient and of a genotype.
    power, alpha
        Power of each test; `alpha` is one-sided.

    Returns
    -------
    tuple of GenotypeTrial
        Trials without an effect to show are left out.

    Raises
    ------
    DesignError
        If a share is not between 0 and 1, or no trial has an effect to show.

    Examples
    --------
    >>> trials = genotype_trials(0.3, AssumedEffect(0.5, 1.0), 0.6, Economics(patient=100.0, test=1.0))
    >>> [(trial.design, round(trial.events, 1)) for trial in trials][1:]
    [('carriers only', 65.3), ('interaction of genotype and arm', 311.2)]
    """
    require_share("the share of carriers", carriers)
    require_share("the probability of an event", event_probability)
    mean = math.exp(carriers * math.log(effect.inside) + (1.0 - carriers) * math.log(effect.outside))
    ratio = effect.inside / effect.outside
    trials = []
    if mean != 1.0:
        events = schoenfeld_events(mean, power, alpha)
        trials.append(_trial("mean effect in all comers", events, event_probability, 1.0, 0.0, costs))
    if effect.inside != 1.0:
        events = schoenfeld_events(effect.inside, power, alpha)
        trials.append(_trial("carriers only", events, event_probability, carriers, 1.0, costs))
    if ratio != 1.0:
        events = interaction_events(ratio, carriers, power, alpha)
        trials.append(_trial("interaction of genotype and arm", events, event_probability, 1.0, 1.0, costs))
    if not trials:
        raise DesignError("neither carriers nor others have an effect, so there is nothing to show")
    return tuple(trials)


def _trial(
    design: str, events: float, probability: float, taken: float, tested: float, costs: Economics
) -> GenotypeTrial:
    patients = events / probability
    screened = tested * patients / taken
    return GenotypeTrial(design, events, patients, screened, patients * costs.patient + screened * costs.test)


def interaction_power(events: float, ratio: float, carriers: float, alpha: float = TWO_SIDED) -> float:
    """Power of the test of an interaction, by the formula of :func:`interaction_events`.

    Parameters
    ----------
    events
        Events of all patients.
    ratio
        Hazard ratio in carriers divided by that in others.
    carriers
        Share of the events in carriers.
    alpha
        One-sided level.

    Returns
    -------
    float
        Power.

    Examples
    --------
    >>> round(interaction_power(1701.7, 0.5, 0.04), 3)
    0.8
    """
    require_share("the share of carriers", carriers)
    mean = abs(math.log(ratio)) * math.sqrt(events * carriers * (1.0 - carriers)) / 2.0
    return float(norm.sf(norm.isf(alpha) - mean))
