"""Starts of the search for a mode: minima on both sides of a jump of the slope, exchanged rates, points far apart."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from kinetic_cases import dose, event_table, kinetic_model, level
from scipy.optimize import minimize

from datamodules.exposure.compartments.records import records_of
from datamodules.exposure.estimation.map_estimate import map_estimate, objective_of, predicted_at
from datamodules.exposure.estimation.starts import (
    across_jumps,
    best_apart,
    exchangeable,
    exchanged,
    fixed_starts,
    jumps_of_slope,
    points_of_prior,
    several_minima,
    timed_positions,
)

ERROR = {"form": "proportional", "proportional": 0.2}
ORAL = {"CL": 1.0, "V": 1.0, "KA": 1.0}
LATE = kinetic_model(
    absorption="first_order", more={"LAG": 1.0}, random={"CL": 0.2, "V": 0.2, "KA": 0.2, "LAG": 0.2},
    residual=ERROR,
)  # fmt: skip
LASTING = kinetic_model(more={"DURATION": 4.0}, random={"CL": 0.2, "V": 0.2, "DURATION": 0.2}, residual=ERROR)
LINES = [dose(0, 100.0, rate=-2), level(0.8, 0.2), level(3.4, 0.8), level(8.8, 1.4), level(27.9, 1.2)]


def no_effects(model):
    return torch.zeros(1, len(model.random_parameters), dtype=torch.float64)


def test_models_with_one_minimum_have_no_further_starts():
    plain = kinetic_model(random={"CL": 0.2, "V": 0.1})
    assert not several_minima(plain)
    assert fixed_starts(plain, 2).shape == (0, 2)
    assert timed_positions(plain) == []
    assert several_minima(LATE)
    assert timed_positions(LATE) == [3]


def test_jumps_are_where_a_level_meets_a_dose():
    late = records_of(event_table([dose(0, 100), level(1.5, 1.0), level(3.0, 1.0)]))
    jumps = jumps_of_slope(LATE, late, no_effects(LATE), 3)
    np.testing.assert_allclose(np.sort(jumps[jumps.isfinite()]), np.log([1.5, 3.0]))
    lasting = records_of(event_table(LINES))
    jumps = jumps_of_slope(LASTING, lasting, no_effects(LASTING), 2)
    np.testing.assert_allclose(np.sort(jumps[jumps.isfinite()]), np.log(np.array([0.8, 3.4, 8.8, 27.9]) / 4))


def test_the_slope_jumps_there():
    records, effects = records_of(event_table(LINES)), no_effects(LASTING)
    objective = objective_of(LASTING, records)

    def bend(at: float) -> float:
        low, middle, high = (
            float(objective(torch.tensor([[0.0, 0.0, at + by]], dtype=torch.float64)))
            for by in (-1e-4, 0.0, 1e-4)
        )
        return abs(high - 2 * middle + low) / 1e-4

    at = float(jumps_of_slope(LASTING, records, effects, 2).nan_to_num(9.0).abs().min())
    assert bend(-at) > 100 * bend(-at + 0.05)


def test_starts_are_on_both_sides_and_not_far_from_the_prior():
    records = records_of(event_table(LINES))
    starts = across_jumps(LASTING, records, no_effects(LASTING), 2)
    np.testing.assert_allclose(
        starts[0, :, 2].sort().values, [np.log(3.4 / 4) - 0.01, np.log(8.8 / 4) + 0.01]
    )
    np.testing.assert_array_equal(starts[..., :2], 0)
    narrow = kinetic_model(more={"DURATION": 4.0}, random={"CL": 0.2, "V": 0.2, "DURATION": 0.04})
    starts = across_jumps(narrow, records, no_effects(LASTING), 2)
    np.testing.assert_allclose(starts[0, :, 2].sort().values, [np.log(3.4 / 4) - 0.01, 0.0])


def test_exchanged_rates_give_levels_of_the_same_shape():
    model = kinetic_model(absorption="first_order", random=ORAL)
    records = records_of(event_table([dose(0, 100), *(level(t, 1.0) for t in (0.5, 2.0, 9.0, 30.0))]))
    effects = torch.tensor([[0.3, -1.0, -0.4]], dtype=torch.float64)
    other = exchanged(model, records, effects)
    assert (other - effects).abs().max() > 0.5
    np.testing.assert_allclose(
        predicted_at(model, records, other).level, predicted_at(model, records, effects).level, rtol=1e-10
    )
    np.testing.assert_allclose(exchanged(model, records, other), effects, atol=1e-12)


@pytest.mark.parametrize(
    "model",
    [
        kinetic_model(random={"CL": 1.0, "V": 1.0}),
        kinetic_model(absorption="first_order", random={"CL": 0.2, "V": 0.2, "KA": 0.2}),
        kinetic_model(2, "first_order", random={"CL": 1.0, "V1": 1.0, "KA": 1.0}),
    ],
    ids=["no absorption", "small effects", "two compartments"],
)
def test_rates_of_other_models_are_not_exchanged(model):
    assert not exchangeable(model)


def test_chosen_points_are_the_best_and_apart():
    points = points_of_prior(3)
    assert torch.equal(points, points_of_prior(3))
    target = torch.tensor([[0.5, 0.0, -1.0], [2.0, 1.0, 0.0]], dtype=torch.float64)
    values = torch.cdist(target, points)
    chosen = best_apart(values, points)
    np.testing.assert_array_equal(chosen[:, 0], values.argmin(1))
    for one in points[chosen]:
        assert torch.pdist(one).min() >= 1.0


# -- modes that one start misses --------------------------------------------------------------------------------------


def lowest_of_many(model, records):
    """Lowest objective of a general search: the best 6 of 4,000 points of the prior, improved by Nelder-Mead."""
    generator = np.random.default_rng(5)
    spread = np.sqrt(np.diag(model.omega))
    points = generator.normal(size=(4000, len(spread))) * spread
    objective = objective_of(model, records)
    with torch.no_grad():
        values = objective_of(model, records.repeat(len(points)))(torch.from_numpy(points)).numpy()
        found = [
            minimize(
                lambda x: float(objective(torch.from_numpy(x[None]))), points[k], method="Nelder-Mead",
                options={"maxiter": 150},
            ).fun
            for k in np.argsort(values)[:6]
        ]  # fmt: skip
    return min(found)


CASES = {
    "another interval of the lag": (
        LATE,
        [dose(0, 6000), dose(72, 6000, additional=6, interval=24), level(215.0, 13.8), level(216.9, 12.7),
         level(219.4, 99.2), level(222.4, 76.0)],
    ),
    "another interval of the duration": (LASTING, LINES),
    "absorption slower than elimination": (
        kinetic_model(absorption="first_order", random=ORAL, residual=ERROR),
        [dose(0, 100), level(1.1, 1.1), level(4.7, 0.0075), level(7.2, 0.0005)],
    ),
    "far from the centre": (
        kinetic_model(absorption="first_order", random=ORAL, residual=ERROR),
        [dose(0, 5000), dose(72, 5000, additional=6, interval=24), level(215.5, 1.4), level(216.1, 108.0),
         level(220.6, 107.4), level(224.8, 41.1)],
    ),
}  # fmt: skip


LONGEST = "another interval of the lag"


@pytest.mark.parametrize(
    "case", [pytest.param(case, marks=[pytest.mark.slow] if case == LONGEST else []) for case in CASES]
)
def test_no_minimum_is_lower(case):
    model, lines = CASES[case]
    records = records_of(event_table(lines))
    found = map_estimate(model, records)
    assert float(found.objective) <= lowest_of_many(model, records) + 1e-6
