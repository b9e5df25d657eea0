"""The shape that every reader hands over: ids first, then one column a feature."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.errors import CohortError
from omics.readers.delimited import check_unique

__all__ = ["patients_by_features"]


def patients_by_features(
    ids: Sequence[str], features: Sequence[str], values: NDArray[np.float64], path: Path
) -> pd.DataFrame:
    """Put ids and values together.

    Parameters
    ----------
    ids
        One a patient; :func:`omics.readers.tables.read_table` checks them.
    features
        One name a column.
    values
        Patients x features.
    path
        Named in errors.

    Raises
    ------
    CohortError
        No patients, no features, or a feature that stands twice.

    Examples
    --------
    >>> patients_by_features(["p1"], ["TP53"], np.array([[1.0]]), Path("a.maf"))
      sample_id  TP53
    0        p1   1.0
    """
    for what, names in (("patients", ids), ("features", features)):
        if not len(names):
            raise CohortError(f"the file holds no {what}; was it cut short?", f"no_{what}", file=str(path))
    check_unique(features, path)
    frame = pd.DataFrame(values, columns=list(features))
    frame.insert(0, "sample_id", pd.Series(ids, dtype=object))
    return frame
