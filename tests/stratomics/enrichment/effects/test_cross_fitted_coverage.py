"""Coverage of cross-fitted effects in simulations with a known truth, 500 repetitions each at full size.

The true effect of a rule is a function of the correlation between its linear score and the only relevant covariate, so
that each applied rule is compared with its true effect. There are 300 patients, randomised 1:1; a ridge regression of
benefit chooses 30% of them, in 20 cross-fits of 5 folds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from claims import at_least, z_of
from claims import repetitions as sizes
from numpy.typing import NDArray
from scipy.optimize import brentq

from omics.cohort.endpoints import Survival
from stratomics.enrichment.effects.cross_fitted import chosen_within_folds, cross_fitted_effect
from stratomics.enrichment.effects.effect import Measure, mean_difference, measure_of
from stratomics.enrichment.effects.pseudo_outcomes import pseudo_outcomes
from stratomics.enrichment.effects.ridge_benefit import RidgeBenefit, cross_fitted_benefit, cross_fitted_ridge
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.effects.trial_folds import FOLDS, REPEATS, balanced_folds, trial_folds
from stratomics.enrichment.selection.cut_search import search_cuts
from stratomics.enrichment.selection.cuts import Cuts

Array = NDArray[np.float64]

FULL, PATIENTS, SHARE, HORIZON = 500, 300, 0.3, 0.75
LOG_RATIO, CENSORING, END = -0.8, 0.3, 4.0
LINES = np.linspace(-1.0, 1.0, 41)
COVERAGE = (0.92, 0.97)


def over_lines(of_covariate: Callable[[Array], Array]) -> Array:
    """(41,) mean of a function of the covariate in the 30% with the highest score, for scores of each correlation."""
    covariate, noise = np.random.default_rng(0).normal(size=(2, 200_000))
    lines = (r * covariate + np.sqrt(1 - r**2) * noise for r in LINES)
    return np.array([of_covariate(covariate[line > np.quantile(line, 1 - SHARE)]).mean() for line in lines])


def marginal_log_ratio(share: float) -> float:
    """Root of the Cox score if `share` of the treated have the hazard exp(-.8), and all other patients the hazard 1."""
    time = np.linspace(0.0, END, 4001)[1:]
    seen, ratio = np.exp(-CENSORING * time), np.exp(LOG_RATIO)
    control = np.exp(-time)
    treated = share * np.exp(-ratio * time) + (1 - share) * control
    deaths = share * ratio * np.exp(-ratio * time) + (1 - share) * control

    def score(b: float) -> float:
        part = np.exp(b) * treated / (np.exp(b) * treated + control)
        return float((seen * (deaths * (1 - part) - control * part)).sum())

    return float(brentq(score, -3, 3))


def truths(alternative: bool) -> dict[str, Array]:
    if not alternative:
        return dict.fromkeys(("mean", "rmst", "hazard_ratio"), np.zeros(len(LINES)))
    gained = (1 - np.exp(-np.exp(LOG_RATIO) * HORIZON)) / np.exp(LOG_RATIO) - (1 - np.exp(-HORIZON))
    helped = over_lines(lambda x: (x > 0).astype(float))
    return {
        "mean": over_lines(lambda x: np.maximum(x, 0.0)),
        "rmst": helped * gained,
        "hazard_ratio": np.array([marginal_log_ratio(share) for share in helped]),
    }


@dataclass
class Repetition:
    """Estimates of one repetition, and the true effects of the applied rules and of the rule locked on all patients.

    `once` is the error of the first cross-fit, in units of its standard error.
    """

    estimate: float
    se: float
    true: float
    locked: float
    naive: float
    once: float


def repetition(
    measure: Measure,
    score: Array,
    fold: NDArray[np.int64],
    lines: Array,
    final: Array,
    truth: Array,
    x: Array,
) -> Repetition:
    chosen = chosen_within_folds(score, fold, SHARE)
    effect = cross_fitted_effect(measure, chosen).effect
    estimate = np.log(effect.estimate) if measure.ratio else effect.estimate
    of_lines, of_final = (b[..., 0] / np.linalg.norm(b, axis=-1) for b in (lines, final))
    in_sample = x @ final
    naive, _ = measure.effects((in_sample > np.quantile(in_sample, 1 - SHARE)).astype(float)[None])
    locked = float(np.interp(of_final, LINES, truth))
    true = np.interp(of_lines, LINES, truth)
    first, se = (float(part[0]) for part in measure.effects(chosen[:1].astype(float)))
    return Repetition(
        float(estimate),
        effect.se,
        float(true.mean()),
        locked,
        float(naive[0]),
        (first - float(true[:FOLDS].mean())) / se,
    )


def of_a_mean(seed: int, p: int, alternative: bool, truth: dict[str, Array]) -> dict[str, Repetition]:
    rng = np.random.default_rng([seed, p, alternative, 1])
    x, treated = rng.normal(size=(PATIENTS, p)), rng.random(PATIENTS) < 0.5
    y = rng.normal(size=PATIENTS) + alternative * treated * np.maximum(x[:, 0], 0.0)
    target = np.where(treated, 2 * y, -2 * y)
    fold = balanced_folds(treated.astype(np.int64), FOLDS, REPEATS, rng)
    score, lines = cross_fitted_ridge(x, np.tile(target, (FOLDS * REPEATS, 1)), fold)
    # The fit to all patients.
    final = np.linalg.solve(
        (x - x.mean(0)).T @ (x - x.mean(0)) + 10.0 * p * np.eye(p), (x - x.mean(0)).T @ target
    )
    measure = Measure("mean", "difference of means", lambda count: mean_difference(treated, y, count), 1)
    return {"mean": repetition(measure, score, fold, lines, final, truth["mean"], x)}


def of_survival(seed: int, p: int, alternative: bool, truth: dict[str, Array]) -> dict[str, Repetition]:
    rng = np.random.default_rng([seed, p, alternative, 2])
    x, treated = rng.normal(size=(PATIENTS, p)), rng.random(PATIENTS) < 0.5
    time = rng.exponential(np.exp(-LOG_RATIO * alternative * treated * (x[:, 0] > 0)))
    censored = np.minimum(rng.exponential(1 / CENSORING, PATIENTS), END)
    outcome = Survival(np.minimum(time, censored), time <= censored, np.ones(PATIENTS, dtype=np.bool_))
    trial = Trial(treated, outcome, np.full(PATIENTS, 0.5))
    fold = trial_folds(trial, FOLDS, REPEATS, seed)
    score, lines = cross_fitted_benefit(trial, x, fold, HORIZON)
    final = RidgeBenefit.fit(trial, x, HORIZON).coefficients
    measures = {name: measure_of(trial, name, HORIZON) for name in ("rmst", "hazard_ratio")}
    return {name: repetition(m, score, fold, lines, final, truth[name], x) for name, m in measures.items()}


FULL_GRID = [
    pytest.param(FULL, p, alternative, make, marks=pytest.mark.simulation)
    for p in (20, 200)
    for alternative in (False, True)
    for make in (of_a_mean, of_survival)
]
SMALL = [pytest.param(40, 20, True, make, marks=pytest.mark.slow) for make in (of_a_mean, of_survival)]


@pytest.mark.parametrize(("repetitions", "p", "alternative", "make"), [*SMALL, *FULL_GRID])
def test_the_effect_in_chosen_patients_is_unbiased_and_covers(
    repetitions: int,
    p: int,
    alternative: bool,
    make: Callable[[int, int, bool, dict[str, Array]], dict[str, Repetition]],
) -> None:
    truth = truths(alternative)
    results = [make(seed, p, alternative, truth) for seed in range(repetitions)]
    for name in results[0]:
        values = {
            key: np.array([getattr(one[name], key) for one in results])
            for key in Repetition.__dataclass_fields__
        }
        deviation = values["estimate"] - values["true"]
        error = deviation.std(ddof=1) / np.sqrt(repetitions)
        covered = float((np.abs(deviation) <= 1.96 * values["se"]).mean())
        means = {key: round(float(np.nanmean(value)), 3) for key, value in values.items()}
        once = float((np.abs(values["once"]) <= 1.96).mean())
        text = (
            f"bias {deviation.mean() / error:.2f} errors, coverage {covered:.3f}, of one cross-fit {once:.3f}"
        )
        print(f"{name}, p {p}, {alternative}: {means}, {text}")  # noqa: T201  # with -s
        if repetitions < FULL:
            # Two checks for each of two measures at most.
            assert abs(deviation.mean()) <= z_of(4) * error, name
            assert round(covered * repetitions) >= at_least(COVERAGE[0], repetitions, checks=4), name
        else:
            assert abs(deviation.mean()) <= 3 * error, name
            assert COVERAGE[0] <= covered <= COVERAGE[1], name
            # Twenty cross-fits cover better than one.
            assert once < covered
        # The naive effect of a rule in its training patients is far too optimistic, if both arms have patients.
        assert np.isfinite(values["naive"]).mean() > 0.9
        sign = -1 if name == "hazard_ratio" else 1
        assert sign * (means["naive"] - means["true"]) > 3 * abs(deviation.mean())


@sizes(40, FULL)
@pytest.mark.parametrize("kind", ["rmst", "survival"])
def test_a_doubly_robust_mean_covers(kind: str, repetitions: int) -> None:
    """AIPCW: 250 patients, 30% censored; censoring depends on a covariate that also determines survival."""
    n, horizon = 250, 1.0

    def hazard(x: Array, treated: Array | bool) -> Array:
        return np.exp(0.5 * x - 0.4 * treated - 0.3 * treated * (x > 0))

    population = np.random.default_rng(0).normal(size=1_000_000)
    survived = [np.exp(-hazard(population, arm) * horizon) for arm in (False, True)]
    lived = [(1 - s) / hazard(population, arm) for s, arm in zip(survived, (False, True), strict=True)]
    truth = float(np.mean(lived[1] - lived[0] if kind == "rmst" else survived[1] - survived[0]))
    errors, shares = [], []
    for seed in range(repetitions):
        rng = np.random.default_rng([seed, 3])
        x, treated = rng.normal(size=(n, 5)), rng.random(n) < 0.5
        time = rng.exponential(1 / hazard(x[:, 0], treated))
        censored = rng.exponential(3.0 * np.exp(-0.5 * x[:, 0]))
        outcome = Survival(np.minimum(time, censored), time <= censored, np.ones(n, dtype=np.bool_))
        trial = Trial(treated, outcome, np.full(n, 0.5))
        average = pseudo_outcomes(trial, x, kind, horizon, seed).average
        errors.append((average.estimate - truth, average.low <= truth <= average.high))
        shares.append(1 - outcome.event.mean())
    deviation, covered = np.array(errors).T
    text = f"bias {deviation.mean():.4f}, sd {deviation.std():.4f}, coverage {covered.mean():.3f}"
    print(f"{kind}: censored {np.mean(shares):.3f}, {text}")  # noqa: T201  # with -s
    assert np.mean(shares) == pytest.approx(0.3, abs=0.03)
    error = deviation.std(ddof=1) / np.sqrt(repetitions)
    if repetitions < FULL:
        assert abs(deviation.mean()) <= z_of(2) * error
        assert covered.sum() >= at_least(COVERAGE[0], repetitions, checks=2)
    else:
        assert abs(deviation.mean()) <= 3 * error
        assert COVERAGE[0] <= covered.mean() <= COVERAGE[1]


@sizes(40, 200)
@pytest.mark.parametrize("strength", [0.0, 0.4], ids=["null", "alternative"])
def test_the_best_of_seven_cuts_is_corrected_for_optimism(strength: float, repetitions: int) -> None:
    """True is the effect above the chosen cut. The out-of-bag effect is too small, Harrell's slightly too large."""
    n, shares = 400, np.arange(0.2, 0.85, 0.1)
    found = []
    for seed in range(repetitions):
        rng = np.random.default_rng([seed, 4])
        marker, treated = rng.random(n), rng.random(n) < 0.5
        y = rng.normal(size=n) + strength * treated * (marker > 0.6)

        def effects(count: Array, treated: NDArray[np.bool_] = treated, y: Array = y) -> tuple[Array, Array]:
            return mean_difference(treated, y, count)

        cuts = Cuts(shares, np.stack([(marker > 1 - share)[None] for share in shares]))
        search = search_cuts(Measure("mean", "difference of means", effects, 1), cuts, seed, draws=200)
        true = strength * min(1.0, 0.4 / shares[search.best])
        at_once = search.at_once.low <= true <= search.at_once.high
        inside = search.out_of_bag.low <= true <= search.out_of_bag.high
        estimates = (search.apparent, search.out_of_bag, search.harrell)
        found.append((*(e.estimate - true for e in estimates), inside, at_once))
    apparent, out_of_bag, harrell, inside, at_once = np.mean(found, axis=0)
    text = f"coverage {inside:.3f}, simultaneous {at_once:.3f}"
    print(f"apparent {apparent:.3f}, out of bag {out_of_bag:.3f}, Harrell {harrell:.3f}, {text}")  # noqa: T201  # with -s
    if repetitions < 200:
        # The differences of estimates within a repetition vary little: their order is that of the full size.
        assert out_of_bag < harrell < apparent
        assert round(inside * repetitions) >= at_least(0.95, repetitions, checks=2)
        assert round(at_once * repetitions) >= at_least(0.95, repetitions, checks=2)
        return
    assert max(abs(out_of_bag), abs(harrell)) < apparent
    assert out_of_bag < harrell < apparent
    error = 2 * np.sqrt(0.05 * 0.95 / repetitions)
    assert inside >= 0.95 - error
    assert at_once >= 0.95 - error
