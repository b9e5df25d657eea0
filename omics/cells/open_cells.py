"""Open single cells and check their patients, their types and their genes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.cells.cell_source import CellsInMemory, CellSource, StoredCells
from omics.cells.count_matrix import CountMatrix
from omics.cells.labels import Labels, labels_of
from omics.common.errors import CohortError, nearest
from omics.readers.containers import anndata_errors, open_store
from omics.readers.matrix import check_named, check_unique

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["SingleCells", "open_cells", "patient_columns"]


@dataclass(frozen=True)
class SingleCells:
    """Single cells with their patients and types.

    Attributes
    ----------
    source
        The AnnData.
    patient
        Name of the column of patients.
    patients, types
        Patient and cell type of each cell.
    genes
        Names of the genes.
    counts
        Raw counts, cells x genes.
    """

    source: CellSource
    patient: str
    patients: Labels
    types: Labels
    genes: pd.Index
    counts: CountMatrix

    def not_a_count(self, cell: int, gene: int, value: float) -> CohortError:
        """Error for a value of a cell that is no count."""
        return CohortError(
            f"cell '{self.source.name_of(cell)}' has {value:g} for gene '{self.genes[gene]}', and a count is a whole "
            "number from 0; give raw counts, before any normalization",
            "not_a_count",
            file=self.source.file,
            patient=str(self.patients.names[self.patients.codes[cell]]),
        )


@contextmanager
def open_cells(
    cells: AnnData | Path, patient: str, cell_type: str, layer: str | None = None
) -> Iterator[SingleCells]:
    """Open single cells; the counts of a file stay there until they are summed.

    Parameters
    ----------
    cells
        An AnnData, also a backed one, or the path of an ``.h5ad`` file or a ``.zarr`` folder.
    patient, cell_type
        Columns of ``obs`` with the patient and the type of each cell.
    layer
        Layer with the raw counts; X if left out.

    Yields
    ------
    SingleCells
        The cells; a file is closed at the end of the block.

    Raises
    ------
    CohortError
        If a column or layer does not exist, a cell has no patient or no type, a gene appears twice or has no name, or
        a file is no AnnData.
    """
    if not isinstance(cells, Path):
        yield _opened(CellsInMemory(cells), patient, cell_type, layer)
        return
    if not cells.exists():
        raise CohortError("no such file; correct the path", "missing_file", file=str(cells))
    try:
        store = open_store(cells)
    except OSError as error:
        raise CohortError(
            f"cannot be read as an AnnData ({error}); save the file again", "unreadable_file", file=str(cells)
        ) from None
    try:
        yield _opened(StoredCells(store, str(cells)), patient, cell_type, layer)
    finally:
        # A folder of zarr has nothing to close.
        getattr(store, "close", bool)()


def patient_columns(cells: SingleCells, columns: Sequence[str]) -> pd.DataFrame:
    """Read columns of ``obs`` that have one value per patient, such as the arm or the stage.

    Parameters
    ----------
    cells
        The cells.
    columns
        Names of the columns.

    Returns
    -------
    DataFrame
        One row per patient, in the order of ``cells.patients.names``.

    Raises
    ------
    CohortError
        If a column does not exist, or the cells of a patient have different values.
    """
    first = pd.Series(cells.patients.codes).drop_duplicates()
    of_patient = first.sort_values().index.to_numpy()
    read = {name: _constant(cells, name, of_patient) for name in columns}
    return pd.DataFrame(read, index=cells.patients.names)


def _constant(cells: SingleCells, name: str, of_patient: NDArray[np.int64]) -> pd.Series:
    """Values of a column at one cell of each patient, `of_patient`, if its other cells have the same."""
    _check_column(cells.source, name)
    column = cells.source.column(name).reset_index(drop=True)
    codes, _ = pd.factorize(column)
    expected = codes[of_patient][cells.patients.codes]
    if (codes != expected).any():
        cell = int((codes != expected).argmax())
        patient = cells.patients.codes[cell]
        one, other = (column.iloc[place] for place in (of_patient[patient], cell))
        raise CohortError(
            f"the cells of the patient have both {one!s} and {other!s}; correct the column, or leave it out",
            "not_constant",
            file=cells.source.file,
            column=name,
            patient=str(cells.patients.names[patient]),
        )
    values: pd.Series = column.iloc[of_patient].set_axis(cells.patients.names)
    return values


def _opened(source: CellSource, patient: str, cell_type: str, layer: str | None) -> SingleCells:
    file = source.file
    with anndata_errors(file):
        genes = [str(name) for name in source.var.index]
        size = len(source), len(genes)
    if not size[0]:
        raise CohortError("the file has no cell; was it cut short?", "no_patient", file=file)
    check_named(genes, "gene", "empty_feature", file)
    check_unique(genes, file)
    patients = _labels(source, patient, "patient", "cell_without_patient")
    types = _labels(source, cell_type, "cell type", "cell_without_type")
    with anndata_errors(file):
        counts = source.counts(layer)
    if counts.shape != size:
        raise CohortError(
            f"the counts are {counts.shape[0]} x {counts.shape[1]}, and there are {size[0]} cells x {size[1]} genes; "
            "write the file again",
            "wrong_shape",
            file=file,
        )
    return SingleCells(source, patient, patients, types, pd.Index(genes, dtype=object), counts)


def _labels(source: CellSource, name: str, what: str, code: str) -> Labels:
    _check_column(source, name)
    with anndata_errors(source.file):
        labels = labels_of(source.column(name))
    if (cell := labels.first_missing()) is not None:
        raise CohortError(
            f"cell '{source.name_of(cell)}' has no {what}; give it one, or remove the cell",
            code,
            file=source.file,
            column=name,
        )
    return labels


def _check_column(source: CellSource, name: str) -> None:
    with anndata_errors(source.file):
        names = source.names
    if name not in names:
        raise CohortError(
            f"no such column of obs; {nearest(name, names)}", "missing_column", file=source.file, column=name
        )
