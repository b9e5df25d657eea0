"""Table: one view on the harmonized scale, read in blocks of rows as often as a step asks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.cohort.spec import ViewSpec
from omics.cohort.view_blocks import value_blocks
from omics.cohort.views import modality_of

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["PatientContext", "RowBlock", "Transforms", "ViewTable", "aligned"]

Values = NDArray[np.float32]

CHUNK = 2**26
"""Values of columns that are gathered in one pass over the rows."""

PIECE = 2**22
"""Values of columns that are handed on at once, so that what is computed from them stays small."""

MEMORY = 2**28
"""Values from which a table is not held in memory but read and transformed anew for each pass."""


@dataclass(frozen=True)
class PatientContext:
    """What a step may know of n patients beside their values, never an endpoint.

    ``site`` (n,) str, empty where it is not known; ``covariates`` (n, c) as from ``CovariateEncoder``.
    """

    site: NDArray[np.str_]
    covariates: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.site)

    def take(self, rows: slice | NDArray[np.int64]) -> PatientContext:
        """Keep `rows`."""
        return PatientContext(self.site[rows], self.covariates[rows])


@dataclass(frozen=True)
class RowBlock:
    """Some rows of a table: ``values`` (m, p), NaN not measured, minus infinity below detection."""

    rows: slice
    values: Values
    patients: PatientContext


LARGEST = float(np.finfo(np.float32).max)


class Transforms(Protocol):
    """What a table goes through: every patient for himself."""

    def transform(self, values: Values, patients: PatientContext) -> Values:
        """(m, p) to (m, q), in new memory."""
        ...


class ViewTable:
    """n patients x p features in float32; iterating gives its :class:`RowBlock` s.

    Parameters
    ----------
    blocks
        Starts a pass over the values, each time from the first row on.
    patients
        Of its rows.
    width
        p.
    """

    def __init__(
        self, blocks: Callable[[], Iterator[RowBlock]], patients: PatientContext, width: int
    ) -> None:
        self._blocks, self.patients, self.width = blocks, patients, width

    def __len__(self) -> int:
        return len(self.patients)

    def __iter__(self) -> Iterator[RowBlock]:
        return self._blocks()

    @classmethod
    def of(cls, view: AnnData, spec: ViewSpec, measured: pd.Index, patients: PatientContext) -> Self:
        """`view` aligned to the features `measured` and brought to the harmonized scale, block by block."""
        modality = modality_of(spec)

        def blocks() -> Iterator[RowBlock]:
            for rows, raw in aligned(view, measured):
                values = modality.transform(raw, spec.scale)
                held = np.where(np.isneginf(values), values, np.clip(values, -LARGEST, LARGEST))
                yield RowBlock(rows, held.astype(np.float32), patients.take(rows))

        return cls(blocks, patients, len(measured))

    def through(self, step: Transforms) -> ViewTable:
        """Give this table after `step`; one that drops features names those that it keeps, ``kept``."""
        kept = getattr(step, "kept", None)

        def blocks() -> Iterator[RowBlock]:
            for block in self:
                yield RowBlock(block.rows, step.transform(block.values, block.patients), block.patients)

        return ViewTable(blocks, self.patients, self.width if kept is None else len(kept))

    def held(self) -> ViewTable:
        """Give this table from memory, if it fits there."""
        if len(self) * self.width > MEMORY:
            return self
        values = np.empty((len(self), self.width), dtype=np.float32)
        pieces = []
        for block in self:
            values[block.rows] = block.values
            pieces.append((block.rows, block.patients))

        def blocks() -> Iterator[RowBlock]:
            # Nothing here holds on to the table that this one was made of, whose memory is free again.
            for rows, patients in pieces:
                yield RowBlock(rows, values[rows], patients)

        return ViewTable(blocks, self.patients, self.width)

    def columns(self) -> Iterator[tuple[slice, Values]]:
        """Whole columns, some at a time: (p', n) contiguous in the patient; a pass over the rows for each chunk."""
        size, piece = (max(1, values // max(len(self), 1)) for values in (CHUNK, PIECE))
        for start in range(0, self.width, size):
            stop = min(start + size, self.width)
            chunk = np.empty((stop - start, len(self)), dtype=np.float32)
            for block in self:
                chunk[:, block.rows] = block.values[:, start:stop].T
            for first in range(start, stop, piece):
                last = min(first + piece, stop)
                yield slice(first, last), chunk[first - start : last - start]


def aligned(view: AnnData, measured: pd.Index) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Blocks of raw values (m, p) of the features `measured`, in their order, NaN where `view` lacks one.

    Alignment comes first, so that a closure or a library size counts the features of training.
    """
    columns = view.var_names.get_indexer(measured)
    straight = len(columns) == view.n_vars and bool((columns == np.arange(len(columns))).all())
    for rows, raw in value_blocks(view):
        if straight:
            yield rows, raw
            continue
        fitting = np.full((len(raw), len(columns)), np.nan)
        fitting[:, columns >= 0] = raw[:, columns[columns >= 0]]
        yield rows, fitting
