import datetime
import json
import shutil
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata
import h5py
import numpy as np
import openpyxl
import pandas as pd
import pytest
import scipy.sparse
import zarr

from omics.cohort.read import read_cohort
from omics.common.errors import CohortError, InputError
from omics.common.files import digest_files
from omics.readers.matrix import numbers
from omics.readers.plain_tables import read_table
from omics.readers.workbooks import read_xlsx

FIXTURES = Path(__file__).parent / "fixtures" / "containers"
X = np.array([[1.5, 0, 0], [0, 2, 3]])
GENES = ["TP53", "KRAS", "EGFR"]


def code_of(path: Path) -> str:
    with pytest.raises(CohortError) as caught:
        read_table(path)
    assert str(path) in str(caught.value.file)
    return caught.value.code


# Excel


@pytest.fixture
def sheet(tmp_path: Path) -> Callable[..., Path]:
    def write(*rows: list[Any]) -> Path:
        path = tmp_path / "table.xlsx"
        book = openpyxl.Workbook()
        for row in rows:
            book.active.append(row)
        book.save(path)
        return path

    return write


def test_the_first_sheet_of_openpyxl() -> None:
    table = read_table(FIXTURES / "openpyxl.xlsx")
    assert list(table.index) == ["P01", "7", "P03"]
    np.testing.assert_array_equal(table[["CRP", "IL6"]], [[1.5, np.nan], [2, np.nan], [np.nan, 3]])
    assert table["arm"].tolist() == ["A", "B", "A"]


def test_formulas_dates_and_stray_formats_of_xlsxwriter() -> None:
    table = read_table(FIXTURES / "xlsxwriter.xlsx")
    assert list(table.index) == ["P01", "P02"]
    assert list(table.columns) == ["CRP", "double", "sampled"]
    np.testing.assert_array_equal(table[["CRP", "double"]], [[1.5, 3], [2.25, 4.5]])
    assert table["sampled"].tolist() == ["2024-01-02 00:00:00", "2024-03-04 00:00:00"]


def test_a_column_nobody_was_measured_for_holds_numbers(sheet: Callable[..., Path]) -> None:
    table = read_table(sheet(["id", "a", "b"], ["P1", 1.5, None], ["P2", None, "NA"]))
    assert table.dtypes.tolist() == [np.dtype("float64")] * 2


def test_ids_in_another_column_have_no_decimals_either(sheet: Callable[..., Path]) -> None:
    assert list(read_table(sheet(["a", "id"], [1.5, 7], [2, 8]), "id").index) == ["7", "8"]


def test_a_number_as_id_has_no_decimals(sheet: Callable[..., Path]) -> None:
    assert list(read_table(sheet(["id", "a"], [7.0, 1], [8, 2])).index) == ["7", "8"]


def test_empty_rows_and_columns_around_a_table_are_no_patients(sheet: Callable[..., Path]) -> None:
    path = sheet([None, None], ["id", "a", None], [None, None, None], ["P1", 1, None], ["", " "])
    assert read_table(path)["a"].to_dict() == {"P1": 1.0}


