"""Levels and areas of event tables against numerical integration, NONMEM, and properties that must hold."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from kinetic_cases import (
    Given,
    carried_backward,
    dose,
    event_table,
    integrated,
    kinetic_model,
    level,
    nonmem_table,
    reset_and_dose,
)
from scipy.integrate import trapezoid

from datamodules.exposure.compartments.parameters import typical_values_at
from datamodules.exposure.compartments.predictions import predict_records
from datamodules.exposure.compartments.records import records_of
from datamodules.exposure.estimation.map_estimate import predicted_at
from omics.events.event_table import OTHER, RESET, EventTable

POWER_OF_WEIGHT = [{"covariate": "WT", "form": "power", "reference": 70.0, "coefficient": 1.0}]
STRUCTURES = list(itertools.product((1, 2, 3), ("none", "first_order", "transit")))


def predicted(model, lines, covariates=()):
    records = records_of(event_table(lines, covariates))
    found = predicted_at(model, records, torch.zeros(len(records), len(model.random_parameters)).double())
    return found.level.numpy(), found.area.numpy()


def typical(model):
    return {name: parameter.typical for name, parameter in model.parameters.items()}


@pytest.mark.parametrize(("compartments", "absorption"), STRUCTURES)
def test_boluses_and_infusions_equal_numerical_integration(compartments, absorption):
    transits = 2 if absorption == "transit" else 0
    model = kinetic_model(compartments, absorption, transits=transits)
    times = [1.0, 3.0, 8.0, 9.5, 20.0, 30.0, 60.0]
    lines = [dose(0, 500, compartment=1), *(level(t) for t in times[:3])]
    lines += [dose(9, 300, rate=100, compartment=2), level(9.5), dose(14, 200, compartment=2)]
    lines += [level(t) for t in times[4:]]
    first = 2 if absorption == "none" else 1
    given_doses = [Given(0, 500, 0, first), Given(9, 300, 3, 2), Given(14, 200, 0, 2)]
    expected, areas = integrated(model.structure, lambda _: typical(model), given_doses, times)
    found, area = predicted(model, lines)
    at = [1, 2, 3, 5, 7, 8, 9]
    np.testing.assert_allclose(found[0, at], expected, rtol=1e-8)
    np.testing.assert_allclose(area[0, at], areas, rtol=1e-8)


@pytest.mark.parametrize("absorption", ["none", "first_order"])
def test_lag_bioavailability_rate_and_duration_of_the_model(absorption):
    more = {"F": 0.6, "LAG": 0.75, "RATE": 40.0, "DURATION": 2.5}
    model = kinetic_model(2, absorption, more=more)
    times = [0.5, 1.0, 2.0, 4.0, 6.0, 11.0, 12.0, 26.0, 30.0]
    lines = [dose(0, 200, rate=-2, compartment=1), *(level(t) for t in times[:4])]
    lines += [dose(5, 100, rate=-1, compartment=1), level(6), dose(10, 120, compartment=1)]
    lines += [level(11), level(12), dose(24, 90, rate=30, compartment=1), level(26), level(30)]
    into = 2 if absorption == "none" else 1
    given_doses = [Given(0.75, 120, 2.5, into), Given(5.75, 60, 1.5, into), Given(10.75, 72, 0, into)]
    given_doses += [Given(24.75, 54, 54 / 30, into)]
    expected, areas = integrated(model.structure, lambda _: typical(model), given_doses, times)
    found, area = predicted(model, lines)
    at = [1, 2, 3, 4, 6, 8, 9, 11, 12]
    np.testing.assert_allclose(found[0, at], expected, rtol=1e-8)
    np.testing.assert_allclose(area[0, at], areas, rtol=1e-8)


@pytest.mark.parametrize(("compartments", "absorption"), STRUCTURES)
def test_the_next_covariate_counts_backward(compartments, absorption):
    # Weight changes clearance and volume; superposition would be wrong here.
    names = ["CL", "V"] if compartments == 1 else ["CL", "V1"]
    model = kinetic_model(compartments, absorption, effects=dict.fromkeys(names, POWER_OF_WEIGHT))
    times, weights = [0.0, 2.0, 6.0, 12.0, 13.0, 24.0], [70.0, 55.0, 90.0, 120.0, 80.0, 60.0]
    lines = [dose(0, 500, rate=250, WT=70.0, compartment=1)]
    lines += [level(t, WT=w) for t, w in zip(times[1:], weights[1:], strict=True)]
    lines.insert(4, dose(12, 400, WT=120.0, compartment=1))
    rows = [
        {name: value * (w / 70 if name in names else 1) for name, value in typical(model).items()}
        for w in weights
    ]
    into = 2 if absorption == "none" else 1
    given_doses = [Given(0, 500, 2, into), Given(12, 400, 0, into)]
    expected, areas = integrated(model.structure, carried_backward(times, rows), given_doses, times)
    found, area = predicted(model, lines, ("WT",))
    at = [1, 2, 4, 5, 6]
    np.testing.assert_allclose(found[0, at][[0, 1, 3, 4]], expected[[1, 2, 4, 5]], rtol=1e-8)
    np.testing.assert_allclose(area[0, at], areas[1:], rtol=1e-8)


def test_a_reset_empties_the_body_and_cancels_infusions_and_late_doses():
    model = kinetic_model(2, "first_order", more={"LAG": 0.5})
    lines = [dose(0, 500, compartment=1, additional=5, interval=3), dose(1, 600, rate=100, compartment=2)]
    lines += [
        level(3),
        dose(3.75, 80),
        {"time": 4.0, "kind": RESET},
        level(4),
        level(5),
        level(8),
        level(9.9),
    ]
    lines += [reset_and_dose(10, 200, compartment=2), level(10.5), level(12)]
    found, _ = predicted(model, lines)
    given_doses = [Given(0.5, 500, 0, 1), Given(1.5, 600, 6, 2), Given(10.5, 200, 0, 2)]
    expected, _ = integrated(model.structure, lambda _: typical(model), given_doses, [3, 12], resets=[4, 10])
    np.testing.assert_allclose(found[0, [2, 11]], expected, rtol=1e-8)
    np.testing.assert_array_equal(found[0, 4:10], 0)


def test_a_dose_at_steady_state_alone_cancels_what_was_given_before():
    model = kinetic_model(more={"LAG": 2.0})
    steady = [dose(5, 50, steady_state=1, interval=12), level(5), level(6), level(20)]
    before = [dose(0, 500, rate=50), dose(4, 300), level(4)]
    np.testing.assert_allclose(
        predicted(model, before + steady)[0][0, 4:], predicted(model, steady)[0][0, 1:], rtol=1e-12
    )


def test_additional_doses_are_those_written_out():
    model = kinetic_model(2, "first_order", more={"LAG": 0.3})
    at_once, area = predicted(
        model, [dose(0, 100, additional=4, interval=8), level(10), level(33), level(60)]
    )
    written = [dose(8.0 * k, 100) for k in range(5)]
    lines = sorted([*written, level(10), level(33), level(60)], key=lambda line: line["time"])
    found, areas = predicted(model, lines)
    levels = [i for i, line in enumerate(lines) if "kind" not in line]
    np.testing.assert_allclose(at_once[0, 1:], found[0, levels], rtol=1e-12)
    np.testing.assert_allclose(area[0, 1:], areas[0, levels], rtol=1e-12)


def test_a_level_at_the_time_of_a_dose_depends_on_the_order_of_rows():
    model = kinetic_model()
    before, _ = predicted(model, [level(0), dose(0, 70), level(1), level(1), dose(1, 70)])
    np.testing.assert_allclose(before[0, :3], [0, 1, np.exp(-4 / 70)])
    after, _ = predicted(model, [dose(0, 70), level(0), dose(1, 70), level(1)])
    np.testing.assert_allclose(after[0, 1::2], [1, 1 + np.exp(-4 / 70)])


@pytest.mark.parametrize(("compartments", "absorption"), STRUCTURES)
def test_the_area_is_the_integral_of_the_levels(compartments, absorption):
    model = kinetic_model(compartments, absorption)
    times = np.linspace(0.01, 20, 2000)
    lines = [dose(0, 500, rate=100, additional=2, interval=8), *(level(t) for t in times)]
    found, area = predicted(model, lines)
    assert area[0, -1] - area[0, 1] == pytest.approx(trapezoid(found[0, 1:], times), rel=2e-5)


def test_the_whole_area_after_a_dose_is_the_dose_over_clearance():
    model = kinetic_model(3, "first_order", more={"F": 0.7})
    _, area = predicted(model, [dose(0, 500), level(1e5)])
    assert area[0, 1] == pytest.approx(0.7 * 500 / 4, rel=1e-9)


def test_a_level_in_units_of_the_model_is_scaled():
    micrograms = kinetic_model(dose_unit="mg", level_unit="ng/mL")
    assert predicted(micrograms, [dose(0, 70), level(0)])[0][0, 1] == pytest.approx(1000)
    assert predicted(kinetic_model(dose_unit="ug", level_unit="ug/L"), [dose(0, 70), level(0)])[0][0, 1] == 1


# -- properties ---------------------------------------------------------------------------------------------------


@st.composite
def histories(draw):
    """One to four patients with a few doses and levels each, weights, and a seed for their order."""
    lines = []
    for patient in range(draw(st.integers(1, 4))):
        time = 0.0
        for _ in range(draw(st.integers(1, 6))):
            time += draw(st.sampled_from([0.0, 0.5, 3.0, 24.0]))
            weight = draw(st.sampled_from([40.0, 70.0, 110.0]))
            common = {"patient": f"p{patient}", "WT": weight}
            if draw(st.booleans()):
                more = draw(
                    st.sampled_from([{}, {"rate": 50.0}, {"additional": 3, "interval": 6.0},
                                     {"steady_state": 1, "interval": 6.0}])
                )  # fmt: skip
                lines.append(dose(time, draw(st.sampled_from([10.0, 100.0])), **more, **common))
            else:
                lines.append(level(time, **common))
    return lines


WEIGHTED = kinetic_model(
    2, "first_order", more={"LAG": 0.4}, effects={"CL": POWER_OF_WEIGHT, "V1": POWER_OF_WEIGHT}
)


@settings(max_examples=25, deadline=None)
@given(histories())
def test_other_patients_their_order_and_padding_change_nothing(lines):
    together = event_table(lines, ("WT",))
    found, area = predicted(WEIGHTED, lines, ("WT",))
    backwards = pd.concat([group for _, group in reversed(list(together.table.groupby("patient")))])
    records = records_of(EventTable(backwards.reset_index(drop=True), ("WT",)))
    other = predicted_at(WEIGHTED, records, torch.zeros(len(records), 1).double()).level.numpy()
    for k, (patient, group) in enumerate(together.table.groupby("patient", sort=False)):
        alone = predicted(WEIGHTED, [line for line in lines if line["patient"] == patient], ("WT",))
        np.testing.assert_allclose(found[k, : len(group)], alone[0][0], rtol=1e-10, atol=1e-12)
        np.testing.assert_allclose(area[k, : len(group)], alone[1][0], rtol=1e-9, atol=1e-10)
        np.testing.assert_allclose(other[-1 - k, : len(group)], alone[0][0], rtol=1e-10, atol=1e-12)


@settings(max_examples=25, deadline=None)
@given(histories(), st.sampled_from([0.5, 3.0]))
def test_levels_are_linear_in_the_doses(lines, factor):
    more = [
        {**line} | {name: line[name] * factor for name in ("amount", "rate") if name in line}
        for line in lines
    ]
    found, area = predicted(WEIGHTED, lines, ("WT",))
    scaled, areas = predicted(WEIGHTED, more, ("WT",))
    np.testing.assert_allclose(scaled, factor * found, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(areas, factor * area, rtol=1e-9, atol=1e-10)


@settings(max_examples=25, deadline=None)
@given(histories(), st.integers(0, 100))
def test_a_further_event_without_dose_changes_nothing(lines, place):
    place %= len(lines)
    later = lines[place]
    first = place == 0 or lines[place - 1]["patient"] != later["patient"]
    start = 0.0 if first else lines[place - 1]["time"]
    between = {"kind": OTHER, "time": (start + later["time"]) / 2} | {k: later[k] for k in ("patient", "WT")}
    found, area = predicted(WEIGHTED, lines, ("WT",))
    split, areas = predicted(WEIGHTED, [*lines[:place], between, *lines[place:]], ("WT",))
    patients = pd.factorize(np.array([line["patient"] for line in lines]))[0]
    row = patients[place]
    position = place - np.flatnonzero(patients == row)[0]
    rest = np.delete(split[row], position)[: (patients == row).sum()]
    np.testing.assert_allclose(rest, found[row, : len(rest)], rtol=1e-9, atol=1e-12)
    if not first:
        left = np.delete(areas[row], position)[: len(rest)]
        np.testing.assert_allclose(left, area[row, : len(rest)], rtol=1e-9, atol=1e-10)


# -- NONMEM -------------------------------------------------------------------------------------------------------

LAG_AND_MORE = {"LAG": "lagt", "F": "bioav", "RATE": "rat2", "DURATION": "dur2"}
CARRIED_BACK = [409, 410, 411, 415, 509, 510, 610, 709, 809, 825, 909, 1009]
"""Scenarios at steady state with a lag longer than the interval."""


@pytest.fixture
def scenarios(shared):
    """Scenarios with their doses and the levels (times 1,000) that NONMEM 7.4.3 predicts, and levels predicted here."""
    data = pd.read_csv(shared("pharmacology/nonmem_events/nmtest.csv.gz"))
    given_doses = data["evid"] != 0
    for mode, code in ((1, -1), (2, -2)):
        data.loc[given_doses & (data["mode"] == mode), "rate"] = code
    # Lag and bioavailability are those of the central compartment.
    depot = given_doses & (data["cmt"] == 1)
    data.loc[depot, "lagt"], data.loc[depot, "bioav"] = 0.0, 1.0
    model = kinetic_model(
        absorption="first_order", typical={"CL": 1.1, "V": 20.0}, more=dict.fromkeys(LAG_AND_MORE, 1.0)
    )
    records = records_of(nonmem_table(data, tuple(LAG_AND_MORE.values())))
    values = typical_values_at(model, records) | {
        name: records.covariates[column] for name, column in LAG_AND_MORE.items()
    }
    values["KA"] = torch.full_like(records.time, 1.5)
    found = predict_records(model, records, values).level * 1000
    return data.assign(found=found[records.known].numpy())


def test_scenarios_of_nonmem(scenarios):
    levels = scenarios[scenarios["evid"] == 0]
    error = (levels["found"] - levels["cp"]).abs() / levels["cp"].abs().clip(lower=1)
    apart = error.groupby(levels["id"]).max()
    assert len(apart) == 54
    assert list(apart.index[apart > 1e-3]) == CARRIED_BACK


def carried_back(first):
    """What NONMEM predicts: the state in which a dose at steady state arrives, carried backward to its record.

    From the record until lag minus interval, the infusion that begins then is taken to run already, so that levels may
    even be negative. The state is a sum over the doses before it.
    """
    rate_constant, volume = 1.1 / 20, 20.0
    amount, interval = first["amt"] * first["bioav"], first["ii"]
    ago = interval * np.arange(1, 2000)
    if first["rate"] == 0:
        state, rate = amount / volume * (1 + np.exp(-rate_constant * ago).sum()), 0.0
    else:
        length, height = amount / first["rate"], first["rate"] / 1.1
        given_for = np.minimum(length, ago)
        state = (
            height * -np.expm1(-rate_constant * given_for) * np.exp(-rate_constant * (ago - given_for))
        ).sum()
        rate = height * (1 + (ago < length).sum())
    back = first["lagt"] - interval

    def level_at(time):
        return np.exp(rate_constant * (back - time)) * (
            state - rate * -np.expm1(-rate_constant * (back - time))
        )

    return level_at, back


@pytest.mark.parametrize("number", CARRIED_BACK)
def test_nonmem_carries_a_late_steady_state_backward(scenarios, number):
    data = scenarios[scenarios["id"] == number]
    given_doses, levels = data[data["evid"] != 0], data[data["evid"] == 0]
    level_at, back = carried_back(given_doses.iloc[0])
    assert back > 0
    next_dose = given_doses["time"].iloc[1] if len(given_doses) > 1 else np.inf
    early = levels[levels["time"] < min(back, next_dose)]
    assert len(early)
    np.testing.assert_allclose(early["cp"] / 1000, level_at(early["time"]), rtol=1e-3, atol=1e-3)
    late = levels[levels["time"] > given_doses["time"].max() + back]
    np.testing.assert_allclose(late["found"], late["cp"], rtol=1e-3)
