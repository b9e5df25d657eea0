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
    ids: Sequence[str | None], features: Sequence[str | None], values: NDArray[np.float64], path: Path
) -> pd.DataFrame:
    """Put ids and values together.

    Parameters
    ----------
    ids
        One a patient; :func:`omics.readers.tables.read_table` refuses repeated ones.
    features
        One name a column.
    values
        Patients x features.
    path
        Named in errors.

    Raises
    ------
    CohortError
        No patient, no feature, one without a name, or a feature that stands twice.

    Examples
    --------
    >>> patients_by_features(["p1"], ["TP53"], np.array([[1.0]]), Path("a.maf"))
      sample_id  TP53
    0        p1   1.0
    """
    for what, names in (("patient", ids), ("feature", features)):
        if not names:
            raise CohortError(f"the file holds no {what}; was it cut short?", f"no_{what}", file=str(path))
        nameless = next((place for place, name in enumerate(names, start=1) if not name), None)
        if nameless is not None:
            raise CohortError(
                f"{what} {nameless} of the file has no name; give every {what} its name",
                f"empty_{what}",
                file=str(path),
            )
    check_unique(list(map(str, features)), path)
    frame = pd.DataFrame(values, columns=list(features))
    frame.insert(0, "sample_id", pd.Series(ids, dtype=object))
    return frame
