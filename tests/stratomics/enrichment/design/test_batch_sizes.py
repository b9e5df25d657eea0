"""Sample sizes of many trials at once equal those of ``size_of_one_test``, and their power is the planned one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from omics.common.errors import DesignError
from stratomics.enrichment.design.assay import Assay
from stratomics.enrichment.design.batch_sizes import power_of_one_test, sizes_of_one_test
from stratomics.enrichment.design.group_sequential import fixed_design
from stratomics.enrichment.design.sample_size import size_of_one_test
from stratomics.enrichment.design.setting import AssumedEffect, Population, Setting
from stratomics.enrichment.design.step_rate import StepRate

INSIDE = StepRate((0.0, 6.0, 20.0), (0.08, 0.03, 0.05))
OUTSIDE = StepRate((0.0, 10.0), (0.02, 0.06))
MOST = 1e5


@pytest.mark.parametrize(
    "effect",
    [AssumedEffect(0.5, 0.95), AssumedEffect(0.4, 1.2), AssumedEffect(0.9, 0.6), AssumedEffect(0.6, 0.6)],
)
def test_sizes_at_once_equal_single_sizes(effect: AssumedEffect) -> None:
    assays = [Assay(*shares) for shares in itertools.product((0.1, 0.5), (0.6, 1.0), (0.7, 1.0))]
    tried = [Setting(one, INSIDE, OUTSIDE, StepRate.constant(7.0), 0.004, 1 / 3) for one in assays]
    populations = [one.positive for one in tried] + [one.all_comers for one in tried]
    belonging = np.array([one.belonging for one in populations])
    taken = np.array([one.taken for one in populations])
    many = sizes_of_one_test(tried[0], effect, belonging, taken, 0.9, 0.02, 15.0, MOST)
    for at, population in enumerate(populations):
        one = _alone(tried[0], population, effect)
        found = (many.events[at], many.patients[at], many.duration[at])
        np.testing.assert_allclose(found, one, rtol=1e-7)


def _alone(setting: Setting, population: Population, effect: AssumedEffect) -> tuple[float, float, float]:
    try:
        size = size_of_one_test(setting, population, effect, 0.9, fixed_design(0.02), 15.0)
    except DesignError:
        return np.inf, np.inf, np.inf
    # Sizes above the limit are infinite in the batch.
    allowed = size.patients <= MOST
    return (size.events, size.patients, size.duration) if allowed else (np.inf, np.inf, np.inf)


def test_a_size_above_the_limit_is_infinite() -> None:
    setting = Setting(Assay(0.4), INSIDE, OUTSIDE, StepRate.constant(7.0))
    half, all_of_them = np.array([0.4]), np.ones(1)
    words = (setting, AssumedEffect(0.6, 0.9), half, all_of_them, 0.8, 0.025, 12.0)
    needed = float(sizes_of_one_test(*words, most=1e4).patients[0])
    assert np.isinf(sizes_of_one_test(*words, most=needed - 1.0).patients[0])
    assert sizes_of_one_test(*words, most=needed + 1.0).patients[0] == pytest.approx(needed, rel=1e-9)


@given(
    inside=st.floats(0.3, 0.85),
    outside=st.floats(0.5, 1.1),
    belonging=st.floats(0.2, 1.0),
    power=st.floats(0.6, 0.95),
)
@settings(max_examples=30, deadline=None)
def test_the_power_of_a_size_is_the_power_it_was_computed_for(
    inside: float, outside: float, belonging: float, power: float
) -> None:
    setting = Setting(Assay(0.4), INSIDE, OUTSIDE, StepRate.constant(7.0), 0.004, 1 / 3)
    words = (setting, AssumedEffect(inside, outside), np.array([belonging]), np.array([0.5]))
    size = sizes_of_one_test(*words, power, 0.02, 15.0, MOST)
    assume(np.isfinite(size.patients[0]))
    found = power_of_one_test(*words, float(size.patients[0]), 0.02, 15.0)
    assert found[0] == pytest.approx(power, abs=1e-6)
    # More patients have more power, and a treatment that harms is never shown to help.
    assert power_of_one_test(*words, 1.5 * float(size.patients[0]), 0.02, 15.0)[0] > found[0]
    harm = (setting, AssumedEffect(1 / inside, 1 / inside), *words[2:])
    assert power_of_one_test(*harm, 500.0, 0.02, 15.0)[0] < 0.02
