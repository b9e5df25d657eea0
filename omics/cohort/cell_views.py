"""Views of a declaration: one table, or, for single cells, one pseudobulk per cell type and the composition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from omics.cells.composition import cells_per_type
from omics.cells.min_cells import MIN_CELLS
from omics.cells.open_cells import SingleCells, open_cells
from omics.cells.pseudobulk import Pseudobulk, pseudobulks
from omics.cells.view_names import COMPOSITION, cell_type_names, full_name
from omics.cohort.ids import check_ids
from omics.cohort.spec import CohortSpec, ViewSpec
from omics.cohort.views import check_scale, check_view, read_view
from omics.common.errors import CohortError
from omics.readers import CELLS
from omics.readers.anndata_parts import obs_of
from omics.readers.containers import open_store, stored_names
from omics.readers.notes import attach_notes, left_out_note
from omics.readers.plain_tables import check_first_bytes, table_format

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["COMPOSITION_VIEW", "ReadView", "join_views", "read_views"]

COMPOSITION_VIEW = ViewSpec("generic", CELLS)
"""The view of the numbers of cells; its transform to log-ratios is that of the scale."""


class ReadView(NamedTuple):
    """A view: its specification, and its values as from :func:`omics.cohort.views.read_view`."""

    spec: ViewSpec
    table: pd.DataFrame | AnnData


def read_views(
    folder: Path, name: str, view: ViewSpec, patients: pd.Index | None, yaml: str, strict: bool = False
) -> dict[str, ReadView]:
    """Read the views of one declaration.

    Parameters
    ----------
    folder, name, view, patients, yaml, strict
        As for :func:`omics.cohort.views.read_view`.

    Returns
    -------
    dict of ReadView
        The view itself. For single cells ``NAME.CELL TYPE`` for each type that some patient has enough cells of, with
        sums of raw counts, and ``NAME.composition`` with the number of cells of each type. A patient without enough
        cells of a type is not in its view; a patient without enough cells of any type is in none of the views.

    Raises
    ------
    CohortError
        If the declaration, the file, an id or a value is wrong.
    """
    if view.format != CELLS:
        if patients is not None and view.file is not None and view.id is None:
            _refuse_cells(name, folder / view.file, view, patients)
        return {name: ReadView(view, read_view(folder, name, view, patients, yaml, strict))}
    if view.file is None:
        raise CohortError(f"view '{name}' lacks the key 'file'", "missing_key", file=yaml, column="file")
    check_view(name, view, yaml)
    path = folder / view.file
    if path.is_file():
        check_first_bytes(path)
    with open_cells(path, str(view.patient), str(view.cell_type), view.layer) as cells:
        if patients is not None:
            check_ids(
                name, cells.patients.names, cells.genes, pd.DataFrame(), patients, str(path), strict=True
            )
        return dict(_expanded(name, view, cells, str(path)))


def join_views(
    spec: CohortSpec, read: Mapping[str, Mapping[str, ReadView]], file: str
) -> tuple[CohortSpec, dict[str, pd.DataFrame | AnnData]]:
    """Join the views of all declarations of a cohort.

    Parameters
    ----------
    spec
        Specification as declared.
    read
        Declared name -> its views, as from :func:`read_views`.
    file
        Named in errors.

    Returns
    -------
    tuple
        The specification with the views that were read, and their values.

    Raises
    ------
    CohortError
        If a view of cells has the name of another view.
    """
    views: dict[str, ReadView] = {}
    for declared, found in read.items():
        for name, view in found.items():
            if name in views or (name != declared and name in spec.views):
                raise CohortError(
                    f"the cells of '{declared}' have a view '{name}', and another view has this name; rename one",
                    "same_view_name",
                    file=file,
                )
            views[name] = view
    specs = {name: view.spec for name, view in views.items()}
    return replace(spec, views=specs), {name: view.table for name, view in views.items()}


def _refuse_cells(name: str, path: Path, view: ViewSpec, patients: pd.Index) -> None:
    """Refuse an h5ad with rows that are no patients before it is read: as a dense table it could fill the memory."""
    if table_format(path, view.format) != ".h5ad" or not path.is_file():
        return
    try:
        store = open_store(path)
    except OSError:
        return  # reading it reports what is wrong with the file
    try:
        rows, columns = stored_names(store, str(path))
    finally:
        store.close()
    # With features in rows, the patients are the columns.
    if len(rows) > len(patients) and not pd.Index([*rows, *columns]).isin(patients).any():
        obs = obs_of(path)
        if any(cells.isin(patients).any() for _, cells in obs.items()):
            check_ids(name, pd.Index(rows), pd.Index(columns), obs, patients, str(path))
        raise CohortError(
            f"view '{name}' has {len(rows)} rows, and none is a patient of the samples table; if they are cells, "
            f"declare format: {CELLS} with patient and cell_type",
            "no_shared_ids",
            file=str(path),
        )


def _expanded(name: str, view: ViewSpec, cells: SingleCells, file: str) -> dict[str, ReadView]:
    least = MIN_CELLS if view.min_cells is None else view.min_cells
    sums = pseudobulks(cells, least)
    counts = cells_per_type(cells)
    names = cell_type_names(map(str, counts.columns), file)
    plain = ViewSpec(view.modality, view.scale, timing=view.timing)
    views = {}
    for cell_type, pseudobulk in sums.items():
        full = full_name(name, names[cell_type])
        table = pd.DataFrame(pseudobulk.counts, pseudobulk.patients, cells.genes)
        check_scale(full, plain, table, file)
        views[full] = ReadView(plain, attach_notes(table, _notes(cell_type, full, pseudobulk, least)))
    enough = (counts >= least).any(axis=1)
    notes = []
    if not enough.all():
        notes += [
            left_out_note(
                f"patient(s) with fewer than {least} cells of each type", list(counts.index[~enough])
            )
        ]
    if rare := [str(cell_type) for cell_type in counts if cell_type not in sums]:
        notes += [left_out_note(f"cell type(s) with fewer than {least} cells in each patient", rare)]
    composition = attach_notes(counts[enough].astype(float), notes)
    views[full_name(name, COMPOSITION)] = ReadView(replace(COMPOSITION_VIEW, timing=view.timing), composition)
    return views


def _notes(cell_type: str, view: str, pseudobulk: Pseudobulk, least: int) -> list[str]:
    notes = []
    if len(pseudobulk.too_few):
        notes += [left_out_note(f"patient(s) with fewer than {least} cells", list(pseudobulk.too_few))]
    if not view.endswith(f".{cell_type}"):
        notes += [f"the cell type is '{cell_type}'; the name of a view has no / and no spaces around it"]
    return notes
