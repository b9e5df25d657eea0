"""Closed forms of linear compartments against numerical integration."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from kinetic_cases import TYPICAL, Given, integrated, tensors
from scipy.linalg import expm

from datamodules.exposure.compartments.kinetics import compartments_of, interval_of
from datamodules.exposure.published.kinetic_model import Structure

ROUTES = [("none", 0), ("first_order", 0), ("transit", 0), ("transit", 3)]
STRUCTURES = [
    Structure(compartments=n, absorption=route, transits=transits)
    for n, (route, transits) in itertools.product((1, 2, 3), ROUTES)
]


def parameters(structure: Structure) -> dict[str, float]:
    rates = {"none": {}, "first_order": {"KA": 1.3}, "transit": {"KTR": 2.1}}[structure.absorption]
    return TYPICAL[structure.compartments] | rates


def by_expm(structure: Structure, values: dict[str, float], duration: float) -> tuple[np.ndarray, np.ndarray]:
    """Transitions and gains by the matrix exponential of scipy."""
    before, total = compartments_of(structure)
    inputs = [0, before] if before else [0]
    from kinetic_cases import _matrix

    matrix = np.zeros((total + len(inputs),) * 2)
    matrix[:total, :total] = _matrix(structure, values, before)[:total, :total]
    for k, into in enumerate(inputs):
        matrix[into, total + k] = 1
    grown = expm(matrix * duration)
    return grown[:total, :total], grown[:total, total:]


@pytest.mark.parametrize("structure", STRUCTURES, ids=str)
def test_a_bolus_and_an_infusion_equal_numerical_integration(structure):
    values = parameters(structure)
    into = 2 if structure.absorption == "none" else 1
    before, _ = compartments_of(structure)
    volume = values.get("V", values.get("V1"))
    interval = interval_of(structure, tensors(values), torch.tensor(3.7, dtype=torch.float64))
    bolus, _ = integrated(structure, lambda _: values, [Given(0, 100, 0, into)], [3.7])
    infusion, _ = integrated(structure, lambda _: values, [Given(0, 100, 3.7, into)], [3.7])
    assert float(100 * interval.keep[before, 0]) / volume == pytest.approx(bolus[0], rel=1e-9)
    assert float(100 / 3.7 * interval.gain[before, 0]) / volume == pytest.approx(infusion[0], rel=1e-9)


@pytest.mark.parametrize("structure", STRUCTURES, ids=str)
@pytest.mark.parametrize("duration", [1e-9, 1e-3, 0.5, 24.0, 720.0])
def test_all_transitions_and_gains_equal_the_matrix_exponential(structure, duration):
    values = parameters(structure)
    interval = interval_of(structure, tensors(values), torch.tensor(duration, dtype=torch.float64))
    keep, gain = by_expm(structure, values, duration)
    np.testing.assert_allclose(interval.keep, keep, rtol=1e-8, atol=1e-13)
    np.testing.assert_allclose(interval.gain, gain, rtol=1e-8, atol=1e-13 * max(1, duration))


@pytest.mark.parametrize("structure", STRUCTURES, ids=str)
def test_nothing_is_left_after_a_very_long_interval(structure):
    values = parameters(structure)
    interval = interval_of(structure, tensors(values), torch.tensor(1e6, dtype=torch.float64))
    before, _ = compartments_of(structure)
    assert float(interval.keep.abs().max()) < 1e-12
    volume = values.get("V", values.get("V1"))
    # At a constant input the level is the rate over the clearance.
    np.testing.assert_allclose(interval.gain[before] / volume, 1 / values["CL"], rtol=1e-8)


@pytest.mark.parametrize("structure", STRUCTURES, ids=str)
@settings(max_examples=15, deadline=None)
@given(st.floats(0, 30), st.floats(0, 30), st.lists(st.floats(-1.5, 1.5), min_size=8, max_size=8))
def test_splitting_an_interval_changes_nothing(structure, first, second, spread):
    values = {
        name: value * np.exp(change)
        for (name, value), change in zip(parameters(structure).items(), spread, strict=False)
    }
    a, b, both = (
        interval_of(structure, tensors(values), torch.tensor(t, dtype=torch.float64))
        for t in (first, second, first + second)
    )
    np.testing.assert_allclose(b.keep @ a.keep, both.keep, rtol=1e-7, atol=1e-10)
    np.testing.assert_allclose(b.keep @ a.gain + b.gain, both.gain, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("compartments", [1, 2, 3])
@pytest.mark.parametrize("offset", [0.0, 1e-13, 1e-9, 1e-7, 1e-5])
def test_absorption_as_fast_as_a_rate_of_disposition(compartments, offset):
    structure = Structure(compartments=compartments, absorption="first_order")
    values = TYPICAL[compartments]
    from kinetic_cases import _matrix

    plain = Structure(compartments=compartments)
    rates = -np.linalg.eigvals(_matrix(plain, values, 0)[:compartments, :compartments]).real
    for rate in rates:
        same = values | {"KA": rate * (1 + offset)}
        interval = interval_of(structure, tensors(same), torch.tensor(5.0, dtype=torch.float64))
        keep, gain = by_expm(structure, same, 5.0)
        np.testing.assert_allclose(interval.keep, keep, rtol=1e-8, atol=1e-12)
        np.testing.assert_allclose(interval.gain, gain, rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("compartments", [1, 2, 3])
def test_derivatives_at_equal_rates_are_those_of_finite_differences(compartments):
    structure = Structure(compartments=compartments, absorption="first_order")
    values = TYPICAL[compartments]
    from kinetic_cases import _matrix

    plain = Structure(compartments=compartments)
    rates = -np.linalg.eigvals(_matrix(plain, values, 0)[:compartments, :compartments]).real
    names, start = [*values, "KA"], torch.tensor([*values.values(), rates.max()], dtype=torch.float64)

    def central(point: torch.Tensor) -> torch.Tensor:
        interval = interval_of(
            structure, dict(zip(names, point, strict=True)), torch.tensor(5.0, dtype=torch.float64)
        )
        return interval.keep[1, 0] + interval.gain[1, 0]

    assert torch.autograd.gradcheck(central, start.requires_grad_(), eps=1e-5, atol=1e-6)
    assert torch.autograd.gradgradcheck(central, start, eps=1e-5, atol=1e-4)


@pytest.mark.parametrize("structure", STRUCTURES, ids=str)
def test_derivatives_are_finite_in_an_interval_without_length(structure):
    values = {name: value.requires_grad_() for name, value in tensors(parameters(structure)).items()}
    interval = interval_of(structure, values, torch.tensor(0.0, dtype=torch.float64))
    (interval.keep.sum() + interval.gain.sum()).backward()
    assert all(torch.isfinite(value.grad) for value in values.values())
