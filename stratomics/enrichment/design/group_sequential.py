"""Group-sequential designs: boundaries, power, inflation of the sample size, and expected duration."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm

from omics.common.errors import DesignError
from stratomics.enrichment.design.checks import require_increasing, require_power, require_share
from stratomics.enrichment.design.events import schoenfeld_events, z_sum
from stratomics.enrichment.design.score_process import ScoreProcess
from stratomics.enrichment.design.spending import Spending

__all__ = [
    "Crossing",
    "GroupSequential",
    "alpha_spending",
    "fixed_design",
    "obrien_fleming",
    "pocock",
    "with_futility",
]

Array = NDArray[np.float64]

HIGHEST = 38.0
"""Largest boundary: beyond it the normal tail probability underflows."""


@dataclass(frozen=True)
class Crossing:
    """Probabilities (looks,) of stopping at each look, for efficacy and for futility."""

    efficacy: Array
    futility: Array

    @property
    def power(self) -> float:
        """Probability of rejecting at any look."""
        return float(self.efficacy.sum())


@dataclass(frozen=True)
class GroupSequential:
    """Times of the looks, and boundaries at which the trial stops.

    Attributes
    ----------
    information
        (looks,) share of the final information; increasing, the last one is 1.
    efficacy
        (looks,) z at or above which the null hypothesis is rejected.
    futility
        (looks,) z below which the trial stops for futility; -inf for no futility boundary. The last one is ignored.
    alpha
        One-sided level. Futility is not binding: the level holds if the trial continues below the futility boundary.

    Examples
    --------
    >>> design = obrien_fleming(looks=3)
    >>> [round(z, 3) for z in design.efficacy]
    [3.471, 2.454, 2.004]
    >>> round(design.inflation(power=0.9), 4)
    1.0161
    """

    information: tuple[float, ...]
    efficacy: tuple[float, ...]
    futility: tuple[float, ...]
    alpha: float

    def __post_init__(self) -> None:
        _check_information(self.information)
        require_share("alpha (one-sided)", self.alpha)
        if not len(self.information) == len(self.efficacy) == len(self.futility):
            raise DesignError(
                f"{len(self.information)} looks, {len(self.efficacy)} efficacy and {len(self.futility)} futility "
                "boundaries; there must be one of each per look"
            )
        for look, (low, high) in enumerate(zip(self.futility[:-1], self.efficacy, strict=False), start=1):
            if not low < high:
                raise DesignError(
                    f"at look {look} futility {low:g} is not below efficacy {high:g}; the boundaries overlap"
                )

    @property
    def looks(self) -> int:
        """Number of analyses, the final one included."""
        return len(self.information)

    def crossing(self, drift: float) -> Crossing:
        """Probabilities of stopping, with mean `drift` of z at full information; the trial stops for futility."""
        process, efficacy, futility = ScoreProcess.start(drift), [], []
        for look, time in enumerate(self.information):
            low, high = self.futility[look], self.efficacy[look]
            efficacy.append(process.above(time, high))
            if look == self.looks - 1:
                futility.append(process.below(time, high))
            else:
                futility.append(process.below(time, low))
                process = process.continue_between(time, low, high)
        return Crossing(np.array(efficacy), np.array(futility))

    def drift(self, power: float) -> float:
        """Mean of z at full information that gives `power`."""
        require_power(power, self.alpha)
        fewest = z_sum(power, self.alpha)
        return _root(lambda drift: self.crossing(drift).power - power, 0.5 * fewest, 4.0 * fewest)

    def inflation(self, power: float) -> float:
        """Maximum information, relative to a trial with one look and equal power."""
        return (self.drift(power) / z_sum(power, self.alpha)) ** 2

    def maximum_events(self, hazard_ratio: float, power: float = 0.8, allocation: float = 0.5) -> float:
        """Events at the final look, not rounded.

        Examples
        --------
        >>> round(pocock(looks=2).maximum_events(0.7, power=0.8) / schoenfeld_events(0.7), 3)
        1.11
        """
        return schoenfeld_events(hazard_ratio, power, self.alpha, allocation) * self.inflation(power)

    def expected_information(self, drift: float) -> float:
        """Mean share of the final information at which the trial stops; the trial stops for futility."""
        stopping = self.crossing(drift)
        return float((stopping.efficacy + stopping.futility) @ np.array(self.information))

    def expected_events(self, events: float, hazard_ratio: float, allocation: float = 0.5) -> float:
        """Mean number of events of a trial of at most `events`, if `hazard_ratio` is true."""
        drift = -math.log(hazard_ratio) * math.sqrt(events * allocation * (1.0 - allocation))
        return events * self.expected_information(drift)

    def hazard_ratios(self, events: float, allocation: float = 0.5) -> tuple[float, ...]:
        """Hazard ratios (looks,) at the efficacy boundaries of a trial of at most `events`."""
        scale = math.sqrt(events * allocation * (1.0 - allocation))
        return tuple(
            math.exp(-z / (scale * math.sqrt(time)))
            for z, time in zip(self.efficacy, self.information, strict=True)
        )

    def conditional_power(self, look: int, z: float, drift: float) -> float:
        """Probability of rejecting at the final look, given `z` at a look (0: before the first); no look in between.

        Lan, Simon and Halperin 1982 (Sequential Analysis 1:207).

        Examples
        --------
        >>> round(fixed_design().conditional_power(0, 0.0, drift=2.8016), 2)
        0.8
        """
        if not 0 <= look < self.looks:
            raise DesignError(f"look {look} is not an interim look; there are {self.looks} looks")
        time = self.information[look - 1] if look else 0.0
        mean = z * math.sqrt(time) + drift * (1.0 - time)
        return float(norm.sf((self.efficacy[-1] - mean) / math.sqrt(1.0 - time)))


def fixed_design(alpha: float = 0.025) -> GroupSequential:
    """Design with one look, at the end."""
    require_share("alpha (one-sided)", alpha)
    return GroupSequential((1.0,), (float(norm.isf(alpha)),), (-math.inf,), alpha)


def obrien_fleming(looks: int | Sequence[float], alpha: float = 0.025) -> GroupSequential:
    """Boundaries that decrease as ``1 / sqrt(t)`` (O'Brien and Fleming 1979, doi 10.2307/2530245).

    Parameters
    ----------
    looks
        Number of equally spaced looks, or the share of information at each look.
    alpha
        One-sided level.

    Returns
    -------
    GroupSequential
        The design, without futility.
    """
    return _shaped(looks, alpha, -0.5)


def pocock(looks: int | Sequence[float], alpha: float = 0.025) -> GroupSequential:
    """Equal boundaries at all looks (Pocock 1977, doi 10.1093/biomet/64.2.191).

    Parameters
    ----------
    looks, alpha
        As in :func:`obrien_fleming`.

    Returns
    -------
    GroupSequential
        The design, without futility.

    Examples
    --------
    >>> [round(z, 5) for z in pocock(looks=2).efficacy]
    [2.17827, 2.17827]
    """
    return _shaped(looks, alpha, 0.0)


def alpha_spending(spending: Spending, looks: int | Sequence[float], alpha: float = 0.025) -> GroupSequential:
    """Boundaries from an alpha-spending function (Lan and DeMets 1983, doi 10.1093/biomet/70.3.659).

    Parameters
    ----------
    spending
        Spending function, such as :func:`~stratomics.enrichment.design.spending.lan_demets_pocock`.
    looks, alpha
        As in :func:`obrien_fleming`.

    Returns
    -------
    GroupSequential
        The design, without futility.

    Examples
    --------
    >>> from stratomics.enrichment.design.spending import lan_demets_obrien_fleming
    >>> [round(z, 3) for z in alpha_spending(lan_demets_obrien_fleming, looks=(0.5, 0.75, 1.0)).efficacy]
    [2.963, 2.359, 2.014]
    """
    information = _information(looks)
    require_share("alpha (one-sided)", alpha)
    process, efficacy = ScoreProcess.start(0.0), []
    for time, part in zip(information, _parts(spending, information, alpha), strict=True):
        z = _boundary(process.above, time, part)
        efficacy.append(z)
        process = process.continue_between(time, -math.inf, z)
    return GroupSequential(information, tuple(efficacy), (-math.inf,) * len(information), alpha)


def with_futility(design: GroupSequential, spending: Spending, power: float = 0.8) -> GroupSequential:
    """Add futility boundaries from a spending function of the type II error ``1 - power``.

    Futility is not binding: the efficacy boundaries do not change, and the level holds if the trial continues below the
    futility boundary. The drift is chosen so that the futility and efficacy boundaries meet at the final look
    (Pampallona, Tsiatis and Kim 2001, doi 10.1177/009286150103500408).

    Parameters
    ----------
    design
        Design with efficacy boundaries.
    spending
        Spending function of the type II error.
    power
        Power of the resulting design.

    Returns
    -------
    GroupSequential
        The design with futility boundaries.

    Examples
    --------
    >>> from stratomics.enrichment.design.spending import hwang_shih_decani
    >>> design = with_futility(alpha_spending(hwang_shih_decani(-4), looks=3), hwang_shih_decani(-2), power=0.9)
    >>> [round(z, 2) for z in design.futility], round(design.inflation(0.9), 3)
    ([-0.24, 0.94, 2.0], 1.07)
    """
    require_power(power, design.alpha)
    parts = _parts(spending, design.information, 1.0 - power)

    def bounds(drift: float) -> tuple[list[float], float]:
        """Futility boundaries of the interim looks, and the excess of type II error spent at the final look."""
        process, futility = ScoreProcess.start(drift), []
        for time, high, part in zip(design.information[:-1], design.efficacy, parts, strict=False):
            # If the error cannot be spent in full, futility is placed just below efficacy.
            low = min(-_boundary(lambda t, z, p=process: p.below(t, -z), time, part), high - 1e-6)  # type: ignore[misc]  # the default binds the process of this look
            futility.append(low)
            process = process.continue_between(time, low, high)
        return futility, process.below(1.0, design.efficacy[-1]) - parts[-1]

    fewest = z_sum(power, design.alpha)
    drift = _root(lambda d: bounds(d)[1], 0.9 * fewest, 3.0 * fewest)
    return replace(design, futility=(*bounds(drift)[0], design.efficacy[-1]))


def _shaped(looks: int | Sequence[float], alpha: float, slope: float) -> GroupSequential:
    """Boundaries ``c t^slope`` (Wang and Tsiatis 1987, doi 10.2307/2531959), with c such that all of alpha is spent."""
    information = _information(looks)
    require_share("alpha (one-sided)", alpha)
    shape = np.array(information) ** slope
    never = (-math.inf,) * len(information)

    def design(c: float) -> GroupSequential:
        return GroupSequential(information, tuple(float(z) for z in c * shape), never, alpha)

    once = float(norm.isf(alpha))
    return design(
        _root(lambda c: design(c).crossing(0.0).power - alpha, min(once, 0.0), abs(once) * 3.0 + 3.0)
    )


def _information(looks: int | Sequence[float]) -> tuple[float, ...]:
    if isinstance(looks, int):
        if looks < 1:
            raise DesignError(f"{looks} looks are asked for; there must be at least one, the final look")
        return tuple((look + 1) / looks for look in range(looks))
    information = tuple(float(time) for time in looks)
    _check_information(information)
    return information


def _check_information(information: Sequence[float]) -> None:
    if not information:
        raise DesignError("there are no looks; there must be at least one, the final look")
    require_increasing("the looks (shares of information)", information)
    if not information[0] > 0.0 or information[-1] != 1.0:
        raise DesignError(
            f"the looks go from {information[0]:g} to {information[-1]:g}; they must end at 1, and none may be at 0"
        )


def _parts(spending: Spending, information: Sequence[float], error: float) -> Array:
    """Error (looks,) to spend at each look."""
    spent = spending(np.array(information), error)
    return np.diff(spent, prepend=0.0)


def _boundary(crossed: Callable[[float, float], float], time: float, part: float) -> float:
    """Find the boundary z crossed with probability `part` at `time`; an end of the scale if there is none."""
    if crossed(time, HIGHEST) >= part:
        return HIGHEST
    if crossed(time, -HIGHEST) <= part:
        return -HIGHEST
    return _root(lambda z: crossed(time, z) - part, -HIGHEST, HIGHEST)


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    return float(brentq(function, low, high, xtol=1e-10))
