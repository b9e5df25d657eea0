"""Panels of the effect of treatment: found where it is planted, and not where it is the same for all."""

from __future__ import annotations

import numpy as np
import pytest
from claims import at_most, repetitions
from panels import response_of, survival_of, values_of

from datamodules.split import Fold
from models.linear.group_ridge import likelihood_of
from stratomics.strata.panel.assay.prices import PriceList
from stratomics.strata.panel.benefit_curve import benefit_curve
from stratomics.strata.panel.calibration import BenefitCalibration
from stratomics.strata.panel.curve import NULL, PanelCurve
from stratomics.strata.panel.learn import Learning, folds_of
from stratomics.strata.panel.nested import FoldScores, NestedDesign, nested_scores
from stratomics.strata.panel.score_path import PanelSettings
from stratomics.strata.panel.target import BenefitTarget


def trial(n: int, p: int, effects: np.ndarray, seed: int, kind: str) -> Learning:
    """A randomised trial; the first analytes change the effect, which is 0.3 on average in favour of treatment."""
    rng = np.random.default_rng(seed)
    x, arm = rng.normal(size=(n, p)), rng.permutation(np.where(np.arange(n) % 2, 0.5, -0.5))
    benefit = (0.3 + x[:, : len(effects)] @ effects) * arm
    outcome = response_of(benefit, rng) if kind == "response" else survival_of(-benefit, rng)
    values = values_of(x)
    return Learning(values, BenefitTarget(outcome, arm), PriceList.equal().of(values.names))


def nested(learning: Learning, numbers: tuple[int, ...]) -> dict[int, list[FoldScores]]:
    fold = folds_of(learning.target.label, None, 4, np.random.default_rng(0))
    parts = [Fold(0, k, np.flatnonzero(fold != k), np.flatnonzero(fold == k)) for k in range(4)]
    design = NestedDesign(learning, learning.patients, learning.target, parts)
    return nested_scores(design, numbers, PanelSettings(inner_folds=4), 1)


def curve_of(learning: Learning, numbers: tuple[int, ...] = (1, 2, 4), draws: int = 60) -> PanelCurve:
    assert isinstance(learning.target, BenefitTarget)
    return benefit_curve(nested(learning, numbers), learning.target, "end", learning.prices, draws, 1)


@pytest.mark.parametrize("kind", ["response", "survival"])
def test_a_planted_effect_is_found(kind: str) -> None:
    curve = curve_of(trial(500, 15, np.array([2.0, -2.0]), 0, kind))
    assert curve.kind == "benefit"
    assert curve.recommended is not None
    assert curve.recommended >= 2
    point = curve.point(2)
    assert point.differences[NULL]["high"] < 0
    assert point.metrics["calibration_slope"]["low"] > 0
    assert point.stability["estimate"] > 0.9


def test_the_loss_is_the_likelihood_of_the_test_patients() -> None:
    learning = trial(200, 5, np.array([2.0]), 1, "survival")
    target = learning.target
    assert isinstance(target, BenefitTarget)
    scores = nested(learning, (1,))
    slow, same = [], []
    for part in scores[1]:
        rows = part.fold.test
        likelihood = likelihood_of(target.outcome.take(rows))
        assert isinstance(part.calibration, BenefitCalibration)
        slow.append(likelihood.loss(-part.calibration.level(part.score) * target.arm[rows]))
        same.append(likelihood.loss(-part.calibration.average * target.arm[rows]))
    curve = benefit_curve(scores, target, "end", learning.prices, 20, 1)
    assert curve.point(1).metrics["effect_deviance"]["estimate"] == pytest.approx(np.mean(slow))
    assert curve.references[NULL]["effect_deviance"]["estimate"] == pytest.approx(np.mean(same))


@repetitions(8, 100)
def test_the_same_effect_for_all_rarely_gives_a_panel(repetitions: int) -> None:
    """200 patients, 50 analytes that do not change the effect: ``docs/claims.md``."""
    found = sum(
        curve_of(trial(200, 50, np.zeros(1), seed, "response"), (2, 4), 100).recommended is not None
        for seed in range(repetitions)
    )
    assert found <= at_most(0.05, repetitions)
