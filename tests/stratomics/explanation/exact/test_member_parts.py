"""Contributions of one member: sums over candidates with blocks of different widths, and blocks that are absent."""

from __future__ import annotations

import numpy as np

from stratomics.explanation.exact.member_parts import MemberParts, sum_parts


def test_sums_of_different_widths() -> None:
    one = MemberParts(1.0, {"factors": np.ones((2, 3))}, {"factors": np.ones((2, 3))})
    two = MemberParts(0.5, {"factors": np.ones((2, 2)), "arm": np.ones((2, 1))}, {})
    both = sum_parts([one, two.scaled(2.0, 3.0)])
    assert both.base == 5.0
    np.testing.assert_allclose(both.score, 5.0 + 3.0 + 4.0 + 2.0)
    np.testing.assert_allclose(both.of("factors", 4)[0], [[3, 3, 1, 0]] * 2)


def test_a_block_that_no_candidate_reads_is_zero() -> None:
    nothing = MemberParts(0.0, {"covariates": np.zeros((2, 0))}, {})
    for values in (*nothing.of("covariates", 2), *nothing.of("factors", 3)):
        assert not values.any()
    assert nothing.of("factors", 3)[0].shape == (2, 3)
