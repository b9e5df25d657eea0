"""Damped Newton steps: against minima that are known, one patient at a time and together."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from datamodules.exposure.estimation.newton import derivatives, has_converged, minimise

WIDTHS = torch.tensor([1.0, 4.0, 100.0], dtype=torch.float64)


def valley(rows: Tensor):
    """Rosenbrock's curved valley with another width for each patient; its minimum is at (1, 1)."""
    width = WIDTHS[rows]
    return lambda x: (1 - x[:, 0]) ** 2 + width * (x[:, 1] - x[:, 0] ** 2) ** 2


@pytest.fixture(scope="module")
def start():
    return torch.tensor([[-1.0, 1.5]], dtype=torch.float64).repeat(3, 1)


def test_the_minimum_of_a_curved_valley_is_found(start):
    found = minimise(valley, start)
    assert bool(has_converged(found).all())
    torch.testing.assert_close(found.effects, torch.ones(3, 2, dtype=torch.float64), atol=1e-8, rtol=0)
    curvature = derivatives(valley(torch.arange(3)), found.effects)[1]
    torch.testing.assert_close(found.covariance, 2 * torch.linalg.inv(curvature))


def test_no_patient_changes_another(start):
    together = minimise(valley, start)
    for k in range(3):
        alone = minimise(lambda rows, k=k: valley(rows + k), start[k : k + 1])
        torch.testing.assert_close(alone.effects[0], together.effects[k], atol=1e-12, rtol=0)


def test_a_fixed_effect_stays(start):
    found = minimise(valley, start, fixed=0)
    assert bool((found.effects[:, 0] == start[:, 0]).all())
    torch.testing.assert_close(found.effects[:, 1], start[:, 0] ** 2, atol=1e-8, rtol=0)


def test_an_objective_that_bends_downwards_at_the_start_is_still_minimised():
    start = torch.zeros(1, 1, dtype=torch.float64) + 0.1
    found = minimise(lambda rows: lambda x: torch.cos(x[:, 0]), start)
    assert found.effects.item() == pytest.approx(torch.pi, abs=1e-8)
