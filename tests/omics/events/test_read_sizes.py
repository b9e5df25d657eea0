"""Tables of tumour sizes: what is read, and one sentence for each thing that is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from omics.common.errors import CohortError
from omics.events.read_sizes import read_sizes

ROWS: list[dict[str, Any]] = [
    {"patient": "b", "time": 42, "size": 30},
    {"patient": "b", "time": -7, "size": 40.5},
    {"patient": "a", "time": 0, "size": 60},
    {"patient": "a", "time": 42, "size": 55},
    {"patient": "a", "time": 84, "size": 62},
]


def written(folder: Path, rows: list[dict[str, Any]] = ROWS, name: str = "sizes.csv") -> Path:
    path = folder / name
    pd.DataFrame(rows).to_csv(path, index=False, sep="\t" if name.endswith(".tsv") else ",")
    return path


def changed(row: int, **cells: Any) -> list[dict[str, Any]]:
    """ROWS with other cells in one row, counted from 1, as errors count."""
    return [{**one, **(cells if place == row else {})} for place, one in enumerate(ROWS, start=1)]


def test_sizes_are_sorted_within_patients(tmp_path: Path) -> None:
    table = read_sizes(written(tmp_path)).table
    assert table["patient"].to_list() == ["b", "b", "a", "a", "a"]
    assert table["time"].to_list() == [-1, 6, 0, 6, 12]
    assert table["size"].to_list() == [40.5, 30, 60, 55, 62]
    assert table["row"].to_list() == [2, 1, 3, 4, 5]
    assert not table["censored"].any()


def test_units_are_converted(tmp_path: Path) -> None:
    rows = [{**row, "size": row["size"] / 10, "time": row["time"] / 30.4375} for row in ROWS]
    table = read_sizes(written(tmp_path, rows), unit="cm", time_unit="months", below=3.2).table
    assert table["size"].to_list() == pytest.approx([40.5, 32, 60, 55, 62])
    assert table["time"].to_list() == pytest.approx([-1, 6, 0, 6, 12])
    assert table["censored"].to_list() == [False, True, False, False, False]


def test_a_limit_is_stated_by_a_key_or_in_the_cell(tmp_path: Path) -> None:
    rows = changed(1, size="<5")
    table = read_sizes(written(tmp_path, rows), below=10).table
    assert table.loc[table["row"] == 1, ["size", "censored"]].to_numpy().tolist() == [[5, True]]
    zero = read_sizes(written(tmp_path, changed(1, size=0)), below=10).table
    assert zero.loc[zero["row"] == 1, ["size", "censored"]].to_numpy().tolist() == [[10, True]]


def test_columns_have_any_name_and_others_do_not_matter(tmp_path: Path) -> None:
    rows = [{"note": "x", "USUBJID": r["patient"], "day": r["time"], "sld": r["size"]} for r in ROWS]
    read = read_sizes(written(tmp_path, rows, "s.tsv"), patient="USUBJID", time="day", size="sld")
    assert read.table["size"].sum() == sum(row["size"] for row in ROWS)


@pytest.mark.parametrize(
    ("rows", "code", "sentence"),
    [
        (changed(4, size=-5), "negative_size", r"sizes\.csv, patient a: row 4: the size is -5 mm"),
        (changed(4, size=None), "missing_size", "patient a: row 4: the size is missing"),
        (changed(4, size="large"), "text_for_number", "patient a.*row 4"),
        (changed(4, size=float("inf")), "infinite_value", "patient a.*row 4"),
        (changed(4, time=None), "missing_time", "patient a: row 4: the time is missing"),
        (changed(4, time="week 6"), "text_for_number", "patient a.*row 4"),
        (changed(4, time=84), "repeated_size", "patient a: row 5: a second size"),
        (changed(3, time=1), "no_baseline_size", "patient a: row 3: no size at or before time 0"),
        (changed(3, size=0), "no_baseline_size", "patient a: row 3: the size at baseline is 0"),
        (changed(4, size=5.5), "size_unit", "patient a: row 4: the size is 5.5 mm and that before 60 mm"),
        (changed(4, size=580), "size_unit", "patient a: row 4: the size is 580 mm"),
        (changed(5, size=620), "size_unit", "patient a: row 5: the size is 620 mm"),
        ([{**r, "size": r["size"] / 10} for r in ROWS], "size_unit", "row 1: the size is 3 mm.*look like cm"),
        ([{**r, "time": r["time"] / 7 / 52} for r in ROWS], "size_time_unit", "read as days.*look like"),
        ([{**r, "time": r["time"] * 24} for r in ROWS], "size_time_unit", "row 5: times are read as days"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_row_and_patient(
    tmp_path: Path, rows: list[dict[str, Any]], code: str, sentence: str
) -> None:
    with pytest.raises(CohortError, match=sentence) as found:
        read_sizes(written(tmp_path, rows))
    assert found.value.code == code
    assert found.value.patient


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match=r"sizes\.csv, column sze: no such column.*size"):
        read_sizes(written(tmp_path), size="sze")


def test_a_deep_response_is_no_error(tmp_path: Path) -> None:
    rows = [*changed(4, size=15)[:4], {"patient": "a", "time": 84, "size": 2}]
    assert len(read_sizes(written(tmp_path, rows)).table) == len(ROWS)
