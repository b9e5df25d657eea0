"""Steady state against doses that are written out for a long time."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from kinetic_cases import dose, event_table, kinetic_model, level

from datamodules.exposure.compartments.records import records_of
from datamodules.exposure.estimation.map_estimate import predicted_at

TIMES = np.array([0.0, 0.4, 1.0, 3.9, 7.0, 11.9, 12.0, 13.5, 24.0, 40.0])
MANY = 400
"""Doses before the first; their rest is below 1e-12 of a level."""


def levels(model, lines):
    records = records_of(event_table(lines))
    return predicted_at(model, records, torch.zeros(1, 1).double()).level[0].numpy()


def at_steady_state(model, kind=1, before=(), **fields):
    start = dose(0, 100, interval=12, steady_state=kind, additional=1, **fields)
    return levels(model, [*before, start, *(level(t) for t in TIMES)])[len(before) + 1 :]


def written_out(model, **fields):
    """The same doses since long ago."""
    start = 12.0 * MANY
    lines = [dose(0, 100, interval=12, additional=MANY + 1, **fields), *(level(start + t) for t in TIMES)]
    return levels(model, lines)[1:]


@pytest.mark.parametrize(
    ("compartments", "absorption"), list(itertools.product((1, 2, 3), ("none", "first_order", "transit")))
)
@pytest.mark.parametrize("rate", [0.0, 50.0, 6.0], ids=["bolus", "infusion", "infusion of 17 hours"])
def test_it_equals_doses_since_long_ago(compartments, absorption, rate):
    model = kinetic_model(compartments, absorption, transits=1 if absorption == "transit" else 0)
    found, expected = at_steady_state(model, rate=rate), written_out(model, rate=rate)
    # A repeated dose arrives before a level at its time, a dose at steady state after a level before its row.
    np.testing.assert_allclose(found, expected, rtol=1e-8)


@pytest.mark.parametrize("lag", [0.3, 5.0, 12.0, 17.0, 30.0])
@pytest.mark.parametrize("rate", [0.0, 50.0, 6.0])
def test_doses_may_be_late(lag, rate):
    model = kinetic_model(2, "first_order", more={"LAG": lag, "F": 0.8})
    np.testing.assert_allclose(at_steady_state(model, rate=rate), written_out(model, rate=rate), rtol=1e-8)


def test_it_is_added_to_what_is_there_or_replaces_it():
    model = kinetic_model(2)
    first = [dose(0, 300), level(0)]
    alone = at_steady_state(model)
    np.testing.assert_allclose(at_steady_state(model, 1, first), alone, rtol=1e-12)
    single = levels(model, [*first, *(level(t) for t in TIMES)])[2:]
    np.testing.assert_allclose(at_steady_state(model, 2, first), alone + single, rtol=1e-12)


@pytest.mark.parametrize("compartments", [1, 2, 3])
@pytest.mark.parametrize("compartment", [1, 2])
def test_an_infusion_for_ever_has_its_rate_over_clearance(compartments, compartment):
    model = kinetic_model(compartments, "first_order")
    lines = [dose(0, 0, rate=10, steady_state=1, compartment=compartment), level(0)]
    assert levels(model, lines)[1] == pytest.approx(10 / 4, rel=1e-9)


def test_derivatives_of_a_steady_state_are_those_of_finite_differences():
    # Lag, absorption and an infusion of more than one interval.
    model = kinetic_model(
        2, "first_order", more={"LAG": 14.0}, random={"CL": 0.1, "V1": 0.1, "KA": 0.1, "LAG": 0.1}
    )
    lines = [dose(0, 100, rate=6, interval=12, steady_state=1), level(0), level(5), level(20)]
    records = records_of(event_table(lines))
    effects = torch.tensor([[0.2, -0.1, 0.3, 0.05]], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: predicted_at(model, records, x).level, effects, atol=1e-7)
