"""Minimum sample sizes against published examples; the overall risk against brute force."""

from __future__ import annotations

import numpy as np
import pytest

from omics.common.errors import DataError
from stratomics.evaluation.sample_size import MARGIN, Z, binary_size, largest_r2, survival_size


def test_the_published_binary_example() -> None:
    """Riley et al. 2020 (doi 10.1136/bmj.m441), diagnosis with 24 parameters, prevalence .174, Cox-Snell R2 .288: 662.

    This is also the example of the R package pmsampsize, with 623, 662 and 221. By hand: 24 / ((.9 - 1) ln(1 - .288 /
    .9)) = 622.3; S = .288 / (.288 + .05 x .603) = .905 gives 661.4; (1.96 / .05)^2 .174 x .826 = 220.9.
    """
    size = binary_size(24, 0.174, 0.288)
    assert (size.shrinkage, size.optimism, size.overall) == (623, 662, 221)
    assert size.patients == 662


def test_the_published_survival_example() -> None:
    """Riley et al. 2019 (doi 10.1002/sim.7992), recurrent thromboembolism, 30 parameters: 5143, which is 692 events.

    The tests of pmsampsize have 4286 for 25 parameters. For the second criterion: E / n = .065 x 2.07 = .13455,
    largest R2 = 1 - exp(2 (E ln E - E)) = .5546, S = .051 / (.051 + .05 x .5546) = .648 and
    30 / ((.648 - 1) ln(1 - .051 / .648)) = 1038.
    """
    size = survival_size(30, 0.065, 2.07, 2.0, 0.051)
    assert (size.shrinkage, size.optimism, size.patients) == (5143, 1039, 5143)
    assert round(5143 * 2.07 * 0.065) == 692
    assert survival_size(25, 0.065, 2.07, 2.0, 0.051).shrinkage == 4286


@pytest.mark.parametrize(("rate", "horizon"), [(0.065, 2.0), (0.5, 3.0), (1.2, 2.5), (0.01, 1.0), (2.0, 2.0)])
def test_the_interval_of_the_overall_risk_is_within_the_margin(rate: float, horizon: float) -> None:
    follow_up = min(2.07, 0.9 / rate)

    def wide(n: int) -> bool:
        se = np.sqrt(rate / (n * follow_up))
        risk, low, high = (1 - np.exp(-(rate + sign * Z * se) * horizon) for sign in (0, -1, 1))
        return bool(max(high - risk, risk - low) > MARGIN)

    n = survival_size(1, rate, follow_up, horizon, 0.1).overall
    assert not wide(n)
    assert wide(n - 1)


def test_more_parameters_and_a_smaller_r2_need_more_patients() -> None:
    sizes = [binary_size(p, 0.3, 0.1).patients for p in (1, 2, 5, 50)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]
    assert binary_size(5, 0.3, 0.05).shrinkage > binary_size(5, 0.3, 0.2).shrinkage
    # With balanced classes R2 is at most 0.75 (Riley et al. 2020).
    assert largest_r2(0.5) == pytest.approx(0.75)


def test_one_event_per_patient_is_possible() -> None:
    """Without censoring, the rate times the mean follow-up is 1 up to rounding."""
    assert 1.1 / 3.3 * 3.0000000000000004 > 1.0
    assert survival_size(3, 1.1 / 3.3, 3.0000000000000004, 1.0, 0.1).patients > 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: binary_size(3, 0.0, 0.1), "leaves one class empty"),
        (lambda: binary_size(3, 1.0, 0.1), "leaves one class empty"),
        (lambda: binary_size(0, 0.3, 0.1), "0 parameters"),
        (lambda: binary_size(3, 0.3, 0.8), "is not possible"),
        (lambda: binary_size(3, 0.3, 0.0), "is not possible"),
        (lambda: survival_size(3, 0.0, 1.0, 1.0, 0.1), "rate is 0"),
        (lambda: survival_size(3, 0.1, 1.0, -1.0, 0.1), "horizon is -1"),
        (lambda: survival_size(3, 2.0, 1.0, 1.0, 0.1), "more than one event per patient"),
    ],
)
def test_arguments_out_of_range_are_refused(call: object, words: str) -> None:
    with pytest.raises(DataError, match=words):
        call()  # type: ignore[operator]
