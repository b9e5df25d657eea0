"""The treatment arm of each patient as a number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.cohort.read import cohort_spec

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["CONTROL", "TREATED", "arm_codes"]

CONTROL, TREATED = -0.5, 0.5
"""Codes of the arms; they lie symmetrically around 0, so that 0 stands for the average of both arms."""


def arm_codes(cohort: MuData) -> NDArray[np.float64] | None:
    """(n,) CONTROL, TREATED, or 0 for a patient of another arm or without an arm; None for a cohort without arms.

    Where ``cohort.yaml`` has no ``arm.treated``, every arm but the control counts as treated.
    """
    spec = cohort_spec(cohort).arm
    if spec is None:
        return None
    column = cohort.obs.get(spec.column, pd.Series(np.nan, cohort.obs_names))
    control = _equals(column, spec.control)
    others = column.notna().to_numpy(dtype=bool) & ~control
    treated = others if spec.treated is None else _equals(column, spec.treated)
    return np.where(control, CONTROL, np.where(treated, TREATED, 0.0))


def _equals(column: pd.Series[Any], value: Any) -> NDArray[np.bool_]:
    """(n,) bool: the patient has `value`, written as a number or as text."""
    same = (column == value) | (column.astype(str) == str(value))
    has: NDArray[np.bool_] = (same & column.notna()).to_numpy(dtype=bool)
    return has
