"""Tables read in blocks of lines: the same as read as a whole, and refused before they fill the memory."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from omics.common import memory
from omics.common.errors import CohortError
from omics.readers import table_blocks
from omics.readers.delimited import read_header
from omics.readers.plain_tables import read_table
from omics.readers.table_blocks import _read_whole, read_in_blocks

CELLS = [
    "",
    "NA",
    "0",
    "7",
    "-3",
    "+4",
    "0.5",
    "1e5",
    "1E5",
    "2.",
    "true",
    "False",
    "007",
    "0x1F",
    "NAN",
    "inf",
    "x",
]
CELLS += [" 8 ", "9007199254740993", '"6"', '"a,b"', '"two\nlines"', '"a ""b"""', "é", "-0", "1e400", '"NA"']
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.lists(st.sampled_from(CELLS), min_size=width, max_size=width), min_size=1, max_size=8
    )
)


@pytest.mark.parametrize("block", [8, 64])
@given(rows=TABLES, end=st.sampled_from(["\n", "\r\n", "\n\n", ""]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
def test_blocks_give_the_same_as_the_whole_file(
    rows: list[list[str]], end: str, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_blocks, "BLOCK", block)
    names = ["id", *(f"c{i}" for i in range(len(rows[0])))]
    path = tmp_path / "table.csv"
    lines = [",".join([f"P{row}", *cells]) for row, cells in enumerate(rows)]
    path.write_bytes(("\n".join([",".join(names), *lines]) + end).encode())
    header = read_header(path, ",", comment="")
    header = type(header)(header.names, header.lines, ",", '"')
    whole = _read_whole(path, header, names[:1], names[1:])
    pd.testing.assert_frame_equal(read_in_blocks(path, header, names[:1], None), whole)


def repeated(folder: Path, rows: int, end: str = "") -> Path:
    """A small file that unpacks to one row many times."""
    path = folder / "table.csv.gz"
    row = "P1," + ",".join(["1"] * 500) + "\n"
    with gzip.open(path, "wt") as file:
        file.write("id," + ",".join(f"g{i}" for i in range(500)) + "\n")
        file.writelines([row] * rows)
        file.write(end)
    return path


def test_an_id_that_repeats_is_found_before_the_file_is_read_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_blocks, "BLOCK", 4096)
    path = repeated(tmp_path, 200, "a row that is cut")
    with pytest.raises(CohortError) as raised:
        read_table(path)
    assert (raised.value.code, raised.value.patient) == ("duplicate_patient", "P1")


def test_text_that_unpacks_to_more_than_memory_allows_is_refused_with_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = repeated(tmp_path, 6000)
    assert path.stat().st_size < 20_000
    monkeypatch.setattr(memory, "memory_limit", lambda: 5_000_000)
    with pytest.raises(
        CohortError, match=r"takes at least 0.005\d* GB, and the limit here is 0.005 GB"
    ) as raised:
        read_table(path, unique=False)
    assert raised.value.code == "too_large"


def test_numbers_that_would_not_fit_are_refused_while_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = repeated(tmp_path, 1000)
    # The text has 1 MB, its numbers 4 MB, and reading takes three times as much.
    monkeypatch.setattr(memory, "memory_limit", lambda: 11_000_000)
    with pytest.raises(CohortError, match=r"a table of \d+ x 500") as raised:
        read_table(path, unique=False)
    assert raised.value.code == "too_large"
    monkeypatch.setattr(memory, "memory_limit", lambda: 13_000_000)
    assert read_table(path, unique=False).shape == (1000, 500)


def test_a_column_that_turns_to_text_in_a_later_block_keeps_its_first_cells(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table_blocks, "BLOCK", 32)
    cells = [str(i) for i in range(30)]
    path = tmp_path / "table.csv"
    path.write_text("id,a,b\n" + "".join(f"P{i},{x},{i}\n" for i, x in enumerate([*cells, "word"])))
    table = read_table(path)
    assert list(table["a"]) == [*cells, "word"]
    assert table["b"].dtype == np.int64