def edit(workbook: Path, to: Path, old: bytes, new: bytes) -> Path:
    with zipfile.ZipFile(workbook) as source, zipfile.ZipFile(to, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith("sheet1.xml"):
                assert old in content
                content = content.replace(old, new)
            target.writestr(name, content)
    return to


def test_a_sheet_that_states_a_size_too_small(sheet: Callable[..., Path], tmp_path: Path) -> None:
    whole = sheet(["id", "a"], ["P1", 1], ["P2", 2])
    path = edit(whole, tmp_path / "streamed.xlsx", b'ref="A1:B3"', b'ref="A1:A1"')
    assert read_table(path)["a"].to_dict() == {"P1": 1.0, "P2": 2.0}


def test_a_formula_that_shows_nothing_is_an_empty_cell(tmp_path: Path) -> None:
    # As Excel stores the result of =IF(TRUE, "", 1): a text (ECMA-376-1, 18.18.11, t="str") without letters.
    path = edit(
        FIXTURES / "xlsxwriter.xlsx",
        tmp_path / "table.xlsx",
        b'<c r="C3"><f>B3*2</f><v>4.5</v>',
        b'<c r="C3" t="str"><f>B3*2</f><v></v>',
    )
    assert read_table(path)["double"].isna().tolist() == [False, True]


def test_a_damaged_sheet(tmp_path: Path) -> None:
    path = edit(FIXTURES / "xlsxwriter.xlsx", tmp_path / "table.xlsx", b"</sheetData>", b"")
    assert code_of(path) == "unreadable_file"


def test_text_in_a_view_is_refused_with_its_place(sheet: Callable[..., Path]) -> None:
    table = read_table(sheet(["id", "a"], ["P1", 1], ["P2", "<LOD"]))
    with pytest.raises(CohortError) as caught:
        numbers(table, "table.xlsx")
    assert (caught.value.code, caught.value.column, caught.value.patient) == ("text_for_number", "a", "P2")


def test_a_date_is_no_number() -> None:
    with pytest.raises(CohortError) as caught:
        numbers(read_table(FIXTURES / "xlsxwriter.xlsx"), "table.xlsx")
    assert (caught.value.code, caught.value.column) == ("text_for_number", "sampled")


@pytest.mark.parametrize(
    "value", [datetime.date(2024, 9, 2), datetime.time(1, 2), datetime.timedelta(hours=30)]
)
def test_dates_times_and_durations_become_no_nanoseconds(sheet: Callable[..., Path], value: Any) -> None:
    with pytest.raises(CohortError) as caught:
        numbers(read_table(sheet(["id", "a"], ["P1", value])), "table.xlsx")
    assert caught.value.code == "text_for_number"


@pytest.mark.parametrize(
    ("rows", "code"),
    [
        ([["id", datetime.date(2024, 9, 2)], ["P1", 1]], "date_for_name"),
        ([["gene", "P1"], [datetime.date(2024, 9, 2), 1]], "date_for_name"),
        ([["id", "a"], ["P1", "=1+1"]], "formula_without_value"),
        ([["id", "a"], ["P1", "#DIV/0!"]], "error_cell"),
        ([["id", "a"], ["P1", "#N/A"]], "error_cell"),
        ([["id", "a", "a"], ["P1", 1, 2]], "duplicate_column"),
        ([["id", 1, 1.0], ["P1", 1, 2]], "duplicate_column"),
        ([["id", None], ["P1", 1]], "empty_feature"),
        ([["id", "a"], [None, 1]], "empty_id"),
        ([["id", "a"], ["P1", 1], ["P1", 2]], "duplicate_patient"),
        ([["id", "a"], [7, 1], ["7", 2]], "duplicate_patient"),
        ([[]], "empty_table"),
    ],
)
def test_malformed_sheets(sheet: Callable[..., Path], rows: list[list[Any]], code: str) -> None:
    assert code_of(sheet(*rows)) == code


def test_an_error_names_its_cell(sheet: Callable[..., Path]) -> None:
    with pytest.raises(CohortError, match="B3 has no stored value"):
        read_xlsx(sheet(["id", "a"], ["P1", 1], ["P2", "=B2"]))


@pytest.mark.parametrize("keep", [0, 100, 3000, -30])
def test_truncated_workbooks(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "table.xlsx"
    path.write_bytes((FIXTURES / "openpyxl.xlsx").read_bytes()[:keep])
    assert code_of(path) == "unreadable_file"


def test_a_zip_that_is_no_workbook(tmp_path: Path) -> None:
    path = tmp_path / "table.xlsx"
    shutil.copy(FIXTURES.parent / "qiime2" / "relative.qza", path)
    assert code_of(path) == "unreadable_file"


def test_without_the_extra_the_command_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(InputError, match=r"stratomics\[xlsx\]"):
        read_xlsx(FIXTURES / "openpyxl.xlsx")


# AnnData


def adata(values: Any = X, genes: list[str] = GENES) -> anndata.AnnData:
    return anndata.AnnData(
        values, obs=pd.DataFrame({"age": [50, 60]}, index=["P01", "007"]), var=pd.DataFrame(index=genes)
    )


@pytest.fixture(params=["h5ad", "zarr 2", "zarr 3"])
def write(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[anndata.AnnData], Path]:
    def to_file(data: anndata.AnnData) -> Path:
        if request.param == "h5ad":
            data.write_h5ad(tmp_path / "view.h5ad")
            return tmp_path / "view.h5ad"
        return to_zarr(data, tmp_path / "view.zarr", int(request.param[-1]))

    return to_file


def to_zarr(data: anndata.AnnData, path: Path, version: int) -> Path:
    # anndata warns that it will write another format in future; this test reads both formats.
    with warnings.catch_warnings(action="ignore"), anndata.settings.override(zarr_write_format=version):
        data.write_zarr(path)
    return path


def test_a_dense_h5ad() -> None:
    table = read_table(FIXTURES / "dense.h5ad")
    assert list(table.index) == ["P01", "007"]
    assert list(table.columns) == GENES
    np.testing.assert_array_equal(table.to_numpy(), [[1.5, 0, np.nan], [0, 2, 3]])


@pytest.mark.parametrize("kind", [np.asarray, scipy.sparse.csr_matrix, scipy.sparse.csc_matrix])
def test_dense_and_sparse_alike(write: Callable[[anndata.AnnData], Path], kind: Callable[[Any], Any]) -> None:
    data = adata(kind(X.astype("float32")))
    data.layers["raw"] = kind(X * 100)
    data.uns["note"] = "stays behind"
    table = read_table(write(data))
    assert list(table.index) == ["P01", "007"]
    assert list(table.columns) == GENES
    assert (table.dtypes == "float64").all()
    np.testing.assert_array_equal(table.to_numpy(), X)


@pytest.mark.filterwarnings("ignore:Variable names are not unique")
def test_a_repeated_gene(write: Callable[[anndata.AnnData], Path]) -> None:
    assert code_of(write(adata(genes=["TP53", "TP53", "EGFR"]))) == "duplicate_column"


def test_without_x(write: Callable[[anndata.AnnData], Path]) -> None:
    data = anndata.AnnData(obs=pd.DataFrame(index=["P01"]), var=pd.DataFrame(index=GENES))
    assert code_of(write(data)) == "not_anndata"


def test_h5ad_whose_x_has_another_shape(tmp_path: Path) -> None:
    path = tmp_path / "view.h5ad"
    shutil.copy(FIXTURES / "dense.h5ad", path)
    with h5py.File(path, "r+") as store:
        attributes = dict(store["X"].attrs)
        del store["X"]
        store["X"] = np.zeros((3, 3))
        store["X"].attrs.update(attributes)
    assert code_of(path) == "wrong_shape"


@pytest.mark.parametrize(("name", "encoding"), [("X", "dataframe"), ("X", "later"), ("var/_index", "later")])
def test_h5ad_of_an_encoding_that_is_no_matrix(tmp_path: Path, name: str, encoding: str) -> None:
    path = tmp_path / "view.h5ad"
    shutil.copy(FIXTURES / "dense.h5ad", path)
    with h5py.File(path, "r+") as store:
        store[name].attrs["encoding-type"] = encoding
    assert code_of(path) == "not_anndata"


@pytest.mark.parametrize("version", [2, 3])
def test_a_zarr_store_with_a_damaged_chunk(tmp_path: Path, version: int) -> None:
    path = to_zarr(adata(), tmp_path / "view.zarr", version)
    (chunk,) = [file for file in (path / "X").rglob("*0") if file.is_file()]
    chunk.write_bytes(chunk.read_bytes()[:10])
    assert code_of(path) == "unreadable_file"


def test_h5ad_that_is_another_hdf5(tmp_path: Path) -> None:
    path = tmp_path / "view.h5ad"
    shutil.copy(FIXTURES.parent / "biom" / "counts_2_1.biom", path)
    assert code_of(path) == "not_anndata"


def test_h5ad_truncated(tmp_path: Path) -> None:
    path = tmp_path / "view.h5ad"
    path.write_bytes((FIXTURES / "dense.h5ad").read_bytes()[:5000])
    assert code_of(path) == "unreadable_file"


class Bomb:
    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return Path.touch, (Path("exploded"),)


@pytest.mark.parametrize("place", ["X", "obs/_index"])
def test_pickle_in_a_zarr_store_is_never_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    import pickle

    monkeypatch.chdir(tmp_path)
    path = to_zarr(adata(), tmp_path / "view.zarr", 2)
    array = json.loads((path / place / ".zarray").read_text())
    array |= {
        "dtype": "|O",
        "filters": [{"id": "pickle", "protocol": 5}],
        "compressor": None,
        "fill_value": 0,
    }
    (path / place / ".zarray").write_text(json.dumps(array))
    (path / ".zmetadata").unlink()
    for chunk in (path / place).glob("[0-9]*"):
        chunk.write_bytes(pickle.dumps(Bomb()))
    assert code_of(path) == "pickle"
    assert not (tmp_path / "exploded").exists()


def test_pickle_named_only_in_the_consolidated_metadata(tmp_path: Path) -> None:
    path = to_zarr(adata(), tmp_path / "view.zarr", 2)
    metadata = (path / ".zmetadata").read_text()
    changed = metadata.replace('"id": "vlen-utf8"', '"id": "\\u0070ickle"')
    assert changed != metadata
    (path / ".zmetadata").write_text(changed)
    assert code_of(path) == "pickle"


def test_a_folder_that_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "view.zarr").mkdir()
    assert code_of(tmp_path / "view.zarr") == "unreadable_file"


def test_a_store_of_something_else(tmp_path: Path) -> None:
    zarr.create_group(tmp_path / "view.zarr")
    assert code_of(tmp_path / "view.zarr") == "not_anndata"


def test_zarr_as_a_file(tmp_path: Path) -> None:
    (tmp_path / "view.zarr").write_bytes(b"PK\x03\x04")
    assert code_of(tmp_path / "view.zarr") == "missing_file"


@pytest.mark.parametrize(
    ("name", "code"),
    [("view.csv", "missing_file"), ("view.h5ad", "missing_file"), ("view", "unknown_format")],
)
def test_a_folder_is_no_table_of_another_format(tmp_path: Path, name: str, code: str) -> None:
    (tmp_path / name).mkdir()
    assert code_of(tmp_path / name) == code


def test_a_cohort_of_containers(tmp_path: Path, sheet: Callable[..., Path]) -> None:
    sheet(["sample_id", "time", "event"], ["P01", 10, 1], ["007", 20, 0])
    store = to_zarr(adata(), tmp_path / "view.zarr", 2)
    (tmp_path / "cohort.yaml").write_text(
        "name: c\nsamples: {file: table.xlsx}\n"
        "views: {v: {modality: generic, scale: numeric, file: view.zarr}}\n"
        "endpoints: {survival: {time: time, event: event}}\n"
    )
    cohort = read_cohort(tmp_path)
    np.testing.assert_array_equal(cohort["v"].X, X)
    before = digest_files([store])
    chunk = next(store.glob("X/[0-9]*"))
    chunk.write_bytes(chunk.read_bytes() + b"\0")
    assert digest_files([store]) != before


@pytest.mark.parametrize("ending", ["h5ad", "zarr"])
def test_a_layer_raw_and_a_column_of_ids_are_read_where_they_are_named(ending, tmp_path):
    table = anndata.AnnData(
        np.log1p(X), obs=pd.DataFrame({"donor": ["D2", "D1"]}, ["a", "b"]), var=pd.DataFrame(index=GENES)
    )
    table.layers["reads"] = scipy.sparse.csr_matrix(X * 10)
    table.raw = anndata.AnnData(X[:, :2] * 100, obs=table.obs, var=table.var.iloc[:2])
    path = tmp_path / f"rna.{ending}"
    with warnings.catch_warnings(action="ignore"):  # about the version of zarr
        table.write_h5ad(path) if ending == "h5ad" else table.write_zarr(path)
    np.testing.assert_allclose(read_table(path).to_numpy(), np.log1p(X))
    np.testing.assert_array_equal(read_table(path, options={"layer": "reads"}).to_numpy(), X * 10)
    raw = read_table(path, "donor", options={"layer": "raw"})
    assert (list(raw.index), list(raw.columns)) == (["D2", "D1"], GENES[:2])
    np.testing.assert_array_equal(raw.to_numpy(), X[:, :2] * 100)
    for index, layer, code in (("patient", None, "missing_column"), (None, "counts", "missing_layer")):
        with pytest.raises(CohortError) as raised:
            read_table(path, index, options={"layer": layer})
        assert raised.value.code == code
