"""The effect of exposure: golden regressions, what it is learned from, and outcomes that say nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize

from omics.cohort.endpoints import Response, Survival
from stratomics.fitting.exposure_effect import DOSES, PATIENTS, WIDEST, ExposureEffect, effect_on
from stratomics.fitting.fitted import Fitted

Array = NDArray[np.float64]

SEEN = np.ones(80, dtype=bool)


def patients(seed: int = 0) -> tuple[Array, Array, Array, Array]:
    """Score, exposure, exposure by dose, and a uniform number of each of 80 patients."""
    rng = np.random.default_rng(seed)
    by_dose = np.log(np.where(np.arange(80) % 2 == 0, 500.0, 1500.0))
    return rng.normal(size=80), by_dose - 0.3 * rng.normal(size=80), by_dose, rng.random(80)


def test_the_slope_of_a_response_is_that_of_a_logistic_regression() -> None:
    """Brute force: the penalised likelihood, maximised over the intercept and three coefficients."""
    score, exposure, by_dose, chance = patients()
    positive = chance < 1 / (1 + np.exp(-(by_dose - by_dose.mean()) - 0.5 * score))
    found = effect_on(Response(positive, SEEN), score, exposure, by_dose)
    columns = np.column_stack([by_dose, exposure - by_dose, score])
    standard = (columns - columns.mean(axis=0)) / columns.std(axis=0)

    def cost(b: Array) -> float:
        linear = b[0] + standard @ b[1:]
        return float(
            np.logaddexp(0, np.where(positive, -linear, linear)).sum() + (b[1:] ** 2).sum() / WIDEST**2 / 2
        )

    best = minimize(cost, np.zeros(4), tol=1e-10).x
    assert found.slope == pytest.approx(best[1] / by_dose.std(), rel=1e-4)
    assert (found.source, found.patients, found.events) == (DOSES, 80, positive.sum())


def test_with_other_doses_the_slope_is_that_of_the_dose() -> None:
    """Patients of low clearance live longer, but the dose changes nothing."""
    score, exposure, by_dose, chance = patients()
    own = exposure - by_dose
    survival = Survival(-np.log(chance) * np.exp(3 * own), SEEN, SEEN)
    of_doses = effect_on(survival, score, exposure, by_dose)
    assert abs(of_doses.slope) < 2 * of_doses.error
    alike = effect_on(survival, score, own, np.zeros(80))
    assert alike.source == PATIENTS
    assert alike.slope < -3 * alike.error
    assert alike.slope == pytest.approx(-3, abs=1.5)


def test_patients_without_a_dose_or_an_outcome_are_left_out() -> None:
    score, exposure, by_dose, chance = patients()
    time = -np.log(chance)
    few = np.arange(80) < 60
    expected = effect_on(Survival(time[few], SEEN[few], SEEN[few]), score[few], exposure[few], by_dose[few])
    hidden = np.where(few, time, np.nan)
    assert effect_on(Survival(hidden, few, few), score, exposure, by_dose) == expected
    lacking = np.where(few, exposure, np.nan)
    assert effect_on(Survival(time, SEEN, SEEN), score, lacking, by_dose) == expected


@pytest.mark.parametrize("positive", [np.zeros(80, dtype=bool), np.ones(80, dtype=bool)])
def test_an_outcome_that_says_nothing_gives_the_prior(positive: NDArray[np.bool_]) -> None:
    score, exposure, by_dose, _ = patients()
    found = effect_on(Response(positive, SEEN), score, exposure, by_dose)
    assert found.slope == 0
    assert found.error == pytest.approx(WIDEST / by_dose.std())


def test_separated_classes_give_a_finite_slope_with_a_wide_error() -> None:
    score, exposure, by_dose, _ = patients()
    found = effect_on(Response(by_dose > by_dose.mean(), SEEN), score, exposure, by_dose)
    assert 2 < found.slope < 20
    assert found.error > 0.5


def test_a_constant_score_and_a_known_clearance_are_no_problem() -> None:
    _, _, by_dose, chance = patients()
    survival = Survival(-np.log(chance), SEEN, SEEN)
    found = effect_on(survival, np.zeros(80), by_dose, by_dose)
    assert np.isfinite([found.slope, found.error]).all()


def test_a_model_keeps_its_effects(exposed_model: Path, tmp_path: Path) -> None:
    effect = Fitted.load(exposed_model).exposure_effect
    assert effect is not None
    assert (effect.kinetic_model, effect.measure) == ("vancomycin_goti_2018", "log_auc24_first")
    # Doses were given in turn; patients with a higher dose live longer and respond more often.
    assert effect.endpoints["survival"].slope < 0 < effect.endpoints["response"].slope
    assert {one.source for one in effect.endpoints.values()} == {DOSES}
    effect.save(tmp_path)
    assert ExposureEffect.load(tmp_path) == effect
    assert ExposureEffect.load(tmp_path / "none") is None
