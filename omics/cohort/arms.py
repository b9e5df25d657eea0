"""Who was treated: the two arms that are compared, as a number a patient."""

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
"""Half apart on either side, so that what is said of nobody's arm is said of the middle of both."""


def arm_codes(cohort: MuData) -> NDArray[np.float64] | None:
    """(n,) CONTROL, TREATED, or 0 for a patient of another arm or of none; None for a cohort without arms.

    Whoever has an arm that is not the control is treated, where ``arm.treated`` is left out of ``cohort.yaml``.
    """
    spec = cohort_spec(cohort).arm
    if spec is None:
        return None
    column = cohort.obs.get(spec.column, pd.Series(np.nan, cohort.obs_names))
    control = _is(column, spec.control)
    others = column.notna().to_numpy(dtype=bool) & ~control
    treated = others if spec.treated is None else _is(column, spec.treated)
    return np.where(control, CONTROL, np.where(treated, TREATED, 0.0))


def _is(column: pd.Series[Any], value: Any) -> NDArray[np.bool_]:
    """(n,) whether patients have `value`, written as a number or as text."""
    same = (column == value) | (column.astype(str) == str(value))
    has: NDArray[np.bool_] = (same & column.notna()).to_numpy(dtype=bool)
    return has
