from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from omics.readers.notes import notes_of
from omics.readers.plain_tables import read_table


def workbook(path: Path, rows: list[list[Any]], *merged: str) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for area in merged:
        book.active.merge_cells(area)
    book.save(path)
    return path


HEAD = ["id", "hospital", "age", "event"]


def test_each_row_has_the_value_of_its_merged_area(tmp_path: Path) -> None:
    rows = [HEAD, ["P1", "North", 50, 1], ["P2", None, 60, 0], ["P3", "South", 70, 1], ["P4", None, None, 0]]
    table = read_table(workbook(tmp_path / "a.xlsx", rows, "B2:B3", "B4:B5", "C4:C5"))
    assert table["hospital"].tolist() == ["North", "North", "South", "South"]
    assert table["age"].tolist() == [50, 60, 70, 70]


def test_a_merged_title_and_a_footnote_are_left_out(tmp_path: Path) -> None:
    rows = [
        ["Table S1", None, None, None],
        [None] * 4,
        HEAD,
        ["P1", "N", 50, 1],
        ["P2", "S", 60, 0],
        ["* by the site"],
    ]
    table = read_table(workbook(tmp_path / "a.xlsx", rows, "A1:D1"))
    assert list(table.index) == ["P1", "P2"]
    assert [note.split(": ")[1] for note in notes_of(table)] == ["Table S1", "* by the site"]


@pytest.mark.parametrize(
    ("cells", "numeric"),
    [(["0", "1"], True), (["1.5", "2"], True), (["01", "2"], False), (["a", "1"], False)],
)
def test_numbers_stored_as_text_are_numbers(cells: list[str], numeric: bool, tmp_path: Path) -> None:
    rows = [HEAD, *(["P" + cell, "N", 50, cell] for cell in cells)]
    table = read_table(workbook(tmp_path / "a.xlsx", rows))
    assert (table["event"].dtype.kind in "if") == numeric


def test_an_id_stored_as_text_stays_text(tmp_path: Path) -> None:
    rows = [["age", "id", "x"], [50, "1.10", 1], [60, "1.1", 2]]
    assert list(read_table(workbook(tmp_path / "a.xlsx", rows), "id").index) == ["1.10", "1.1"]
