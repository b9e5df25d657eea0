"""Event tables as padded tensors."""

from __future__ import annotations

import torch
from kinetic_cases import dose, event_table, level, reset_and_dose

from datamodules.exposure.compartments.records import records_of, up_to_last_level
from omics.events.event_table import RESET

LINES = [
    dose(0, 100, additional=5, interval=12, patient="a", WT=70.0),
    level(5, 3.0, patient="a", WT=71.0),
    level(30, 2.0, patient="a", WT=72.0, occasion=1),
    dose(1, 50, patient="b", WT=60.0),
    {"time": 2.0, "kind": RESET, "patient": "b", "WT": 60.0},
]


def test_padding_repeats_the_last_record():
    records = records_of(event_table(LINES, ("WT",)))
    assert list(records.patients) == ["a", "b"]
    assert records.known.tolist() == [[True, True, True], [True, True, False]]
    assert records.time.tolist() == [[0, 5, 30], [1, 2, 2]]
    assert records.covariates["WT"].tolist() == [[70, 71, 72], [60, 60, 60]]
    assert records.observed.tolist() == [[False, True, True], [False, False, False]]
    assert records.reset.tolist() == [[False, False, False], [False, True, False]]
    assert records.occasion.tolist() == [[0, 0, 1], [0, 0, 0]]
    assert records.occasions == 2


def test_repeated_doses_are_written_out_up_to_the_last_record():
    doses = records_of(event_table(LINES, ("WT",))).doses
    assert doses.time[0].tolist() == [0, 12, 24]
    assert doses.given.tolist() == [[True, True, True], [True, False, False]]
    assert doses.repeated[0].tolist() == [False, True, True]
    assert doses.row[0].tolist() == [0, 0, 0]


def test_a_dose_with_a_reset_is_a_dose():
    records = records_of(event_table([reset_and_dose(3, 7)]))
    assert records.reset.tolist() == [[True]]
    assert records.doses.amount.tolist() == [[7]]


def test_levels_without_a_level_or_that_do_not_count_are_not_observed():
    records = records_of(event_table([level(0), level(1, 2.0, observed=False), level(2, 3.0)]))
    assert records.observed.tolist() == [[False, False, True]]


def test_a_selection_keeps_all_fields_and_the_number_of_occasions():
    records = records_of(event_table(LINES, ("WT",)))
    one = records.take(torch.tensor([1]))
    assert list(one.patients) == ["b"]
    assert one.occasions == 2
    assert one.covariates["WT"].shape == (1, 3)
    assert one.doses.amount[0, 0] == 50
    twice = records.repeat(2)
    assert list(twice.patients) == ["a", "a", "b", "b"]
    assert twice.doses.given.shape == (4, 3)


def test_patients_without_doses_have_padding_only():
    records = records_of(event_table([level(0, 1.0), level(1, 1.0)]))
    assert not records.doses.given.any()


def test_what_comes_after_the_last_level_is_left_out():
    lines = [*LINES[:3], dose(40, 100, patient="a", WT=70.0), *LINES[3:]]
    table = up_to_last_level(event_table(lines, ("WT",))).table
    assert table["patient"].tolist() == ["a", "a", "a", "b"]
