"""``stratomics.pp``: from single cells to patients, and clinical columns for the plots of scanpy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from omics.cells.composition import cells_per_type, log_ratios
from omics.cells.min_cells import MIN_CELLS
from omics.cells.open_cells import open_cells, patient_columns
from omics.cells.pseudobulk import pseudobulks
from omics.cells.view_names import cell_type_names
from omics.common.errors import InputError, nearest
from omics.common.registry import lazy_getattr
from stratomics.api.memory_tables import VIEW
from stratomics.api.tools.stored_factors import checked_cohort

if TYPE_CHECKING:
    from anndata import AnnData
    from mudata import MuData

__all__ = ["composition", "copy_clinical", "pseudobulk"]

if not TYPE_CHECKING:
    # A misspelt name gets a suggestion; type checkers find it by themselves.
    __getattr__ = lazy_getattr(__name__, {name: f"{__name__}:{name}" for name in __all__})


def __dir__() -> list[str]:
    return sorted(__all__)


CLINICAL = "clinical"
"""View that only lists all patients."""


def pseudobulk(
    cells: AnnData | str | Path,
    patient: str,
    cell_type: str,
    *,
    min_cells: int = MIN_CELLS,
    layer: str | None = None,
    obs: Sequence[str] = (),
) -> dict[str, AnnData]:
    """Sum raw counts over the cells of each patient and cell type: one view per cell type.

    With patients and not cells as the unit, false discoveries are controlled (Squair et al. 2021,
    doi 10.1038/s41467-021-25960-2).

    Parameters
    ----------
    cells
        Single cells, one row per cell, or the path of an ``.h5ad`` file, which is read in blocks. They are not changed.
    patient, cell_type
        Columns of ``obs`` with the patient and the type of each cell.
    min_cells
        Smallest number of cells of a sum. With fewer, the patient is not in the view of this cell type.
    layer
        Layer with the raw counts; X if left out.
    obs
        Columns of ``obs`` that have one value per patient, such as the arm, to copy into each view.

    Returns
    -------
    dict of AnnData
        View -> patients x genes: ``X`` has the sums (float64), ``.obs["cells"]`` the number of cells, ``.var`` is that
        of `cells`. A view is called as its cell type, with ``_`` in place of ``/``. It has the modality
        transcriptomics and the scale counts of :func:`stratomics.cohort`.

    Raises
    ------
    CohortError
        If a column does not exist, a cell has no patient or no type, a value is not a whole number from 0, no patient
        has enough cells of any type, or the cells of a patient differ in a column of `obs`.

    Examples
    --------
    >>> import numpy as np
    >>> from anndata import AnnData
    >>> labels = pd.DataFrame({"donor": ["p1", "p1", "p2"], "kind": ["T", "T", "T"]}, index=["a", "b", "c"])
    >>> views = pseudobulk(AnnData(np.array([[1, 0], [2, 5], [4, 4]]), labels), "donor", "kind", min_cells=2)
    >>> views["T"].to_df().to_dict("index")
    {'p1': {'0': 3.0, '1': 5.0}}
    """
    from anndata import AnnData

    with open_cells(_source(cells), patient, cell_type, layer) as opened:
        sums = pseudobulks(opened, min_cells)
        names = cell_type_names(sums, opened.source.file)
        columns = patient_columns(opened, obs)
        var = opened.source.var.set_axis(opened.genes)
        views = {}
        for kind, one in sums.items():
            table = columns.loc[one.patients].assign(cells=one.cells)
            about = {VIEW: {"modality": "transcriptomics", "scale": "counts"}}
            views[names[kind]] = AnnData(one.counts, obs=table, var=var.copy(), uns=about)
    return views


def composition(cells: AnnData | str | Path, patient: str, cell_type: str) -> AnnData:
    """Count the cells of each type in each patient, and take centred log-ratios.

    Shares of cells sum to 1: one type can increase only if others decrease. Therefore they are compared as log-ratios
    (Aitchison 1982, doi 10.1111/j.2517-6161.1982.tb01195.x), one patient at a time. A type without a cell counts as
    0.65 times the smallest number of cells among the types that the patient has (Martin-Fernandez et al. 2003,
    doi 10.1023/A:1023866030544).

    Parameters
    ----------
    cells
        Single cells, one row per cell, or the path of an ``.h5ad`` file. They are not changed.
    patient, cell_type
        Columns of ``obs`` with the patient and the type of each cell.

    Returns
    -------
    AnnData
        Patients x cell types: ``X`` has the log-ratios, ``.layers["counts"]`` the numbers of cells, and
        ``.obs["cells"]`` their sum. It has the modality generic and the scale numeric of :func:`stratomics.cohort`.

    Raises
    ------
    CohortError
        If a column does not exist, or a cell has no patient or no type.

    Notes
    -----
    The log-ratios of a patient depend on the types that the table has. To predict new patients, in whom a rare type may
    be absent, give the numbers of cells to :func:`stratomics.cohort` with the scale ``cells``: the model then takes the
    log-ratios over the types of training.

    Examples
    --------
    >>> import numpy as np
    >>> from anndata import AnnData
    >>> labels = pd.DataFrame({"donor": "p1", "kind": ["B", "T", "T", "T"]}, index=list("abcd"))
    >>> composition(AnnData(np.ones((4, 1)), labels), "donor", "kind").to_df().round(3)
            B      T
    p1 -0.549  0.549
    """
    from anndata import AnnData

    with open_cells(_source(cells), patient, cell_type) as opened:
        counts = cells_per_type(opened)
    ratios = log_ratios(counts)
    result = AnnData(
        ratios.to_numpy(),
        obs=pd.DataFrame({"cells": counts.sum(axis=1)}),
        var=pd.DataFrame(index=counts.columns),
    )
    result.layers["counts"] = counts.to_numpy()
    return result


def copy_clinical(cohort: MuData, columns: str | Sequence[str] | None = None) -> None:
    """Copy columns of ``cohort.obs`` into ``.obs`` of each view, in place.

    Then scanpy can plot them: ``sc.pl.umap(cohort["rna"], color="stage")``.

    Parameters
    ----------
    cohort
        A cohort.
    columns
        Name of a column, or several; all if left out.

    Raises
    ------
    InputError
        If a column does not exist, or `cohort` is no cohort or a view of one, which cannot be changed.

    Examples
    --------
    >>> from omics.cohort.read import read_cohort
    >>> cohort = read_cohort("bundled:tcga_acc")
    >>> copy_clinical(cohort, ["stage"])
    >>> "stage" in cohort["mrna"].obs
    True
    """
    checked_cohort(cohort, write=True)
    chosen = [columns] if isinstance(columns, str) else columns
    names = list(cohort.obs.columns if chosen is None else chosen)
    for name in names:
        if name not in cohort.obs:
            raise InputError(
                f"no column '{name}' in cohort.obs; {nearest(name, map(str, cohort.obs.columns))}"
            )
    for name, view in cohort.mod.items():
        if name != CLINICAL:
            rows = cohort.obs.loc[view.obs_names, names]
            view.obs = view.obs.drop(columns=names, errors="ignore").join(rows)


def _source(cells: AnnData | str | Path) -> AnnData | Path:
    return Path(cells) if isinstance(cells, str) else cells
