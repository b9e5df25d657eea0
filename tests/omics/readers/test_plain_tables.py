"""Plain csv and tsv: read as strictly as any other format, with a type per column."""

from __future__ import annotations

import gzip
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from places import ROOT

from omics.cohort.read import cohort_digest, read_cohort
from omics.common.errors import CohortError
from omics.readers import READERS
from omics.readers.plain_tables import read_table

FIXTURES = Path(__file__).parent / "fixtures"
FORMATS = ROOT / "docs" / "formats.md"


def written(tmp_path: Path, content: str, name: str = "table.csv") -> Path:
    path = tmp_path / name
    path.write_text(content)
    return path


def test_every_column_has_the_kind_that_all_its_cells_have(tmp_path):
    path = written(
        tmp_path,
        "id,whole,gap,decimal,truth,word,day,nothing,blank\n"
        "007,1,1,0.1,True,a,2024-01-02,, 5\n"
        "08,2,NA,1e3,False,,2024-03-04,NaN,6 \n",
    )
    table = read_table(path)
    assert table.index.tolist() == ["007", "08"]
    assert [kind.kind for kind in table.dtypes] == list("iffbOOfi")
    assert table["whole"].tolist() == [1, 2]
    assert table["gap"].isna().tolist() == [False, True]
    assert table["decimal"].tolist() == [0.1, 1000.0]
    assert table["word"].tolist() == ["a", None]
    assert table["day"].tolist() == ["2024-01-02", "2024-03-04"]
    assert table["blank"].tolist() == [5, 6]


def test_numbers_keep_every_bit(tmp_path):
    numbers = [0.1, 1 / 3, 2.0**-1074, 1.7976931348623157e308, 123456789.123456789]
    path = written(tmp_path, "id,x\n" + "".join(f"r{i},{x!r}\n" for i, x in enumerate(numbers)))
    assert read_table(path)["x"].tolist() == numbers


def test_quotes_separators_and_line_ends_inside_a_cell(tmp_path):
    path = written(tmp_path, 'id,note,x\nP1,"a, ""b""\nand c",1\nP2,#,2\n')
    table = read_table(path)
    assert table["note"].tolist() == ['a, "b"\nand c', "#"]
    assert table["x"].tolist() == [1, 2]


def test_a_tsv_may_quote_its_cells_and_not_its_header(tmp_path):
    table = read_table(written(tmp_path, 'id\tnote\nP1\t"a\tb"\n', "table.tsv"))
    assert table["note"].tolist() == ["a\tb"]


def test_byte_order_mark_windows_line_ends_and_gzip(tmp_path):
    path = tmp_path / "table.csv.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbfid,x\r\nP1,1.5\r\n\r\n"))
    assert read_table(path)["x"].to_dict() == {"P1": 1.5}


def test_ids_without_a_name_above_them(tmp_path):
    assert read_table(written(tmp_path, ",x\n007,1\n")).index.tolist() == ["007"]


def test_a_hash_is_no_comment(tmp_path):
    assert read_table(written(tmp_path, "#id,x\n#1,1\n")).index.tolist() == ["#1"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "empty_file"),
        ("id,x,y\nP1,1\n", "ragged_row"),
        ("id,x\nP1,1,2\n", "ragged_row"),
        ("id,x\nP1,1,2\nP2,3,4\n", "ragged_row"),
        ("id,x,\nP1,1,\n", "empty_feature"),
        ("id,x,x\nP1,1,2\n", "duplicate_column"),
        ("id,x,id\nP1,1,2\n", "duplicate_column"),
        ("id,x\n,1\n", "empty_id"),
        ("id,x\nNA,1\n", "empty_id"),
        ("id,x\nP1,1\nP1,2\n", "duplicate_patient"),
    ],
)
def test_malformed(tmp_path, content, code):
    with pytest.raises(CohortError) as caught:
        read_table(written(tmp_path, content))
    assert caught.value.code == code


def test_a_row_that_was_cut_is_named_by_its_line(tmp_path):
    with pytest.raises(CohortError, match="line 3 has 1 cells and not 2"):
        read_table(written(tmp_path, "id,x\nP1,1\nP2\n"))


def test_another_encoding_is_refused(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes("id,x\nMüller,1\n".encode("cp1252"))
    with pytest.raises(CohortError) as caught:
        read_table(path)
    assert caught.value.code == "not_utf8"


def test_an_empty_id_in_parquet(tmp_path):
    import pandas as pd

    pd.DataFrame({"id": ["P1", ""], "x": [1.0, 2.0]}).to_parquet(tmp_path / "table.parquet")
    with pytest.raises(CohortError) as caught:
        read_table(tmp_path / "table.parquet")
    assert caught.value.code == "empty_id"


@pytest.mark.parametrize(
    ("source", "name"),
    [("copy_number/cbs.seg", "x.seg.gz"), ("mwtab/ms.txt", "x.mwtab")],
)
def test_endings_of_formats_that_also_have_a_bare_name(tmp_path, source, name):
    content = (FIXTURES / source).read_bytes()
    (tmp_path / name).write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    table = read_table(tmp_path / name)
    bare = read_table(FIXTURES / source, file_format=name.split(".")[1])
    assert table.equals(bare)
    assert np.isfinite(table.to_numpy()).any()


@pytest.mark.parametrize("companion", [".bim", ".fam"])
def test_the_digest_of_a_cohort_covers_the_companions_of_a_bed(tmp_path, companion):
    for ending in (".bed", ".bim", ".fam"):
        shutil.copy(FIXTURES / "plink" / f"cohort{ending}", tmp_path / f"germline{ending}")
    ids = read_table(tmp_path / "germline.bed").index
    rows = "".join(f"{name},{i + 1},1\n" for i, name in enumerate(ids))
    written(tmp_path, "sample_id,time,event\n" + rows, "outcome.csv")
    written(
        tmp_path,
        "name: toy\nsamples: {file: outcome.csv}\n"
        "views: {germline: {modality: genomics, file: germline.bed, scale: dosage}}\n"
        "endpoints: {survival: {time: time, event: event}}\n",
        "cohort.yaml",
    )
    before = cohort_digest(read_cohort(tmp_path))
    path = tmp_path / f"germline{companion}"
    path.write_text(path.read_text() + "\n")
    assert cohort_digest(read_cohort(tmp_path)) != before


def test_the_page_of_formats_lists_every_format_and_no_other():
    rows = [line.split("|")[1] for line in FORMATS.read_text().splitlines() if line.startswith("| `")]
    assert sorted(name for row in rows for name in re.findall("`(.+?)`", row)) == sorted(READERS)
