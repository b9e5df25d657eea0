"""What groups lose against factors: simulated outcomes, published subtypes of adrenal cancer, and limits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from models.factors.pca import PCA
from omics.cohort.endpoints import Response, Survival
from omics.cohort.read import cohort_endpoints
from omics.common.errors import DataError
from stratomics.strata.groups.loss_against_factors import loss_against_factors

Find = Callable[[str], Path]


def everyone(n: int) -> np.ndarray:
    return np.ones(n, dtype=bool)


def test_a_gradient_that_is_cut_in_two_loses() -> None:
    rng = np.random.default_rng(1)
    factors = rng.normal(size=(300, 3))
    survival = Survival(rng.exponential(np.exp(-1.5 * factors[:, 0])), rng.random(300) < 0.8, everyone(300))
    concordance, brier = loss_against_factors(factors[:, 0] > 0, factors, survival, repeats=1, draws=100)
    assert (concordance.label, brier.label) == ("Harrell C", "IBS")
    for metric, sign in ((concordance, 1.0), (brier, -1.0)):
        assert metric.loss["estimate"] > 0.0
        gap = metric.factors["estimate"] - metric.groups["estimate"]
        assert metric.loss["estimate"] == pytest.approx(sign * gap)
    assert concordance.loss["low"] > 0.0
    assert concordance.factors["estimate"] == pytest.approx(0.81, abs=0.05)


def test_groups_that_are_all_there_is_lose_nothing() -> None:
    rng = np.random.default_rng(2)
    group = rng.integers(2, size=300)
    factors = np.column_stack([group + rng.normal(0.0, 1.0, 300), rng.normal(size=300)])
    positive = rng.random(300) < np.where(group == 1, 0.85, 0.15)
    (loss,) = loss_against_factors(
        group.astype(str), factors, Response(positive, everyone(300)), repeats=1, draws=100
    )
    assert (loss.label, loss.higher_is_better) == ("log loss", False)
    assert loss.groups["estimate"] == pytest.approx(-(0.85 * np.log(0.85) + 0.15 * np.log(0.15)), abs=0.07)
    assert loss.loss["high"] < 0.0


def test_without_information_both_are_at_chance() -> None:
    rng = np.random.default_rng(3)
    survival = Survival(rng.exponential(size=200), rng.random(200) < 0.7, everyone(200))
    concordance, _ = loss_against_factors(
        rng.integers(3, size=200), rng.normal(size=(200, 5)), survival, repeats=2, draws=100
    )
    assert concordance.groups["estimate"] == pytest.approx(0.5, abs=0.1)
    assert concordance.factors["estimate"] == pytest.approx(0.5, abs=0.1)
    assert concordance.loss["low"] < 0.0 < concordance.loss["high"]


def test_published_subtypes_of_adrenal_cancer_lose_a_tenth_of_concordance(acc: Any, shared: Find) -> None:
    table = pd.read_csv(shared("strata/tcga_acc_subtypes") / "labels.csv", index_col=0).reindex(acc.obs_names)
    batch = Harmonizer(HarmonizeConfig(max_features=500)).fit(acc).transform(acc)
    model = PCA(10).fit(batch)
    factors = model.transform(batch).mean * np.sqrt(model.variance_explained().sum().to_numpy())
    concordance, brier = loss_against_factors(
        table["COC"].to_numpy(), factors, cohort_endpoints(acc).survival(), draws=50
    )
    # By another Cox regression, with pooled folds: .671 and .852.
    assert concordance.groups["estimate"] == pytest.approx(0.70, abs=0.05)
    assert concordance.factors["estimate"] == pytest.approx(0.83, abs=0.05)
    assert concordance.loss["estimate"] > 0.06
    assert brier.loss["estimate"] > 0.0


def test_few_events_are_refused() -> None:
    survival = Survival(np.arange(1.0, 41.0), np.arange(40) < 4, everyone(40))
    with pytest.raises(DataError, match="4 event"):
        loss_against_factors(np.arange(40) % 2, np.ones((40, 1)), survival)
