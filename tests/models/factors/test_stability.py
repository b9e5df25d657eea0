"""Stability of factors: halves have no patient in common, and pure noise is poor."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from claims import at_least, repetitions

from datamodules.batch import Batch
from models.config import TrainerConfig
from models.factors import FACTOR_MODELS
from models.factors.loadings import Loadings, named_loadings
from models.factors.stability import SPLITS, split_half_fits, stability, verdict
from models.factors.vae.model import VAE
from omics.cohort.endpoints import Endpoints
from omics.common.errors import DataError
from omics.common.registry import resolve

WIDTHS = {"a": 100, "b": 40, "c": 20}


def simulated(seed: int, strengths: tuple[float, ...] = (), n: int = 80) -> Batch:
    """Three views of noise of variance 1, and factors whose loadings have these standard deviations."""
    rng = np.random.default_rng([11, seed])
    z = rng.normal(size=(n, len(strengths)))
    views = {}
    for name, p in WIDTHS.items():
        loadings = rng.normal(size=(p, len(strengths))) * strengths
        views[name] = (z @ loadings.T + rng.normal(size=(n, p))).astype(np.float32)
    seen = {name: np.ones(x.shape, dtype=bool) for name, x in views.items()}
    ids = np.array([f"p{i}" for i in range(n)])
    return Batch(ids, views, seen, np.zeros((n, 0), np.float32), (), Endpoints({}, "none"))


def loadings_of(kind: Any, count: int, part: Batch, seed: int = 0) -> Loadings:
    features = {name: pd.Index([f"{name}{j}" for j in range(x.shape[1])]) for name, x in part.views.items()}
    # The initial loadings of a network are principal components, so that it needs few epochs here.
    short = {"trainer": TrainerConfig(epochs=20)} if issubclass(kind, VAE) else {}
    return named_loadings(features, kind(count, seed, **short).fit(part))


def evaluated(kind: Any, count: int, batch: Batch, seed: int = 0, members: int = 5) -> pd.DataFrame:
    """The stability table, with members that each leave out a fifth of the patients, as in a run."""
    halves = list(split_half_fits(lambda part, s: loadings_of(kind, count, part, s), batch, seed))
    order = np.random.default_rng([12, seed]).permutation(len(batch))
    parts = [np.setdiff1d(order, order[fold::5]) for fold in range(members)]
    reference = loadings_of(kind, count, batch, seed)
    fitted = [loadings_of(kind, count, batch.take(rows)) for rows in parts]
    return stability(reference, halves, fitted or [reference])


@pytest.fixture(params=sorted(FACTOR_MODELS))
def kind(request: pytest.FixtureRequest) -> Any:
    return resolve(FACTOR_MODELS, request.param, "factors.model")


def test_a_strong_factor_is_stable_and_noise_factors_are_poor(kind: Any) -> None:
    table = evaluated(kind, 4, simulated(0, (1.0,)), members=2)
    assert table["verdict"][0] == "stable"
    assert table["members"][0] > 0.95
    assert set(table["verdict"][1:]) <= {"poor"}


def test_halves_are_disjoint_and_differ_between_splits() -> None:
    batch, seen = simulated(0, n=21), []

    def fit(part: Batch, seed: int) -> Loadings:
        seen.append(set(part.sample_ids))
        return {}

    pairs = list(split_half_fits(fit, batch, 3))
    assert len(pairs) == SPLITS
    for one, two in zip(seen[::2], seen[1::2], strict=True):
        assert not one & two
        assert one | two == set(batch.sample_ids)
        assert abs(len(one) - len(two)) == 1
    assert len(set(map(frozenset, seen))) == 2 * SPLITS


def test_related_patients_are_in_one_half() -> None:
    batch, seen = simulated(0, n=30), []

    def fit(part: Batch, seed: int) -> Loadings:
        seen.append({int(name[1:]) // 3 for name in part.sample_ids})
        return {}

    list(split_half_fits(fit, batch, 3, np.arange(30) // 3))
    for one, two in zip(seen[::2], seen[1::2], strict=True):
        assert not one & two


def test_a_view_that_does_not_vary_in_a_half_is_dropped(kind: Any) -> None:
    batch = simulated(0, (1.0,), n=40)
    # Two patients have the view: if they are in different halves, each is the only one there.
    seen = np.zeros_like(batch.observed["c"])
    seen[:2] = True
    batch = replace(batch, observed={**batch.observed, "c": seen})
    parts = []

    def fit(part: Batch, seed: int) -> Loadings:
        parts.append(part)
        return loadings_of(kind, 2, part, seed)

    for pair in split_half_fits(fit, batch, 0):
        for loadings in pair:
            assert all(np.isfinite(table).all(axis=None) for table in loadings.values())
    for part in parts:
        assert ("c" in part.views) == (part.observed.get("c", np.zeros((1, 1))).any(axis=1).sum() == 2)
        assert set(part.views) == set(part.observed)


def test_a_factor_without_a_match_has_stability_0() -> None:
    reference = {"a": pd.DataFrame(np.eye(3)[:, :2], columns=["factor1", "factor2"])}
    one = {"a": pd.DataFrame(np.eye(3)[:, :1], columns=["factor1"])}
    table = stability(reference, [(one, one)], [one])
    assert table["stability"].tolist() == [1.0, 0.0]
    assert table["members"].tolist() == [1.0, 0.0]
    assert table["verdict"].tolist() == ["stable", "poor"]


def test_extrapolation_from_halves_follows_spearman_and_brown() -> None:
    """Estimates from half of the patients have twice the noise variance; extrapolated, they agree with a simulation."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=20_000)
    noise = rng.normal(size=(4, 20_000))
    half = [pd.DataFrame({"factor1": truth + 1.5 * e}) for e in noise[:2]]
    whole = [truth + 1.5 * e / np.sqrt(2) for e in noise[2:]]
    expected = whole[0] @ whole[1] / np.sqrt((whole[0] @ whole[0]) * (whole[1] @ whole[1]))
    reference = {"a": pd.DataFrame({"factor1": truth})}
    table = stability(reference, [({"a": half[0]}, {"a": half[1]})], [{"a": half[0]}])
    assert table["stability"][0] == pytest.approx(expected, abs=0.02)


