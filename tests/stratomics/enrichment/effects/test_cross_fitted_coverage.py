"""What is promised of the chosen comes true: simulations whose truth is known, 500 repetitions each.

Truth of a rule is one function of the correlation of its line with the one covariate that matters, so that every rule
applied is evaluated by its own. Patients: 300, 1:1, the 30% that a ridge of benefit puts first, 20 cross-fits of 5 folds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
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

Array = NDArray[np.float64]

REPETITIONS, PATIENTS, SHARE, HORIZON = 500, 300, 0.3, 0.75
LOG_RATIO, CENSORING, END = -0.8, 0.3, 4.0
LINES = np.linspace(-1.0, 1.0, 41)
COVERAGE = (0.92, 0.97)


def over_lines(of_covariate: Callable[[Array], Array]) -> Array:
    """(41,) mean of a function of the covariate in the 30% that a line of each correlation with it puts first."""
    covariate, noise = np.random.default_rng(0).normal(size=(2, 200_000))
    lines = (r * covariate + np.sqrt(1 - r**2) * noise for r in LINES)
    return np.array([of_covariate(covariate[line > np.quantile(line, 1 - SHARE)]).mean() for line in lines])


def marginal_log_ratio(share: float) -> float:
    """Where Cox's score is 0 if `share` of the treated have the hazard exp(-.8) and all others 1."""
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
class Told:
    """What one repetition reports, and what was true: of the rules applied, and of the rule locked on all patients.

    `once` says by how many of its own standard errors the first cross-fit alone is off.
    """

    estimate: float
    se: float
    true: float
    locked: float
    naive: float
    once: float


def tell(
    measure: Measure,
    score: Array,
    fold: NDArray[np.int64],
    lines: Array,
    final: Array,
    truth: Array,
    x: Array,
) -> Told:
    chosen = chosen_within_folds(score, fold, SHARE)
    honest = cross_fitted_effect(measure, chosen)
    estimate = np.log(honest.effect.estimate) if measure.ratio else honest.effect.estimate
    of_lines, of_final = (b[..., 0] / np.linalg.norm(b, axis=-1) for b in (lines, final))
    own = x @ final
    naive, _ = measure.effects((own > np.quantile(own, 1 - SHARE)).astype(float)[None])
    locked = float(np.interp(of_final, LINES, truth))
    true = np.interp(of_lines, LINES, truth)
    first, se = (float(part[0]) for part in measure.effects(chosen[:1].astype(float)))
    return Told(
        float(estimate),
        honest.effect.se,
        float(true.mean()),
        locked,
        float(naive[0]),
        (first - float(true[:FOLDS].mean())) / se,
    )


def of_a_mean(seed: int, p: int, alternative: bool, truth: dict[str, Array]) -> dict[str, Told]:
    rng = np.random.default_rng([seed, p, alternative, 1])
    x, treated = rng.normal(size=(PATIENTS, p)), rng.random(PATIENTS) < 0.5
    y = rng.normal(size=PATIENTS) + alternative * treated * np.maximum(x[:, 0], 0.0)
    target = np.where(treated, 2 * y, -2 * y)
    fold = balanced_folds(treated.astype(np.int64), FOLDS, REPEATS, rng)
    score, lines = cross_fitted_ridge(x, np.tile(target, (FOLDS * REPEATS, 1)), fold)
    # One fold of nobody: the fit to all.
    final = np.linalg.solve(
        (x - x.mean(0)).T @ (x - x.mean(0)) + 10.0 * p * np.eye(p), (x - x.mean(0)).T @ target
    )
    measure = Measure("mean", "difference of means", lambda count: mean_difference(treated, y, count), 1)
    return {"mean": tell(measure, score, fold, lines, final, truth["mean"], x)}


def of_survival(seed: int, p: int, alternative: bool, truth: dict[str, Array]) -> dict[str, Told]:
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
    return {name: tell(m, score, fold, lines, final, truth[name], x) for name, m in measures.items()}


