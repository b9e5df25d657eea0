"""Events that are written are read back as they were."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from event_files import ROWS, write_rows
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omics.events.read_events import read_events
from omics.events.write_events import write_events
from omics.readers.notes import notes_of

FINITE = st.floats(min_value=1e-6, max_value=1e6)
GAP = st.floats(min_value=0, max_value=1e3)
DOSE = st.fixed_dictionaries(
    {
        "AMT": FINITE,
        "RATE": FINITE | st.sampled_from([0, -1, -2]),
        "ADDL": st.integers(0, 5),
        "II": FINITE,
        "SS": st.integers(0, 2),
        "EVID": st.sampled_from([1, 4]),
        "CMT": st.integers(0, 3),
        "gap": GAP,
        "LLOQ": st.just("."),
    }
)
LEVEL = st.fixed_dictionaries(
    {
        "DV": FINITE,
        "MDV": st.integers(0, 1),
        "LLOQ": FINITE | st.just("."),
        "EVID": st.sampled_from([0, 0, 0, 2, 3]),
        "CMT": st.integers(0, 3),
        "gap": GAP,
    }
)
PATIENT = st.tuples(DOSE, st.lists(DOSE | LEVEL, max_size=4)).map(lambda rows: [rows[0], *rows[1]])


@given(patients=st.lists(PATIENT, min_size=1, max_size=3))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_events_come_back(patients: list[list[dict[str, float]]], tmp_path: Path) -> None:
    rows = [
        {"ID": f"p{number}", "TIME": time + place / 1000, "AMT": ".", "WT": 50.5 + number, **row}
        for number, patient in enumerate(patients)
        for place, (row, time) in enumerate(
            zip(patient, pd.Series([row["gap"] for row in patient]).cumsum(), strict=True)
        )
    ]
    events = read_events(write_rows(tmp_path, rows, "given.csv"), {"WT": "WT"})
    again = read_events(write_events(events, tmp_path / "written.csv"), {"WT": "WT"})
    pd.testing.assert_frame_equal(again.table, events.table, check_exact=True)


def test_an_ordinary_table_is_written_without_what_has_to_be_noted(tmp_path: Path) -> None:
    events = read_events(write_rows(tmp_path, ROWS))
    again = read_events(write_events(events, tmp_path / "written.csv"))
    assert notes_of(again.table) == []
    pd.testing.assert_frame_equal(again.table, events.table)
