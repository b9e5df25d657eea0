"""Shifts of the predictions of members by a log hazard ratio or log odds ratio."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import logit

from models.calibration.member_predictions import ResponseMembers, SurvivalMembers

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(5,), (3, 5)])
def test_a_shift_multiplies_the_hazard(shape: tuple[int, ...]) -> None:
    curves = np.sort(RNG.random((3, 5, 4)))[..., ::-1]
    shift = RNG.normal(size=shape)
    found = SurvivalMembers(np.arange(4.0), curves).shifted(shift).survival
    np.testing.assert_allclose(
        np.log(found) / np.log(curves), np.broadcast_to(np.exp(shift), (3, 5))[..., None].repeat(4, -1)
    )


@pytest.mark.parametrize("shape", [(5,), (3, 5)])
def test_a_shift_multiplies_the_odds_of_a_response(shape: tuple[int, ...]) -> None:
    levels = RNG.dirichlet(np.ones(3), (3, 5))
    members = ResponseMembers(levels, np.array([False, True, True]))
    shift = RNG.normal(size=shape)
    found = members.shifted(shift)
    np.testing.assert_allclose(logit(found.value()) - logit(members.value()), np.broadcast_to(shift, (3, 5)))
    np.testing.assert_allclose(found.probability.sum(axis=-1), 1)
    # The levels within a response keep their ratio.
    ratio = (one.probability[..., 1] / one.probability[..., 2] for one in (found, members))
    np.testing.assert_allclose(*ratio)


def test_no_shift_changes_nothing() -> None:
    curves = RNG.random((2, 4, 3))
    np.testing.assert_array_equal(
        SurvivalMembers(np.arange(3.0), curves).shifted(np.zeros(4)).survival, curves
    )
