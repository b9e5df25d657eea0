"""Values of possible analytes: on the scale of their modality, one patient at a time, before anything is learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.view_table import aligned
from omics.cohort.read import cohort_spec
from omics.cohort.views import modality_of
from omics.modalities.amounts import amounts

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["AnalyteName", "AssayValues", "assay_values"]

Array = NDArray[np.float64]


@dataclass(frozen=True, order=True)
class AnalyteName:
    """A measured feature: the view that it belongs to, and its name there."""

    view: str
    feature: str

    def __str__(self) -> str:
        return f"{self.view}: {self.feature}"


@dataclass(frozen=True)
class AssayValues:
    """Values of n patients for p analytes.

    Attributes
    ----------
    names
        (p,) analytes.
    values
        (n, p) on the scale of their modality; NaN if not measured, minus infinity if below detection.
    detected
        (n, p) whether the analyte was found in the patient.
    """

    names: tuple[AnalyteName, ...]
    values: Array
    detected: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: NDArray[np.int64]) -> AssayValues:
        """Select patients."""
        return AssayValues(self.names, self.values[rows], self.detected[rows])


def assay_values(cohort: MuData, measured: Mapping[str, Sequence[str]] | None = None) -> AssayValues:
    """Convert the views of a cohort to the scales of their modalities.

    Parameters
    ----------
    cohort
        The patients.
    measured
        View -> names of the features to return; by default all of each view. On scales that are relative to a total,
        the total is taken over these features.

    Returns
    -------
    AssayValues
        Patients in the order of the cohort; NaN where a view or a feature is absent.
    """
    views = cohort_spec(cohort).views
    wanted = {name: cohort[name].var_names for name in views} if measured is None else measured
    names: list[AnalyteName] = []
    values, detected = [], []
    for view, features in wanted.items():
        index = pd.Index(features)
        names += [AnalyteName(view, str(feature)) for feature in index]
        block = np.full((cohort.n_obs, len(index)), np.nan)
        found = np.zeros(block.shape, dtype=np.bool_)
        if view in views and view in cohort.mod:
            rows, scale = cohort.obs_names.get_indexer(cohort[view].obs_names), views[view].scale
            modality = modality_of(views[view])
            for part, raw in aligned(cohort[view], index, scale):
                here = rows[part]
                block[here] = modality.transform(raw, scale)
                parts = amounts(raw, scale)
                found[here] = np.isfinite(block[here]) if parts is None else np.nan_to_num(parts) > 0
        values.append(block)
        detected.append(found)
    return AssayValues(tuple(names), np.hstack(values), np.hstack(detected))
