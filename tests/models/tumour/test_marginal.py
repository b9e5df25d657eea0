"""Laplace's approximation against integration over a fine grid, and its derivatives against differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from scipy.stats import norm
from tumours import ADDITIVE, PROPORTIONAL, SPREAD, TYPICAL, Tumours, tumours

from models.tumour.curves import CURVES
from models.tumour.growth_model import GrowthError
from models.tumour.marginal import GrowthPopulation, best_modes, marginal_deviance

PATIENTS, POINTS, WIDTH, LIMIT = 8, 61, 4.5, 30.0


@pytest.fixture(scope="module")
def simulated() -> Tumours:
    return tumours(PATIENTS, 4, limit=LIMIT)


def population(n: int = PATIENTS) -> GrowthPopulation:
    centre = torch.log(torch.tensor(TYPICAL, dtype=torch.float64)).repeat(n, 1)
    error = GrowthError(
        torch.tensor(ADDITIVE, dtype=torch.float64), torch.tensor(PROPORTIONAL, dtype=torch.float64)
    )
    return GrowthPopulation(centre, torch.tensor(SPREAD, dtype=torch.float64), error)


def log_likelihood_on_a_grid(time: np.ndarray, size: np.ndarray, below: np.ndarray) -> float:
    """Integrate exp(log density of the sizes) over the three random effects, without any code of the package."""
    axes = [np.linspace(-WIDTH, WIDTH, POINTS)] * 3
    a, b, c = np.meshgrid(*axes, indexing="ij")
    y0, d, g = (value * np.exp(sd * x) for value, sd, x in zip(TYPICAL, SPREAD, (a, b, c), strict=True))
    total = sum(norm.logpdf(x) for x in (a, b, c))
    for t, y, censored in zip(time, size, below, strict=True):
        mean = y0 * (np.exp(-d * t) + np.exp(g * t) - 1)
        sd = np.sqrt(ADDITIVE**2 + (PROPORTIONAL * mean) ** 2)
        total = total + (norm.logcdf(LIMIT, mean, sd) if censored else norm.logpdf(y, mean, sd))
    return float(logsumexp(total) + 3 * np.log(2 * WIDTH / (POINTS - 1)))


def test_the_marginal_likelihood_is_that_of_a_fine_grid(simulated):
    sizes = simulated.sizes
    start = torch.zeros(PATIENTS, 3, dtype=torch.float64)
    found = marginal_deviance(CURVES["stein"], sizes, population(), start)
    assert bool(sizes.censored.any())
    exact = np.array(
        [
            -2
            * log_likelihood_on_a_grid(
                *(getattr(sizes, name)[k].numpy() for name in ("time", "level", "censored"))
            )
            for k in range(PATIENTS)
        ]
    )
    off = found.detach().numpy() - exact
    measured = (sizes.observed & ~sizes.censored).sum(1).numpy()
    enough = measured > 2
    assert 2 < enough.sum() < PATIENTS
    assert (np.abs(off)[enough] < 0.01 * np.abs(exact)[enough]).all()
    # Sizes below the limit say little, and the posterior is further from a normal distribution.
    assert (np.abs(off) < 0.3).all()
    assert float(found.detach().sum()) == pytest.approx(sum(exact), rel=0.005)


def test_derivatives_are_those_of_differences(simulated):
    start = torch.zeros(PATIENTS, 3, dtype=torch.float64)
    values = population()
    leaves = [values.centre, values.spread, values.error.additive, values.error.proportional]
    for leaf in leaves:
        leaf.requires_grad_()

    def total(moved: list[torch.Tensor]) -> torch.Tensor:
        centre, spread, additive, proportional = moved
        error = GrowthError(additive, proportional)
        return marginal_deviance(
            CURVES["stein"], simulated.sizes, GrowthPopulation(centre, spread, error), start
        ).sum()

    slopes = torch.autograd.grad(total(leaves), leaves)
    generator = torch.Generator().manual_seed(0)
    for place, (leaf, slope) in enumerate(zip(leaves, slopes, strict=True)):
        along = torch.randn(leaf.shape, generator=generator, dtype=torch.float64)
        ends = []
        for sign in (1, -1):
            moved = [one.detach().clone() for one in leaves]
            moved[place] = moved[place] + sign * 1e-5 * along
            ends.append(float(total(moved).detach()))
        assert float((slope * along).sum()) == pytest.approx((ends[0] - ends[1]) / 2e-5, rel=1e-4)


def test_more_starts_find_no_worse_modes(simulated):
    from datamodules.exposure.estimation.newton import has_converged, minimise
    from models.tumour.growth_model import objective_at

    values = population()
    best = best_modes(CURVES["stein"], simulated.sizes, values)
    objective = objective_at(CURVES["stein"], simulated.sizes, *values)
    assert bool(has_converged(best).all())
    generator = torch.Generator().manual_seed(1)
    for _ in range(5):
        start = torch.randn(PATIENTS, 3, generator=generator, dtype=torch.float64)
        found = minimise(
            lambda rows: objective_at(
                CURVES["stein"], simulated.sizes.take(rows), values.centre[rows], values.spread, values.error
            ),
            start,
        )
        assert bool((best.objective <= found.objective + 1e-6).all())
    torch.testing.assert_close(objective(best.effects), best.objective)


def test_a_patient_without_sizes_has_no_likelihood_to_lose():
    empty = tumours(3, 0).sizes
    none = type(empty)(**{**vars(empty), "observed": torch.zeros_like(empty.observed)})
    found = marginal_deviance(CURVES["stein"], none, population(3), torch.zeros(3, 3, dtype=torch.float64))
    torch.testing.assert_close(found.detach(), torch.zeros(3, dtype=torch.float64))
