from __future__ import annotations

from pathlib import Path

import pytest

from omics.common.errors import CohortError
from omics.readers.plain_tables import read_table, table_format

TEXT = (
    "name\ttaxonomy_id\ttaxonomy_lvl\tP1.bracken_num\tP1.bracken_frac\tP2.S.bracken_num\tP2.S.bracken_frac\n"
    "Blautia obeum\t40520\tS\t70\t0.7\t1\t0.1\n"
    "Roseburia sp.\t1\tS\t30\t0.3\t9\t0.9\n"
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "all.txt"
    path.write_text(TEXT)
    return path


def test_reads_of_one_rank(path: Path) -> None:
    assert table_format(path) == "bracken"
    table = read_table(path)
    assert list(table.index) == ["P1", "P2"]
    assert table.to_dict("list") == {"Blautia obeum": [70, 1], "Roseburia sp.": [30, 9]}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("1\tS\t30", "1\tG\t30", "no_species"),
        ("_num", "_reads", "missing_column"),
        ("\t30\t", "\t-3\t", "negative_value"),
        ("Roseburia sp.", "Blautia obeum", "duplicate_column"),
    ],
)
def test_malformed(old: str, new: str, code: str, path: Path) -> None:
    path.write_text(TEXT.replace(old, new))
    with pytest.raises(CohortError) as raised:
        read_table(path, file_format="bracken")
    assert raised.value.code == code
