"""Archives and stored arrays that are small on disk and large when they are read."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import openpyxl
import pandas as pd
import pytest

from omics.common import memory
from omics.common.errors import CohortError
from omics.readers.plain_tables import read_table

MEGABYTE = 10**6


def workbook(folder: Path) -> Path:
    """One cell far to the right in each row."""
    book = openpyxl.Workbook()
    for row in range(1, 60):
        book.active.cell(row, 1, f"P{row}")
        book.active.cell(row, 16_000, row)
    book.save(folder / "far.xlsx")
    return folder / "far.xlsx"


def merged(folder: Path) -> Path:
    """An area of all columns and rows."""
    book = openpyxl.Workbook()
    for row in range(1, 101):
        book.active.append([f"P{row}", row, row])
    book.save(folder / "plain.xlsx")
    path = folder / "merged.xlsx"
    with (
        zipfile.ZipFile(folder / "plain.xlsx") as plain,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out,
    ):
        for name in plain.namelist():
            area = b'</sheetData><mergeCells count="1"><mergeCell ref="B2:XFD1048576"/></mergeCells>'
            content = plain.read(name)
            out.writestr(name, content.replace(b"</sheetData>", area) if "sheet1" in name else content)
    return path


def archive(folder: Path) -> Path:
    """A table of an artifact that is one repeated byte."""
    with zipfile.ZipFile(folder / "a.qza", "w", zipfile.ZIP_DEFLATED) as out:
        out.writestr("u/metadata.yaml", "type: FeatureTable[Frequency]\n")
        out.writestr("u/data/feature-table.biom", b" " * 5 * MEGABYTE)
    return folder / "a.qza"


def anndata(folder: Path) -> Path:
    """An array of which nothing was ever written."""
    import anndata

    path = folder / "a.h5ad"
    anndata.AnnData(np.ones((2, 2))).write_h5ad(path)
    with h5py.File(path, "r+") as store:
        del store["X"]
        store.create_dataset("X", (1000, 1000), dtype="f8", chunks=(100, 100))
        store["X"].attrs.update({"encoding-type": "array", "encoding-version": "0.2.0"})
    return path


def parquet(folder: Path) -> Path:
    """One number many times."""
    pd.DataFrame({"id": np.arange(200_000).astype(str), "x": 1.0}).to_parquet(folder / "a.parquet")
    return folder / "a.parquet"


def plink(folder: Path) -> Path:
    """Two bits per genotype."""
    patients, variants = 400, 400
    (folder / "a.fam").write_text("".join(f"0 P{i} 0 0 0 -9\n" for i in range(patients)))
    (folder / "a.bim").write_text("".join(f"1 rs{i} 0 {i + 1} A G\n" for i in range(variants)))
    (folder / "a.bed").write_bytes(b"\x6c\x1b\x01" + bytes(variants * patients // 4))
    return folder / "a.bed"


@pytest.mark.parametrize(
    "write", [workbook, merged, archive, anndata, parquet, plink], ids=lambda f: f.__name__
)
def test_what_expands_beyond_the_limit_is_refused_with_its_size(
    write: Callable[[Path], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path)
    monkeypatch.setattr(memory, "memory_limit", lambda: 2 * MEGABYTE)
    with pytest.raises(CohortError, match=r"takes at least [\d.]+ GB") as raised:
        read_table(path)
    assert raised.value.code == "too_large"
