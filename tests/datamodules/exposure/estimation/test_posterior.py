"""Draws against a grid, Monolix, and the prior."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from kinetic_cases import RUN_001, dose, event_table, kinetic_model, level, nonmem_table
from scipy.integrate import simpson

from datamodules.exposure.compartments.records import records_of, up_to_last_level
from datamodules.exposure.estimation.map_estimate import map_estimate, objective_of
from datamodules.exposure.estimation.posterior import posterior_draws


def drawn(model, lines, draws=2000, seed=0):
    records = records_of(event_table(lines))
    mode = map_estimate(model, records)
    return posterior_draws(model, records, mode, np.random.default_rng(seed), draws), records


@pytest.mark.parametrize("levels", [[level(5, 1.9)], [level(1, 2.4), level(30, 0.1)]], ids=["one", "two"])
def test_means_and_deviations_are_those_of_a_grid(levels):
    model = kinetic_model(
        random={"CL": 0.4, "V": 0.3}, residual={"form": "proportional", "proportional": 0.1}
    )
    found, records = drawn(model, [dose(0, 100), *levels], 20000)
    axis = np.linspace(-3, 3, 601)
    grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1).reshape(-1, 2)
    with torch.no_grad():
        objective = objective_of(model, records.repeat(len(grid)))(torch.from_numpy(grid)).numpy()
    density = np.exp(-(objective - objective.min()) / 2).reshape(601, 601)
    total = simpson(simpson(density, x=axis), x=axis)
    for k, values in enumerate((axis[:, None], axis[None])):
        mean = simpson(simpson(density * values, x=axis), x=axis) / total
        variance = simpson(simpson(density * (values - mean) ** 2, x=axis), x=axis) / total
        assert float(found.mean()[0, k]) == pytest.approx(mean, abs=0.05 * variance**0.5)
        assert float(found.sd()[0, k]) == pytest.approx(variance**0.5, rel=0.05)


def test_means_and_deviations_are_those_of_monolix(shared):
    folder = shared("pharmacology/map_posterior")
    residual = RUN_001.residual.model_copy(update={"proportional": 0.05})
    model = RUN_001.model_copy(update={"residual": residual})
    records = records_of(up_to_last_level(nonmem_table(pd.read_csv(folder / "data_001.csv"))))
    found = posterior_draws(model, records, map_estimate(model, records), np.random.default_rng(1), 4000)
    expected = pd.read_csv(folder / "monolix_eta_001.csv")
    mean, sd = (expected[[f"eta_{name}_{what}" for name in ("Cl", "Vc", "Ka")]] for what in ("mean", "sd"))
    apart = np.abs(found.mean().numpy() - mean.to_numpy()) / sd.to_numpy()
    assert (apart < 0.1).mean() >= 0.95
    assert 0.97 < np.median(found.sd().numpy() / sd.to_numpy()) < 1.03
    assert found.effective.min() > 1000


TWO_MODES = {
    "1": (0.8999, 0.1507, -0.1244, 0.0256, 0.2723, 0.3027),
    "5": (-1.2215, -0.5936, 1.0937, 0.0929, 0.0425, 0.5498),
    "7": (0.5192, 0.0082, 0.7613, 0.0256, 0.0993, 0.3600),
    "9": (0.4968, -0.4882, -0.1548, 0.0282, 0.2190, 0.2318),
    "11": (1.2780, -0.7989, 1.5744, 0.0460, 0.3479, 0.6007),
    "13": (0.4462, 0.9680, 0.9331, 0.0801, 0.0559, 0.3158),
    "15": (1.0023, 0.0602, -1.0587, 0.0299, 0.3582, 0.3727),
    "19": (-0.1189, 0.4241, -0.6418, 0.0319, 0.1890, 0.3504),
}
"""Posterior means, then deviations, of CL, V and KA in patients of run 504 with four levels.

