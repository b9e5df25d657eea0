"""Times of the clock, with and without dates, become times since the first row of a patient."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from event_files import ROWS, write_rows

from omics.common.errors import CohortError
from omics.events.read_events import read_events
from omics.readers.notes import notes_of


def with_times(folder: Path, times: list[Any], dates: list[Any] | None = None) -> Path:
    rows = [{**row, "TIME": time} for row, time in zip(ROWS, times, strict=True)]
    if dates is not None:
        rows = [{**row, "DATE": date} for row, date in zip(rows, dates, strict=True)]
    return write_rows(folder, rows)


CLOCK = ["8:30", "10:00", "20:30:36", "23:00", "01:00"]


@pytest.mark.parametrize(
    ("times", "dates"),
    [
        (CLOCK, [1, 1, 1, 3, 4]),
        (CLOCK, ["2024-02-28", "2024-02-28", "2024-02-28", "2024-02-29", "2024-03-01"]),
        (
            [
                "2024-02-28 08:30",
                "2024-02-28T10:00",
                "2024-02-28 20:30:36",
                "2024-02-29 23:00:00",
                "2024-03-01 01:00",
            ],
            None,
        ),
    ],
)
def test_clock_and_date_give_hours_since_the_first_row(
    times: list[str], dates: list[Any] | None, tmp_path: Path
) -> None:
    path = with_times(tmp_path, times, dates)
    table = read_events(path).table
    assert table["time"].to_list() == pytest.approx([0, 1.5, 12.01, 0, 2])
    assert notes_of(table) == ["times of the clock were read as hours since the first row of each patient"]
    days = read_events(path, time_unit="days").table["time"]
    assert days.to_list() == pytest.approx([0, 1.5 / 24, 12.01 / 24, 0, 2 / 24])


@pytest.mark.parametrize(
    ("times", "dates", "code", "patient"),
    [
        (CLOCK, None, "unsorted_times", "b"),
        (["8:30", 2, 12, 0, 24], None, "mixed_times", "a"),
        (["8:30", "25:00", "9:00", "1:00", "2:00"], None, "mixed_times", "a"),
        (CLOCK, ["03/01/24"] * 5, "unclear_date", "a"),
        (CLOCK, [1, 1, 1, 3, "."], "unclear_date", "b"),
        ([0, 1, 12, 9, 10], [1, 1, 1, 1, 2], "unclear_date", "b"),
        ([0, "soon", 12, 9, 10], None, "text_for_number", "a"),
    ],
)
def test_unclear_times_are_refused(
    times: list[Any], dates: list[Any] | None, code: str, patient: str, tmp_path: Path
) -> None:
    with pytest.raises(CohortError) as caught:
        read_events(with_times(tmp_path, times, dates))
    assert (caught.value.code, caught.value.patient) == (code, patient)


def test_one_date_beside_numbers_does_not_matter(tmp_path: Path) -> None:
    path = with_times(tmp_path, [0, 2, 12, 0, 24], ["03/01/24"] * 5)
    assert read_events(path).table["time"].to_list() == [0, 2, 12, 0, 24]
