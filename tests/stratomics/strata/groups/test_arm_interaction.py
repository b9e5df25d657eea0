"""Interaction of groups and arms: lifelines and scikit-learn as oracles, strata, and limits."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from omics.cohort.endpoints import Response, Survival
from omics.common.errors import DataError
from stratomics.strata.groups.arm_interaction import group_interaction

Array = np.ndarray


def trial(seed: int, n: int = 240) -> tuple[Array, Array, Array, Array]:
    """Groups 0 to 2, arms -0.5 and 0.5, sites 0 and 1, and a time that the arm prolongs in group 2."""
    rng = np.random.default_rng(seed)
    group, site = rng.integers(3, size=n), rng.integers(2, size=n)
    arm = rng.permutation(np.arange(n) % 2) - 0.5
    return group, arm, site, rng.exponential(np.exp(site + 2.0 * (group == 2) * (arm > 0)))


@pytest.mark.filterwarnings("ignore")  # lifelines uses interfaces that pandas deprecates
@pytest.mark.parametrize("stratified", [False, True])
def test_survival_as_by_lifelines(stratified: bool) -> None:
    group, arm, site, time = trial(1)
    event = np.random.default_rng(2).random(len(time)) < 0.7
    survival = Survival(time, event, np.ones(len(time), dtype=bool))
    result = group_interaction(group, survival, arm, site if stratified else None)
    frame = pd.DataFrame({"t": time, "e": event, "g1": group == 1, "g2": group == 2, "a": arm, "s": site}) * 1
    own = frame.assign(**{f"a{n}": arm * (group == n) for n in range(3)}).drop(columns="a")

    def fitted(table: pd.DataFrame) -> Any:
        by: dict[str, Any] = {"strata": ["s"]} if stratified else {}
        return CoxPHFitter().fit(
            table if stratified else table.drop(columns="s"), "t", "e", fit_options={"precision": 1e-11}, **by
        )

    one, each = fitted(frame), fitted(own)
    assert result.statistic == pytest.approx(2.0 * (each.log_likelihood_ - one.log_likelihood_), rel=1e-4)
    assert result.degrees == 2
    assert result.p < 0.01
    for number, effect in enumerate(result.effects):
        name = f"a{number}"
        assert effect.group == str(number)
        assert effect.treated == ((group == number) & (arm > 0)).sum()
        low, high = np.exp(each.confidence_intervals_.loc[name])
        np.testing.assert_allclose(
            [effect.ratio, effect.low, effect.high], [each.hazard_ratios_[name], low, high], rtol=1e-3
        )


def test_response_as_by_scikit_learn() -> None:
    group, arm, site, time = trial(3)
    positive = time > 1.5
    result = group_interaction(group, Response(positive, np.ones(len(time), dtype=bool)), arm, site)
    base = np.column_stack([group == 1, group == 2, site])
    own = arm[:, None] * np.equal.outer(group, range(3))

    def fitted(x: Array) -> tuple[float, Any]:
        model = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(x, positive)
        return log_loss(positive, model.predict_proba(x), normalize=False), model.coef_[0]

    one, _ = fitted(np.column_stack([base, arm]))
    each, coefficients = fitted(np.column_stack([base, own]))
    assert result.statistic == pytest.approx(2.0 * (one - each), rel=1e-4)
    np.testing.assert_allclose([e.ratio for e in result.effects], np.exp(coefficients[3:]), rtol=1e-3)


def test_patients_in_neither_arm_and_without_a_group_are_left_out() -> None:
    group, arm, _, time = trial(4)
    named = group.astype(object)
    named[:10] = None
    arm[10:20] = 0.0
    observed = np.ones(len(time), dtype=bool)
    result = group_interaction(named, Response(time > 1.5, observed), arm)
    rest = group_interaction(group[20:], Response(time[20:] > 1.5, observed[20:]), arm[20:])
    assert result == rest


def test_a_group_without_events_in_an_arm_has_no_effect() -> None:
    group, arm, _, time = trial(5)
    positive = (time > 1.5) & ~((group == 1) & (arm > 0))
    result = group_interaction(group, Response(positive, np.ones(len(time), dtype=bool)), arm)
    assert np.isnan(result.effects[1].ratio)
    assert np.isfinite([result.effects[0].ratio, result.statistic, result.p]).all()


def test_a_group_without_an_arm_is_refused() -> None:
    group, arm, _, time = trial(6)
    with pytest.raises(DataError, match="group '2' has no control patient"):
        group_interaction(
            group, Response(time > 1.5, np.ones(len(time), dtype=bool)), np.where(group == 2, 0.5, arm)
        )