@pytest.mark.slow
@pytest.mark.parametrize("make", [of_a_mean, of_survival])
@pytest.mark.parametrize("alternative", [False, True], ids=["null", "alternative"])
@pytest.mark.parametrize("p", [20, 200])
def test_the_effect_in_the_chosen_is_honest(
    p: int, alternative: bool, make: Callable[[int, int, bool, dict[str, Array]], dict[str, Told]]
) -> None:
    truth = truths(alternative)
    told = [make(seed, p, alternative, truth) for seed in range(REPETITIONS)]
    for name in told[0]:
        values = {
            key: np.array([getattr(one[name], key) for one in told]) for key in Told.__dataclass_fields__
        }
        apart = values["estimate"] - values["true"]
        error = apart.std(ddof=1) / np.sqrt(REPETITIONS)
        covered = float((np.abs(apart) <= 1.96 * values["se"]).mean())
        means = {key: round(float(np.nanmean(value)), 3) for key, value in values.items()}
        once = float((np.abs(values["once"]) <= 1.96).mean())
        said = (
            f"off by {apart.mean() / error:.2f} errors, covers {covered:.3f}, one cross-fit alone {once:.3f}"
        )
        print(f"{name}, p {p}, {alternative}: {means}, {said}")  # noqa: T201  # with -s
        assert abs(apart.mean()) <= 3 * error, name
        assert COVERAGE[0] <= covered <= COVERAGE[1], name
        # What twenty cross-fits are for.
        assert once < covered
        # The choice on the patients themselves promises more by far, where it leaves anybody in both arms at all.
        assert np.isfinite(values["naive"]).mean() > 0.9
        sign = -1 if name == "hazard_ratio" else 1
        assert sign * (means["naive"] - means["true"]) > 3 * abs(apart.mean())


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["rmst", "survival"])
def test_a_doubly_robust_mean_covers(kind: str) -> None:
    """AIPCW alone: 250 patients, 30% censored, censoring by a covariate that also decides on survival."""
    n, horizon = 250, 1.0

    def hazard(x: Array, treated: Array | bool) -> Array:
        return np.exp(0.5 * x - 0.4 * treated - 0.3 * treated * (x > 0))

    everybody = np.random.default_rng(0).normal(size=1_000_000)
    survived = [np.exp(-hazard(everybody, arm) * horizon) for arm in (False, True)]
    lived = [(1 - s) / hazard(everybody, arm) for s, arm in zip(survived, (False, True), strict=True)]
    truth = float(np.mean(lived[1] - lived[0] if kind == "rmst" else survived[1] - survived[0]))
    found, shares = [], []
    for seed in range(REPETITIONS):
        rng = np.random.default_rng([seed, 3])
        x, treated = rng.normal(size=(n, 5)), rng.random(n) < 0.5
        time = rng.exponential(1 / hazard(x[:, 0], treated))
        censored = rng.exponential(3.0 * np.exp(-0.5 * x[:, 0]))
        outcome = Survival(np.minimum(time, censored), time <= censored, np.ones(n, dtype=np.bool_))
        trial = Trial(treated, outcome, np.full(n, 0.5))
        average = pseudo_outcomes(trial, x, kind, horizon, seed).average
        found.append((average.estimate - truth, average.low <= truth <= average.high))
        shares.append(1 - outcome.event.mean())
    apart, covered = np.array(found).T
    said = f"off by {apart.mean():.4f}, sd {apart.std():.4f}, covers {covered.mean():.3f}"
    print(f"{kind}: censored {np.mean(shares):.3f}, {said}")  # noqa: T201  # with -s
    assert np.mean(shares) == pytest.approx(0.3, abs=0.03)
    assert abs(apart.mean()) <= 3 * apart.std(ddof=1) / np.sqrt(REPETITIONS)
    assert COVERAGE[0] <= covered.mean() <= COVERAGE[1]


@pytest.mark.slow
@pytest.mark.parametrize("strength", [0.0, 0.4], ids=["null", "alternative"])
def test_the_best_of_seven_cuts_without_its_optimism(strength: float) -> None:
    """True is the effect above the cut that was chosen. Out of bag errs towards less, Harrell's less than apparent."""
    n, repetitions, shares = 400, 200, np.arange(0.2, 0.85, 0.1)
    found = []
    for seed in range(repetitions):
        rng = np.random.default_rng([seed, 4])
        marker, treated = rng.random(n), rng.random(n) < 0.5
        y = rng.normal(size=n) + strength * treated * (marker > 0.6)

        def effects(count: Array, treated: NDArray[np.bool_] = treated, y: Array = y) -> tuple[Array, Array]:
            return mean_difference(treated, y, count)

        chosen = np.stack([(marker > 1 - share)[None] for share in shares])
        search = search_cuts(Measure("mean", "difference of means", effects, 1), chosen, seed, draws=200)
        true = strength * min(1.0, 0.4 / shares[search.best])
        at_once = abs(search.estimate - true) <= search.simultaneous * search.apparent.se
        inside = search.out_of_bag.low <= true <= search.out_of_bag.high
        estimates = (search.apparent, search.out_of_bag, search.harrell)
        found.append((*(e.estimate - true for e in estimates), inside, at_once))
    apparent, out_of_bag, harrell, inside, at_once = np.mean(found, axis=0)
    said = f"covers {inside:.3f}, all at once {at_once:.3f}"
    print(f"apparent {apparent:.3f}, out of bag {out_of_bag:.3f}, Harrell {harrell:.3f}, {said}")  # noqa: T201  # with -s
    assert max(abs(out_of_bag), abs(harrell)) < apparent
    assert out_of_bag < harrell < apparent
    error = 2 * np.sqrt(0.05 * 0.95 / repetitions)
    assert inside >= 0.95 - error
    assert at_once >= 0.95 - error
