"""Shapes of the tails of importance weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from datamodules.exposure.estimation.pareto import pareto_shape


@pytest.mark.parametrize("shape", [0.2, 0.5, 0.9])
def test_the_shape_of_a_pareto_distribution_is_found(shape):
    uniform = np.random.default_rng(1).random((20, 4000))
    weights = np.expm1(-shape * np.log(uniform)) / shape
    found, _ = pareto_shape(torch.from_numpy(np.log(weights + 1)))
    assert float(found.mean()) == pytest.approx(shape, abs=0.05)


def test_bounded_weights_have_no_heavy_tail():
    weights = np.random.default_rng(1).random((20, 4000))
    assert pareto_shape(torch.from_numpy(np.log(weights)))[0].max() < 0


def test_smoothing_keeps_the_body_and_the_order_of_the_tail():
    logs = torch.from_numpy(np.random.default_rng(2).normal(0, 2, (3, 1000)))
    _, smoothed = pareto_shape(logs)
    centred = logs - logs.amax(1, keepdim=True)
    order = centred.argsort(1)
    body = torch.gather(smoothed, 1, order)[:, :800]
    assert torch.equal(body, torch.gather(centred, 1, order)[:, :800])
    assert bool((torch.gather(smoothed, 1, order).diff(dim=1) >= -1e-12).all())
    assert smoothed.max() <= 0


def test_a_constant_changes_nothing():
    logs = torch.from_numpy(np.random.default_rng(2).normal(0, 2, (3, 1000)))
    one, two = pareto_shape(logs), pareto_shape(logs + 700)
    np.testing.assert_allclose(one[0], two[0], rtol=1e-9)
    np.testing.assert_allclose(one[1], two[1], atol=1e-9)
