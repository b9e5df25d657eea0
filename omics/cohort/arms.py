"""The treatment arm of each patient as a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.cohort.read import cohort_spec
from omics.cohort.stated_columns import same_label

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
    control = same_label(column, spec.control).to_numpy(dtype=bool)
    others = column.notna().to_numpy(dtype=bool) & ~control
    treated = others if spec.treated is None else same_label(column, spec.treated).to_numpy(dtype=bool)
    return np.where(control, CONTROL, np.where(treated, TREATED, 0.0))
