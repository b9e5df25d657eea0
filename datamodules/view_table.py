"""ViewTable: one view on the harmonized scale, read in blocks of rows, as often as a step needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.feature_match import match_features
from omics.cohort.spec import ViewSpec
from omics.cohort.views import modality_of
from omics.common.view_blocks import value_blocks

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["PatientContext", "RowBlock", "Transforms", "ViewTable", "aligned"]

Values = NDArray[np.float32]

CHUNK = 2**26
"""Number of values collected as columns in one pass over the rows."""

PIECE = 2**22
"""Number of values returned at once, so that intermediate results stay small."""

MEMORY = 2**28
"""A table with more values is not kept in memory; each pass reads and transforms it again."""


@dataclass(frozen=True)
class PatientContext:
    """What a step may use of n patients beside their values; never an endpoint.

    ``site`` (n,) str, empty where it is unknown; ``covariates`` (n, c) as returned by ``CovariateEncoder``.
    """

    site: NDArray[np.str_]
    covariates: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.site)

    def take(self, rows: slice | NDArray[np.int64]) -> PatientContext:
        """Select `rows`."""
        return PatientContext(self.site[rows], self.covariates[rows])


@dataclass(frozen=True)
class RowBlock:
    """Some rows of a table: ``values`` (m, p), NaN if not measured, minus infinity if below detection."""

    rows: slice
    values: Values
    patients: PatientContext


LARGEST = float(np.finfo(np.float32).max)


class Transforms(Protocol):
    """A step that is applied to a table; each patient is transformed independently of the others."""

    def transform(self, values: Values, patients: PatientContext) -> Values:
        """(m, p) to (m, q), in new memory."""
        ...


class ViewTable:
    """n patients x p features in float32; iterating yields :class:`RowBlock` s.

    Parameters
    ----------
    blocks
        Function that starts a pass over the values at the first row.
    patients
        Context of the n patients.
    width
        Number of features p.
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
    def from_view(cls, view: AnnData, spec: ViewSpec, measured: pd.Index, patients: PatientContext) -> Self:
        """Align `view` to the features `measured` and convert it to the harmonized scale, block by block."""
        modality = modality_of(spec)

        def blocks() -> Iterator[RowBlock]:
            for rows, raw in aligned(view, measured, spec.scale):
                values = modality.transform(raw, spec.scale)
                clipped = np.where(np.isneginf(values), values, np.clip(values, -LARGEST, LARGEST))
                yield RowBlock(rows, clipped.astype(np.float32), patients.take(rows))

        return cls(blocks, patients, len(measured))

    def after(self, step: Transforms) -> ViewTable:
        """Return this table after `step`; a step that drops features has the indices of the others in ``kept``."""
        kept = getattr(step, "kept", None)

        def blocks() -> Iterator[RowBlock]:
            for block in self:
                yield RowBlock(block.rows, step.transform(block.values, block.patients), block.patients)

        return ViewTable(blocks, self.patients, self.width if kept is None else len(kept))

    def in_memory(self) -> ViewTable:
        """Return this table with its values in memory, or unchanged if it is too large."""
        if len(self) * self.width > MEMORY:
            return self
        values = np.empty((len(self), self.width), dtype=np.float32)
        pieces = []
        for block in self:
            values[block.rows] = block.values
            pieces.append((block.rows, block.patients))

        def blocks() -> Iterator[RowBlock]:
            # No reference to the original table here, so that its memory can be freed.
            for rows, patients in pieces:
                yield RowBlock(rows, values[rows], patients)

        return ViewTable(blocks, self.patients, self.width)

    def columns(self) -> Iterator[tuple[slice, Values]]:
        """Yield blocks of columns (p', n), contiguous along the patients; each chunk takes one pass over the rows."""
        size, piece = (max(1, values // max(len(self), 1)) for values in (CHUNK, PIECE))
        for start in range(0, self.width, size):
            stop = min(start + size, self.width)
            chunk = np.empty((stop - start, len(self)), dtype=np.float32)
            for block in self:
                chunk[:, block.rows] = block.values[:, start:stop].T
            for first in range(start, stop, piece):
                last = min(first + piece, stop)
                yield slice(first, last), chunk[first - start : last - start]


def aligned(view: AnnData, measured: pd.Index, scale: str) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield blocks of raw values of the features `measured`, in this order, NaN where `view` lacks a feature.

    Alignment comes first, so that totals such as the library size are taken over the features of training.

    Parameters
    ----------
    view
        The view, with any features in any order.
    measured
        (p,) names of the features to return.
    scale
        Scale of the values of the view.

    Yields
    ------
    tuple
        Rows of the block, and their raw values (m, p).
    """
    match = match_features(measured, view.var_names, scale)
    for rows, raw in value_blocks(view):
        yield rows, match.values(raw)
