"""When doses arrive, and how much of them."""

from __future__ import annotations

import pytest
import torch
from kinetic_cases import dose, event_table, kinetic_model, level, tensors

from datamodules.exposure.compartments.dosing import arrivals_of
from datamodules.exposure.compartments.records import records_of

VALUES = {"CL": 4.0, "V": 70.0, "KA": 1.0}


def arrivals(lines, absorption="first_order", **more):
    model = kinetic_model(absorption=absorption)
    records = records_of(event_table(lines))
    values = tensors(VALUES | more, tuple(records.time.shape))
    return arrivals_of(model.structure, records.doses, values)


def test_a_bolus_goes_into_the_depot_or_the_central_compartment():
    found = arrivals([dose(0, 10), dose(1, 20, compartment=1), dose(2, 30, compartment=2)])
    assert found.bolus[0].tolist() == [[10, 0], [20, 0], [0, 30]]
    assert not found.rate.any()
    assert arrivals([dose(0, 10, compartment=1)], "none").bolus[0].tolist() == [[10]]


def test_less_available_shortens_an_infusion_at_a_given_rate():
    found = arrivals([dose(0, 100, rate=20, compartment=2)], F=0.4)
    assert found.length.tolist() == [[2.0]]
    assert found.rate[0].tolist() == [[0, 20]]


def test_the_model_may_have_the_rate_or_the_duration():
    found = arrivals([dose(0, 100, rate=-1), dose(0, 100, rate=-2)], F=0.5, RATE=10.0, DURATION=4.0)
    assert found.length.tolist() == [[5.0, 4.0]]
    assert found.rate[0].tolist() == [[10, 0], [12.5, 0]]
    assert not found.bolus.any()


def test_a_lag_is_that_of_the_record_of_the_dose():
    records = records_of(event_table([dose(0, 1), level(1), dose(2, 1), dose(3, 1)]))
    lag = torch.tensor([[0.1, 0.2, 0.3, 0.4]], dtype=torch.float64)
    values = tensors(VALUES, (1, 4)) | {"LAG": lag}
    structure = kinetic_model(absorption="first_order").structure
    assert arrivals_of(structure, records.doses, values).lag.tolist() == [[0.1, 0.3, 0.4]]


def test_derivatives_reach_availability_and_duration():
    records = records_of(event_table([dose(0, 100, rate=-2)]))
    model = kinetic_model(absorption="first_order")

    def rate(available, duration):
        values = tensors(VALUES, (1, 1)) | {"F": available[None, None], "DURATION": duration[None, None]}
        return arrivals_of(model.structure, records.doses, values).rate.sum()

    point = [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (0.5, 4.0)]
    assert float(rate(*point).detach()) == 12.5
    assert torch.autograd.gradcheck(rate, point)


@pytest.mark.parametrize("length", [0.0, 1e-18])
def test_an_infusion_without_a_length_is_a_bolus(length):
    found, bolus = arrivals([dose(3, 100, rate=-2)], DURATION=length), arrivals([dose(3, 100)])
    assert float(found.length) == 0
    assert found.bolus.tolist() == bolus.bolus.tolist()
    assert not bool(found.rate.any())
