"""Choosing a cut by its interaction: what it looks like, what remains of it, and how often nothing looks as good."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from omics.common.errors import DataError
from omics.common.seeds import named_generator
from stratomics.enrichment.effects.effect import Effect, Measure

__all__ = ["BatchEffects", "CutSearch", "best_cut", "both_sides", "search_cuts"]

Array = NDArray[np.float64]
Chosen = NDArray[np.bool_]

DRAWS = 1000
NOMINAL = 0.05
ENOUGH = 0.5


@dataclass(frozen=True)
class BatchEffects:
    """Effects inside and outside of each cut, (draws, cuts) each, on the scale where they add."""

    inside: Array
    inside_se: Array
    outside: Array
    outside_se: Array

    @property
    def z(self) -> Array:
        """Interaction of treatment and cut, each side with a baseline of its own; NaN where a side has no estimate."""
        error = np.hypot(self.inside_se, self.outside_se)
        z: Array = np.full(error.shape, np.nan)
        return np.divide(self.inside - self.outside, error, out=z, where=error > 0)


@dataclass(frozen=True)
class CutSearch:
    """One choice among several cuts, and its price.

    Attributes
    ----------
    best
        Place of the cut whose interaction speaks most for enrichment.
    z, p
        Of that interaction, as if it had been the only cut; p two-sided.
    estimate
        Effect inside the chosen cut, on the scale where effects add.
    apparent
        The same as people read it, on the patients who chose the cut.
    out_of_bag, harrell
        What remains of it once the mean optimism of the resamples is taken off: each resample's own effect, beside
        that in the patients it left out, or in all patients (Harrell, Lee and Mark 1996).
        Intervals take the standard error of the cut, or the spread over resamples, choice included, if larger.
    p_adjusted
        Share of permutations of the score whose best cut looks at least as good: the whole search is repeated in each.
    false_positives
        Share of permutations in which some cut has an interaction of nominal p below .05, either way.
    chosen
        How often each cut was chosen by the resamples.
    simultaneous
        Standard errors within which the effects of all cuts lie at once with 95%, whichever is chosen.
    draws
        Resamples, and permutations.
    usable
        Share of the resamples that leave an effect in the chosen and in those left out; optimism is the mean over them.
    verdict
        What the search allows to say.
    """

    best: int
    z: float
    p: float
    estimate: float
    apparent: Effect
    out_of_bag: Effect
    harrell: Effect
    p_adjusted: float
    false_positives: float
    chosen: tuple[float, ...]
    simultaneous: float
    draws: int
    usable: float
    verdict: str


def both_sides(measure: Measure, chosen: Chosen, count: Array) -> BatchEffects:
    """Effects on both sides of each cut, mean over repeats.

    Parameters
    ----------
    measure
        Laid upon the trial.
    chosen
        (cuts, repeats, n) who is inside.
    count
        (draws, n) how often each patient counts.
    """
    cuts = [_both_of(measure, ((count * one, count * ~one) for one in cut)) for cut in chosen]
    return BatchEffects(*(np.stack(parts, axis=1) for parts in zip(*cuts, strict=True)))


def _both_of(measure: Measure, counts: Iterable[tuple[Array, Array]]) -> tuple[Array, ...]:
    """(draws,) effect inside of one cut, its standard error, and both outside; means over repeats.

    `counts` are, of each repeat, how often each patient counts inside and outside.
    """
    of_repeats = [(*measure.effects(inside), *measure.effects(outside)) for inside, outside in counts]
    return tuple(np.mean(parts, axis=0) for parts in zip(*of_repeats, strict=True))


def best_cut(z: Array, sign: int) -> NDArray[np.int64]:
    """(draws,) the cut whose interaction (draws, cuts) speaks most for enrichment; of cuts without an estimate none."""
    best: NDArray[np.int64] = np.where(np.isfinite(z), sign * z, -np.inf).argmax(axis=-1)
    return best


def search_cuts(measure: Measure, chosen: Chosen, seed: int, draws: int = DRAWS) -> CutSearch:
    """Choose the cut with the strongest interaction, and repeat the choice in resamples and permutations.

    Parameters
    ----------
    measure, chosen
        As in :func:`both_sides`; at least one cut with an estimate on both sides.
    seed, draws
        Seed, and number of resamples and of permutations.

    Raises
    ------
    DataError
        If no cut has an effect on both sides.
    """
    n = chosen.shape[-1]
    whole = both_sides(measure, chosen, np.ones((1, n)))
    if not np.isfinite(whole.z).any():
        raise DataError(
            "no cut leaves an effect to be estimated on both sides; choose cuts nearer to the middle"
        )
    best = int(best_cut(whole.z, measure.sign)[0])
    generator = named_generator(seed, "cuts", "bootstrap")
    count = generator.multinomial(n, np.full(n, 1.0 / n), size=draws).astype(np.float64)
    drawn = both_sides(measure, chosen, count)
    cuts, rows = best_cut(drawn.z, measure.sign), np.arange(draws)
    own = drawn.inside[rows, cuts]
    left_out = _inside_of(measure, chosen, (count == 0).astype(np.float64), cuts)
    apparent, se = float(whole.inside[0, best]), float(whole.inside_se[0, best])
    # Of a resample that leaves nobody to compare nothing is said.
    said = np.isfinite(own) & np.isfinite(left_out)
    if said.mean() < ENOUGH:
        raise DataError(
            f"only {said.mean():.0%} of the resamples leave an effect to be estimated in the chosen and in those left "
            "out; choose cuts nearer to the middle"
        )
    own, left_out, cuts_said = own[said], left_out[said], cuts[said]
    optimism, harrell = float((own - left_out).mean()), float((own - whole.inside[0, cuts_said]).mean())
    spread = float(own.std(ddof=1))
    z_null = _permuted(measure, chosen, seed, draws)
    z = float(whole.z[0, best])
    limit = float(norm.ppf(1 - NOMINAL / 2))
    # Where no cut of a permutation has an estimate, none looks as good.
    as_good = np.where(np.isfinite(z_null), measure.sign * z_null, -np.inf).max(axis=1) >= measure.sign * z
    p_adjusted = float((1 + as_good.sum()) / (1 + draws))
    return CutSearch(
        best,
        z,
        float(2 * norm.sf(abs(z))),
        apparent,
        measure.effect(apparent, se),
        measure.effect(apparent - optimism, max(se, spread)),
        measure.effect(apparent - harrell, max(se, spread)),
        p_adjusted,
        float((np.where(np.isfinite(z_null), np.abs(z_null), 0.0).max(axis=1) > limit).mean()),
        tuple(float(share) for share in np.bincount(cuts, minlength=len(chosen)) / draws),
        _simultaneous(whole, drawn),
        draws,
        float(said.mean()),
        _verdict(measure.sign * z, p_adjusted),
    )


def _verdict(z: float, p_adjusted: float) -> str:
    if z <= 0:
        return "no cut has more benefit above it than below; nothing speaks for enrichment by this score"
    if p_adjusted >= NOMINAL:
        return (
            f"no credible difference between those above a cut and those below (p {p_adjusted:.2g} for the whole "
            "search); the cut named is the best of what was looked at, not a finding"
        )
    return (
        f"those above the cut benefit more (p {p_adjusted:.2g} for the whole search); it wants confirmation"
    )


def _inside_of(measure: Measure, chosen: Chosen, count: Array, cuts: NDArray[np.int64]) -> Array:
    """(draws,) effect inside the cut that each draw chose, in those who count."""
    value = np.full(len(cuts), np.nan)
    for cut in np.unique(cuts):
        rows = np.flatnonzero(cuts == cut)
        repeats = chosen[cut]
        value[rows] = np.stack([measure.effects(count[rows] * one)[0] for one in repeats]).mean(axis=0)
    return value


def _permuted(measure: Measure, chosen: Chosen, seed: int, draws: int) -> Array:
    """(draws, cuts) interactions where scores are dealt out anew, arms and outcomes staying together."""
    n = chosen.shape[-1]
    order = named_generator(seed, "cuts", "permutation").random((draws, n)).argsort(axis=1)
    cuts = [_both_of(measure, ((one[order] * 1.0, ~one[order] * 1.0) for one in cut)) for cut in chosen]
    return BatchEffects(*(np.stack(parts, axis=1) for parts in zip(*cuts, strict=True))).z


def _simultaneous(whole: BatchEffects, drawn: BatchEffects) -> float:
    """95% quantile of the largest distance, in standard errors, of a resample's effects from their own."""
    known = np.isfinite(drawn.inside) & (whole.inside_se > 0)
    far = np.divide(
        np.abs(drawn.inside - whole.inside), whole.inside_se, out=np.zeros(known.shape), where=known
    )
    usable = far.max(axis=1)
    return float(max(np.quantile(usable, 1 - NOMINAL), norm.ppf(1 - NOMINAL / 2)))
