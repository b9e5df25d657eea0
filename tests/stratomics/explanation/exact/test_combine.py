"""From members to the delivered prediction: weights that are complete on the log odds."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stratomics.explanation.exact.combine import LOG_HAZARD, LOG_ODDS, delivered, member_weights, path_weights


@given(st.integers(2, 8), st.floats(0.1, 6.0), st.integers(0, 10**6))
def test_weights_are_complete(members: int, spread: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores, base = rng.normal(scale=spread, size=(members, 5)), rng.normal(size=members)
    for scale in (LOG_HAZARD, LOG_ODDS):
        weights = member_weights(scores, base, scale)
        total = (weights * (scores - base[:, None])).sum(axis=0)
        due = delivered(scores, scale) - delivered(base[:, None], scale)
        np.testing.assert_allclose(total, due, atol=1e-6)
        assert (weights > 0).all()


def test_equal_members_share_equally() -> None:
    weights = member_weights(np.tile([[1.0, -3.0]], (4, 1)), np.zeros(4), LOG_ODDS)
    np.testing.assert_allclose(weights, 0.25, atol=1e-12)


def test_path_of_a_square() -> None:
    # The mean derivative of x squared from 1 to 4 is 5.
    weights = path_weights(np.array([[4.0]]), np.array([1.0]), lambda at: 2 * at)
    np.testing.assert_allclose(weights, 5.0, atol=1e-12)