def test_three_patients_are_too_few() -> None:
    with pytest.raises(DataError, match="3 patients cannot be split in halves"):
        list(split_half_fits(lambda part, seed: {}, simulated(0, n=3), 0))


@pytest.mark.parametrize(
    ("score", "expected"), [(0.8, "stable"), (0.5, "unsteady"), (0.4999, "poor"), (0.0, "poor")]
)
def test_limits_of_verdicts(score: float, expected: str) -> None:
    assert verdict(score) == expected


def test_fits_with_common_patients_share_noise() -> None:
    """The reason why the verdict does not use the members: pure noise would often be called stable."""
    tables = [evaluated(resolve(FACTOR_MODELS, "pca", ""), 1, simulated(seed), seed) for seed in range(10)]
    table = pd.concat(tables)
    assert table["members"].max() > 0.8
    assert table["stability"].max() < 0.3


@repetitions(20, 200)
def test_with_pca_noise_is_poor_and_strong_factors_are_stable(repetitions: int) -> None:
    """Monte Carlo error of a proportion of 0.95: 0.015 with 200 simulations (of one factor each)."""
    check_verdicts("pca", repetitions, 200)


@repetitions(2, 12)
def test_with_gfa_noise_is_poor_and_strong_factors_are_stable(repetitions: int) -> None:
    """Monte Carlo error of a proportion of 0.95: 0.063 with 12 simulations (of one factor each)."""
    check_verdicts("gfa", repetitions, 12)


def check_verdicts(model: str, repetitions: int, full: int) -> None:
    """At least 95% of noise factors are poor, alone and beside two strong factors, which are stable."""
    kind = resolve(FACTOR_MODELS, model, "factors.model")
    noise, beside, strong = [], [], []
    for seed in range(repetitions):
        noise += list(evaluated(kind, 5, simulated(seed), seed, members=0)["verdict"] == "poor")
        table = evaluated(kind, 8, simulated(seed, (1.2, 0.8)), seed, members=0)
        strong += list(table["verdict"][:2] == "stable")
        beside += list(table["verdict"][2:] == "poor")
    # A model that drops noise factors has only the strong ones.
    verdicts = {"noise": noise, "beside": beside or [True], "strong": strong}
    shares = {name: np.mean(correct) for name, correct in verdicts.items()}
    print(model, shares)  # noqa: T201  # shown with -s
    if repetitions == full:
        assert min(shares.values()) >= 0.95
    for name, correct in verdicts.items():
        assert np.sum(correct) >= at_least(0.95, len(correct), checks=3), name
