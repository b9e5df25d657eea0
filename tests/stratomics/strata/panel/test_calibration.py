"""Calibration of scores: what is stored is what predicts, and predictions are those of the shared calibrations."""

from __future__ import annotations

import json

import numpy as np
import pytest
from panels import response_of, survival_of

from models.calibration.response_recalibration import ResponseRecalibration
from stratomics.strata.panel.calibration import (
    CALIBRATIONS,
    BenefitCalibration,
    ResponseCalibration,
    SurvivalCalibration,
    calibrate,
)
from stratomics.strata.panel.target import BenefitTarget, EndpointTarget, PanelTarget

SCORE = np.random.default_rng(0).normal(size=120)
FOLD = np.arange(120) % 5


def targets() -> dict[str, PanelTarget]:
    rng = np.random.default_rng(1)
    arm = np.where(np.arange(120) % 2, 0.5, -0.5)
    return {
        "response": EndpointTarget(response_of(SCORE, rng)),
        "survival": EndpointTarget(survival_of(SCORE, rng)),
        "benefit": BenefitTarget(response_of(2 * SCORE * arm, rng), arm),
    }


@pytest.mark.parametrize("kind", sorted(CALIBRATIONS))
def test_what_is_stored_predicts_the_same(kind: str) -> None:
    calibration = calibrate(SCORE, targets()[kind], FOLD)
    assert calibration.kind == kind
    again = CALIBRATIONS[kind].from_json(json.loads(json.dumps(calibration.to_json())))
    ids = np.array(["a", "b", "c"])
    first, second = (one.prediction(ids, np.array([-1.0, 0.0, 1.0]), "end") for one in (calibration, again))
    assert first.patients.equals(second.patients)
    assert (np.diff(calibration.level(np.array([-1.0, 0.0, 1.0]))) > 0).all()
    assert calibration.slope == pytest.approx(2 if kind == "benefit" else 1, abs=0.7)


def test_a_response_has_the_probability_of_recalibration_and_its_sets() -> None:
    target = targets()["response"]
    calibration = calibrate(SCORE, target, FOLD)
    assert isinstance(calibration, ResponseCalibration)
    plain = ResponseRecalibration.fit(SCORE, target.label.astype(bool))
    np.testing.assert_allclose(calibration.level(SCORE), plain.probability(SCORE))
    inside = calibration.in_sets(SCORE, "response_set_marginal")[np.arange(120), target.label.astype(int)]
    assert inside.mean() >= 0.88


def test_bounds_hold_for_nine_in_ten_training_patients() -> None:
    target = targets()["survival"]
    calibration = calibrate(SCORE, target, FOLD)
    assert isinstance(calibration, SurvivalCalibration)
    outcome = target.outcome
    bound = calibration.bounds(calibration.curves(SCORE))
    early = (outcome.event & (outcome.time < bound)).mean()  # type: ignore[union-attr]  # a survival endpoint
    assert early <= 0.11


def test_a_benefit_of_survival_has_the_sign_of_a_longer_life() -> None:
    rng = np.random.default_rng(2)
    arm = np.where(np.arange(600) % 2, 0.5, -0.5)
    outcome = survival_of(-1.2 * arm, rng)
    calibration = BenefitCalibration.fit(np.zeros(600), BenefitTarget(outcome, arm))
    assert calibration.slope == 0
    assert calibration.effect == pytest.approx(1.2, abs=0.35)
