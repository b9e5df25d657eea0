"""What an estimate rests on: notes per patient, and checks that need a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from event_files import ROWS, changed, write_rows

from omics.common.errors import CohortError
from omics.events.event_notes import check_compartments, check_late_doses, covariate_notes, event_notes
from omics.events.read_events import read_events


def notes(folder: Path, rows: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(note.code, note.patient) for note in event_notes(read_events(write_rows(folder, rows)))]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        (ROWS, []),
        (changed(2, DV="."), [("no_levels", "a")]),
        (changed(2, MDV=1), [("no_levels", "a")]),
        (changed(5, BLQ=1, LLOQ=2), [("all_below_limit", "b")]),
        ([{**ROWS[1], "DV": 0, "TIME": 0}, *ROWS], [("early_level", "a")]),
        ([{**ROWS[1], "MDV": 1, "TIME": 0}, *ROWS], [("early_level", "a")]),
        ([*ROWS, {"ID": "c", "TIME": 0, "EVID": 0, "DV": 0}], [("no_dose", "c")]),
    ],
)
def test_notes_name_the_patient(
    rows: list[dict[str, Any]], expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    assert notes(tmp_path, rows) == expected


def test_an_unknown_compartment_of_the_model_is_refused(tmp_path: Path) -> None:
    events = read_events(write_rows(tmp_path, changed(5, CMT=3)))
    check_compartments(events, 3)
    with pytest.raises(
        CohortError, match="patient b: row 5: CMT is 3 and the model has the compartments 1 to 2"
    ):
        check_compartments(events, 2, "events.csv")


def test_doses_at_steady_state_that_arrive_late_are_refused(tmp_path: Path) -> None:
    events = read_events(write_rows(tmp_path, changed(1, SS=1, II=12)))
    check_late_doses(events, 48, 4)
    with pytest.raises(
        CohortError, match="row 1: a dose at steady state every 12 hours arrives 49 later"
    ) as caught:
        check_late_doses(events, 49, 4)
    assert caught.value.code == "late_steady_state"


def test_a_covariate_outside_the_range_is_noted_and_a_missing_one_refused(tmp_path: Path) -> None:
    events = read_events(write_rows(tmp_path), {"WT": "WT"})
    found = covariate_notes(events, {"WT": (60, 71)})
    assert [(note.code, note.patient) for note in found] == [
        ("covariate_out_of_range", "a"),
        ("covariate_out_of_range", "b"),
    ]
    assert found[0].sentence == "WT is 72 in row 3; the model was made from patients with 60 to 71"
    assert covariate_notes(events, {"WT": (50, 72)}) == []
    with pytest.raises(CohortError, match="the model needs the covariate CRCL") as caught:
        covariate_notes(events, {"CRCL": (0, 200)})
    assert (caught.value.code, caught.value.column) == ("missing_covariate", "CRCL")
