from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from omics.readers.notes import notes_of
from omics.readers.plain_tables import read_table


def table_of(tmp_path: Path, text: str, name: str = "a.csv", index: str | None = None):
    path = tmp_path / name
    path.write_text(text)
    return read_table(path, index)


def test_the_header_of_write_table_is_one_name_shorter(tmp_path: Path) -> None:
    table = table_of(tmp_path, '"P1" "P2"\n'.replace(" ", "\t") + '"g1"\t1.5\t2\n"g2"\t3\tNA\n', "a.tsv")
    assert list(table.index) == ["g1", "g2"]
    np.testing.assert_array_equal(table.to_numpy(), [[1.5, 2], [3, np.nan]])


@pytest.mark.parametrize(
    "above",
    [
        "sep=,\n",
        '"sep=,"\n',
        "# made by a program\n",
        "# one\n# two\n",
        "Table 3. All values,,,\n\n",
        "Table 3\n",
    ],
)
def test_lines_above_the_header(above: str, tmp_path: Path) -> None:
    table = table_of(tmp_path, f"{above}id,x,y,z\nP1,1,2,3\nP2,4,5,6\n")
    assert table.to_numpy().tolist() == [[1, 2, 3], [4, 5, 6]]
    assert bool(notes_of(table)) == above.startswith("Table")


def test_a_line_that_names_semicolons(tmp_path: Path) -> None:
    assert table_of(tmp_path, "sep=;\nid;x;y\nP1;1;2\n").to_numpy().tolist() == [[1, 2]]


def test_a_footnote_is_left_out_and_a_patient_without_values_is_not(tmp_path: Path) -> None:
    table = table_of(tmp_path, "id,x,y,z\nP1,1,2,3\nP2,,,\nvalues are log2 CPM,,,\n")
    assert list(table.index) == ["P1", "P2"]
    assert notes_of(table) == ["row(s) below the table left out: values are log2 CPM"]


def test_a_line_break_in_a_name_is_a_blank(tmp_path: Path) -> None:
    table = table_of(tmp_path, 'id,"survival\n(days)","a ""b""\n\nc"\nP1,5,6\n')
    assert list(table.columns) == ["survival (days)", 'a "b"  c']
    assert table.to_numpy().tolist() == [[5, 6]]


@pytest.mark.parametrize("ids", [["1.1", "1.10", "1.100"], ["1E2", "1E3", "2E2"], ["007", "07", "7"]])
def test_ids_stay_text_wherever_they_stand(ids: list[str], tmp_path: Path) -> None:
    rows = "".join(f"{age},{one},x\n" for age, one in enumerate(ids))
    assert list(table_of(tmp_path, f"age,sample,note\n{rows}", index="sample").index) == ids


@pytest.mark.parametrize("word", ["[Not Available]", "'--", "--", "[Unknown]", "[Discrepancy]"])
def test_words_of_public_tables_for_missing(word: str, tmp_path: Path) -> None:
    table = table_of(tmp_path, f"id,x,stage\nP1,{word},{word}\nP2,7,III\n")
    assert table["x"].tolist()[1] == 7
    assert table.isna().loc["P1"].all()


@pytest.mark.parametrize("last", ["Patient no 3", "P3", "P 3"])
def test_a_patient_without_values_is_no_footnote(last: str, tmp_path: Path) -> None:
    first = last.replace("3", "1")
    assert list(table_of(tmp_path, f"id,x,y,z\n{first},1,2,3\n{last},,,\n").index) == [first, last]
