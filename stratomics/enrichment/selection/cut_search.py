"""Choose a cut by its interaction with treatment, and correct the effect inside for that choice."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from omics.common.errors import DataError
from omics.common.seeds import named_generator
from stratomics.enrichment.effects.effect import Effect, Measure
from stratomics.enrichment.selection.cuts import Cuts

__all__ = ["DRAWS", "BatchEffects", "CutSearch", "best_cut", "both_sides", "search_cuts"]

Array = NDArray[np.float64]
Members = NDArray[np.bool_]

DRAWS = 1000
NOMINAL = 0.05
FEWEST_USABLE = 0.5
"""Share of the resamples that must give an effect."""


@dataclass(frozen=True)
class BatchEffects:
    """Effects inside and outside of each cut, (draws, cuts) each, on the scale where they add."""

    inside: Array
    inside_se: Array
    outside: Array
    outside_se: Array

    @property
    def z(self) -> Array:
        """Interaction of treatment and cut; each side has its own baseline; NaN where a side has no estimate."""
        error = np.hypot(self.inside_se, self.outside_se)
        z: Array = np.full(error.shape, np.nan)
        return np.divide(self.inside - self.outside, error, out=z, where=error > 0)


@dataclass(frozen=True)
class CutSearch:
    """The choice of one cut among several, with corrections for that choice.

    Attributes
    ----------
    best, cut
        Position and value of the cut with the strongest interaction in favour of enrichment.
    z, p
        Interaction of that cut, as if it had been the only one; p is two-sided.
    apparent
        Effect inside the chosen cut, in the same patients who were used to choose it.
    at_once
        The same effect with an interval within which the effects of all cuts lie at once with 95% probability.
    out_of_bag, harrell
        Effect inside, corrected for the mean optimism of the resamples. Optimism is the effect in a resample minus the
        effect of the same cut in the patients left out of it (out of bag), or in all patients (Harrell, Lee and Mark
        1996, doi 10.1002/(SICI)1097-0258(19960229)15:4<361::AID-SIM168>3.0.CO;2-4). Intervals use the standard error
        of the cut, or the standard deviation over resamples (choice included) if that is larger.
    p_adjusted
        Share of permutations of the score in which the best cut is at least as strong. The whole search is repeated in
        each permutation.
    false_positives
        Share of permutations in which some cut has an interaction with nominal p below .05, in either direction.
    chosen
        Cut -> share of the resamples that choose it.
    simultaneous
        Half-width of `at_once` in standard errors.
    draws
        Number of resamples, and of permutations.
    usable
        Share of the resamples that give an effect both in the chosen patients and in those left out.
    verdict
        What the search allows to conclude.
    """

    best: int
    cut: float
    z: float
    p: float
    apparent: Effect
    at_once: Effect
    out_of_bag: Effect
    harrell: Effect
    p_adjusted: float
    false_positives: float
    chosen: Mapping[str, float]
    simultaneous: float
    draws: int
    usable: float
    verdict: str


def both_sides(measure: Measure, members: Members, count: Array) -> BatchEffects:
    """Estimate the effects on both sides of each cut, as means over repeats.

    Parameters
    ----------
    measure
        Measure of effect in the trial.
    members
        (cuts, repeats, n) whether a patient is inside.
    count
        (draws, n) how often each patient counts.

    Returns
    -------
    BatchEffects
        (draws, cuts) effects and standard errors.
    """
    cuts = [
        _effects(measure, ((count * inside, count * ~inside) for inside in repeats)) for repeats in members
    ]
    return BatchEffects(*(np.stack(parts, axis=1) for parts in zip(*cuts, strict=True)))


def _effects(measure: Measure, counts: Iterable[tuple[Array, Array]]) -> tuple[Array, ...]:
    """(draws,) effect inside one cut, its standard error, and both outside; means over repeats.

    `counts` are, for each repeat, how often each patient counts inside and outside.
    """
    of_repeats = [(*measure.effects(inside), *measure.effects(outside)) for inside, outside in counts]
    return tuple(np.mean(parts, axis=0) for parts in zip(*of_repeats, strict=True))


def best_cut(z: Array, sign: int) -> NDArray[np.int64]:
    """Find the cut whose interaction is strongest in favour of enrichment.

    Parameters
    ----------
    z
        (draws, cuts) interactions; cuts without an estimate (NaN) are never chosen.
    sign
        +1 where a larger effect means more benefit, -1 where a smaller one does.

    Returns
    -------
    ndarray
        (draws,) position of the cut.
    """
    best: NDArray[np.int64] = np.where(np.isfinite(z), sign * z, -np.inf).argmax(axis=-1)
    return best


def search_cuts(measure: Measure, cuts: Cuts, seed: int, draws: int = DRAWS) -> CutSearch:
    """Choose the cut with the strongest interaction, and repeat the choice in resamples and permutations.

    Parameters
    ----------
    measure
        Measure of effect in the trial.
    cuts
        Candidates; at least one must have an estimate on both sides.
    seed, draws
        Seed, and number of resamples and of permutations.

    Returns
    -------
    CutSearch
        The cut, its effect before and after correction, and p values.

    Raises
    ------
    DataError
        If no cut has an effect on both sides, or too few resamples give one.
    """
    members = cuts.members
    n = members.shape[-1]
    whole = both_sides(measure, members, np.ones((1, n)))
    if not np.isfinite(whole.z).any():
        raise DataError("no cut has an estimable effect on both sides; choose cuts nearer to the middle")
    best = int(best_cut(whole.z, measure.sign)[0])
    generator = named_generator(seed, "cuts", "bootstrap")
    count = generator.multinomial(n, np.full(n, 1.0 / n), size=draws).astype(np.float64)
    resampled = both_sides(measure, members, count)
    best_of_draw, rows = best_cut(resampled.z, measure.sign), np.arange(draws)
    in_sample = resampled.inside[rows, best_of_draw]
    out_of_bag = _inside_of(measure, members, (count == 0).astype(np.float64), best_of_draw)
    apparent, se = float(whole.inside[0, best]), float(whole.inside_se[0, best])
    # A resample without patients to compare has no estimate and is left out of the mean.
    usable = np.isfinite(in_sample) & np.isfinite(out_of_bag)
    if usable.mean() < FEWEST_USABLE:
        raise DataError(
            f"only {usable.mean():.0%} of the resamples give an effect both in the chosen patients and in those left "
            "out; choose cuts nearer to the middle"
        )
    in_sample, out_of_bag, usable_cuts = in_sample[usable], out_of_bag[usable], best_of_draw[usable]
    optimism = float((in_sample - out_of_bag).mean())
    harrell = float((in_sample - whole.inside[0, usable_cuts]).mean())
    spread = float(in_sample.std(ddof=1))
    z_null = _permuted(measure, members, seed, draws)
    z = float(whole.z[0, best])
    limit = float(norm.ppf(1 - NOMINAL / 2))
    # A permutation in which no cut has an estimate counts as weaker.
    as_strong = np.where(np.isfinite(z_null), measure.sign * z_null, -np.inf).max(axis=1) >= measure.sign * z
    p_adjusted = float((1 + as_strong.sum()) / (1 + draws))
    shares = np.bincount(best_of_draw, minlength=len(members)) / draws
    simultaneous = _simultaneous(whole, resampled)
    return CutSearch(
        best=best,
        cut=float(cuts.values[best]),
        z=z,
        p=float(2 * norm.sf(abs(z))),
        apparent=measure.effect(apparent, se),
        at_once=measure.effect(apparent, se, simultaneous),
        out_of_bag=measure.effect(apparent - optimism, max(se, spread)),
        harrell=measure.effect(apparent - harrell, max(se, spread)),
        p_adjusted=p_adjusted,
        false_positives=float(
            (np.where(np.isfinite(z_null), np.abs(z_null), 0.0).max(axis=1) > limit).mean()
        ),
        chosen={f"{value:g}": float(share) for value, share in zip(cuts.values, shares, strict=True)},
        simultaneous=simultaneous,
        draws=draws,
        usable=float(usable.mean()),
        verdict=_verdict(measure.sign * z, p_adjusted),
    )


def _verdict(z: float, p_adjusted: float) -> str:
    if z <= 0:
        return "no cut has more benefit above it than below; the data do not support enrichment by this score"
    if p_adjusted >= NOMINAL:
        return (
            f"no credible difference between patients above a cut and below it (p {p_adjusted:.2g} for the whole "
            "search); the cut named is the best of those compared, not a finding"
        )
    return f"patients above the cut benefit more (p {p_adjusted:.2g} for the whole search); this needs confirmation"


def _inside_of(measure: Measure, members: Members, count: Array, cuts: NDArray[np.int64]) -> Array:
    """(draws,) effect inside the cut that each draw chose, in the patients who count."""
    value = np.full(len(cuts), np.nan)
    for cut in np.unique(cuts):
        rows = np.flatnonzero(cuts == cut)
        repeats = members[cut]
        value[rows] = np.stack([measure.effects(count[rows] * inside)[0] for inside in repeats]).mean(axis=0)
    return value


def _permuted(measure: Measure, members: Members, seed: int, draws: int) -> Array:
    """(draws, cuts) interactions after the scores are permuted; arms and outcomes stay together."""
    n = members.shape[-1]
    order = named_generator(seed, "cuts", "permutation").random((draws, n)).argsort(axis=1)
    cuts = [
        _effects(measure, ((inside[order] * 1.0, ~inside[order] * 1.0) for inside in repeats))
        for repeats in members
    ]
    return BatchEffects(*(np.stack(parts, axis=1) for parts in zip(*cuts, strict=True))).z


def _simultaneous(whole: BatchEffects, resampled: BatchEffects) -> float:
    """95% quantile of the largest distance between resampled and observed effects, in standard errors."""
    known = np.isfinite(resampled.inside) & (whole.inside_se > 0)
    distance = np.divide(
        np.abs(resampled.inside - whole.inside), whole.inside_se, out=np.zeros(known.shape), where=known
    )
    largest = distance.max(axis=1)
    return float(max(np.quantile(largest, 1 - NOMINAL), norm.ppf(1 - NOMINAL / 2)))
