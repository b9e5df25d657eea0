"""Learning: nothing of a held-out patient reaches their score, and sets hold for nine in ten new patients."""

from __future__ import annotations

import numpy as np
import pytest
from claims import Z, repetitions
from panels import planted, survival_of, values_of

from omics.cohort.endpoints import Survival
from omics.common.errors import DataError
from stratomics.strata.panel.assay.prices import PriceList
from stratomics.strata.panel.calibration import ResponseCalibration, SurvivalCalibration
from stratomics.strata.panel.learn import Learning, folds_of, learn_panels
from stratomics.strata.panel.score_path import PanelSettings
from stratomics.strata.panel.target import EndpointTarget


def test_held_out_scores_are_worse_than_those_of_training() -> None:
    """Pure noise: the selection is optimistic, held-out scores are not."""
    learning = planted(80, 300, np.zeros(1), 3)
    panels = learn_panels(learning, [5], PanelSettings(), 1)
    positive = learning.target.label.astype(bool)
    trained = panels.path.estimates(learning.patients)[5]
    held_out = panels.held_out[5]

    def separation(score: np.ndarray) -> float:
        return float((score[positive][:, None] > score[~positive]).mean())

    assert separation(trained) > 0.8
    assert abs(separation(held_out) - 0.5) < 0.25


def test_folds_keep_groups_together_and_labels_apart() -> None:
    label = np.arange(60) % 3 == 0
    groups = np.repeat(np.arange(20), 3)
    fold = folds_of(label, groups, 4, np.random.default_rng(0))
    assert all(len(set(fold[groups == group])) == 1 for group in range(20))
    plain = folds_of(label, None, 5, np.random.default_rng(0))
    assert all(label[plain == number].sum() == 4 for number in range(5))


def test_too_few_patients_are_refused() -> None:
    with pytest.raises(DataError, match="3 patients cannot be split into 5 folds"):
        folds_of(np.array([True, False, True]), None, 5, np.random.default_rng(0))


def test_the_same_seed_gives_the_same_panel() -> None:
    learning = planted(60, 10, np.array([1.0]), 5)
    first, second = (learn_panels(learning, [3], PanelSettings(select="price"), 7, "a") for _ in range(2))
    assert first.path.scores[3].columns.tolist() == second.path.scores[3].columns.tolist()
    assert first.calibrations[3].slope == second.calibrations[3].slope


@repetitions(6, 200)
@pytest.mark.parametrize("kind", ["response", "survival"])
def test_statements_hold_for_nine_in_ten_new_patients(repetitions: int, kind: str) -> None:
    """Five analytes of 100, 200 training patients: ``docs/claims.md``."""
    covered = []
    for seed in range(repetitions):
        effects = np.array([0.8, -0.8, 0.6, 0.6, -0.4])
        learning = planted(200, 100, effects, seed, kind)
        calibration = (panels := learn_panels(learning, [5], PanelSettings(), seed)).calibrations[5]
        new = planted(500, 100, effects, 10_000 + seed, kind)
        score = panels.path.estimates(new.patients)[5]
        if isinstance(calibration, ResponseCalibration):
            label = new.target.label.astype(int)
            covered.append(calibration.in_sets(score, "response_set_marginal")[np.arange(500), label].mean())
        else:
            assert isinstance(calibration, SurvivalCalibration)
            rng = np.random.default_rng(20_000 + seed)
            time = rng.exponential(np.exp(-(new.patients.values[:, :5] @ effects)))
            covered.append((time >= calibration.bounds(calibration.curves(score))).mean())
    error = np.std(covered, ddof=1) / np.sqrt(repetitions)
    assert 0.88 - Z * error <= np.mean(covered) <= 0.92 + Z * error


def test_events_are_those_of_the_smaller_class() -> None:
    learning = planted(90, 3, np.array([1.0]), 0)
    positive = int(learning.target.label.sum())
    assert learning.events == min(positive, 90 - positive)
    rng = np.random.default_rng(0)
    survival = survival_of(rng.normal(size=90), rng)
    assert isinstance(survival, Survival)
    values = values_of(rng.normal(size=(90, 3)))
    one = Learning(values, EndpointTarget(survival), PriceList.equal().of(values.names))
    assert one.events == int(survival.event.sum())