By the sum over a grid of 55 x 55 x 55 points around each mode, 9 deviations of the normal approximation to each side; a
grid of 40 x 40 x 40 points gives means that differ by at most .001 deviations.
"""


def test_means_are_those_of_a_grid_where_rates_can_be_exchanged(shared):
    folder = shared("pharmacology/map_posterior")
    model = kinetic_model(
        absorption="first_order", random={"CL": 1.0, "V": 1.0, "KA": 1.0}, dose_unit="ug", level_unit="ug/L",
        residual={"form": "proportional", "proportional": 0.05},
    )  # fmt: skip
    records = records_of(up_to_last_level(nonmem_table(pd.read_csv(folder / "data_504.csv"))))
    rows = records.patients.get_indexer(list(TWO_MODES))
    part = records.take(torch.from_numpy(rows))
    found = posterior_draws(model, part, map_estimate(model, part), np.random.default_rng(2))
    expected = np.array(list(TWO_MODES.values()))
    mean, sd = expected[:, :3], expected[:, 3:]
    assert (np.abs(found.mean().numpy() - mean) / sd < 0.1).mean() >= 0.95
    assert np.quantile(np.abs(found.sd().numpy() / sd - 1), 0.9) < 0.1
    # The chains of Monolix stay at one of two modes: its deviations of V are .04, .04, .05 and .08.
    table = pd.read_csv(folder / "monolix_eta_504.csv").iloc[rows[[0, 3, 4, 6]]]
    assert (table["eta_Vc_sd"].to_numpy() < 0.3 * sd[[0, 3, 4, 6], 1]).all()


@pytest.mark.slow
def test_means_of_two_seeds_agree_where_a_lag_varies(shared):
    """A narrow mode at a jump of the slope, a wide one beside it: draws that miss the wide one look effective."""
    model = kinetic_model(
        absorption="first_order", random=dict.fromkeys(("CL", "V", "KA", "LAG"), 0.2), dose_unit="ug",
        level_unit="ug/L", residual={"form": "proportional", "proportional": 0.05},
        typical={"CL": 4.0, "V": 70.0, "KA": 1.0, "LAG": 1.0},
    )  # fmt: skip
    table = pd.read_csv(shared("pharmacology/map_posterior") / "data_003.csv")
    records = records_of(up_to_last_level(nonmem_table(table)))
    mode = map_estimate(model, records)
    one, two = (posterior_draws(model, records, mode, np.random.default_rng(seed)) for seed in (1, 2))
    apart = (one.mean() - two.mean()).abs() / one.sd()
    assert float((apart < 0.1).double().mean()) >= 0.95
    assert float(apart.max()) < 0.3
    assert float(one.pareto.max()) < 0.7


def test_without_levels_the_draws_are_those_of_the_prior():
    model = kinetic_model(random={"CL": 0.4, "V": 0.1})
    found, _ = drawn(model, [dose(0, 100)], 4000)
    np.testing.assert_allclose(found.mean()[0], 0, atol=0.03)
    np.testing.assert_allclose(found.sd()[0] ** 2, [0.4, 0.1], rtol=0.1)


def test_weights_sum_to_one_and_seeds_repeat():
    model = kinetic_model(random={"CL": 0.4, "V": 0.1})
    lines = [dose(0, 100), level(4, 1.2)]
    one, two = (drawn(model, lines, 500, seed=3)[0] for _ in range(2))
    np.testing.assert_allclose(one.weights.sum(1), 1)
    assert torch.equal(one.effects, two.effects)
    assert torch.equal(one.weights, two.weights)


def test_a_curved_posterior_has_enough_draws():
    # One precise level of a drug with three unknown parameters: a thin sheet.
    model = kinetic_model(
        absorption="first_order", random={"CL": 0.5, "V": 0.5, "KA": 0.5},
        residual={"form": "proportional", "proportional": 0.05},
    )  # fmt: skip
    found, _ = drawn(model, [dose(0, 100), level(5, 1.0)])
    assert float(found.effective) > 600
    assert float(found.pareto) < 0.7


def test_two_modes_are_both_drawn_from():
    # Absorption and elimination can be exchanged: a second mode with a slow absorption.
    model = kinetic_model(
        absorption="first_order", random={"CL": 1.0, "V": 1.0, "KA": 1.0}, typical={"CL": 8.0, "V": 10.0},
        residual={"form": "proportional", "proportional": 0.03},
    )  # fmt: skip
    times = np.array([0.5, 1.0, 2.0, 4.0])
    levels = 10 * 1.0 / (1.0 - 0.8) * (np.exp(-0.8 * times) - np.exp(-1.0 * times))
    lines = [dose(0, 100), *(level(t, y) for t, y in zip(times, levels, strict=True))]
    found, _ = drawn(model, lines, 4000)
    ratio = (found.effects[0, :, 2].exp() * 10 * found.effects[0, :, 1].exp()) / (
        8 * found.effects[0, :, 0].exp()
    )
    slow = float(found.weights[0][ratio < 1].sum())
    assert 0.05 < slow < 0.95
