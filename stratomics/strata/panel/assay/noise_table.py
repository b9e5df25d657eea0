"""Read the noise of an assay: a coefficient of variation and a limit of detection per analyte, or replicates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import InputError, nearest
from stratomics.strata.panel.assay.noise import AnalyteNoise, noise_of_cv
from stratomics.strata.panel.values import AnalyteName

__all__ = ["read_noise"]

Array = NDArray[np.float64]

LARGEST_CV = 2.0


def read_noise(
    path: Path, analytes: Sequence[AnalyteName], scales: Mapping[str, str], known: Sequence[AnalyteName]
) -> AnalyteNoise:
    """Read a table of noise.

    The columns are ``view``, ``analyte`` and ``cv`` (0.15 for 15%), with ``lod`` if there are limits of detection; the
    analyte ``*`` is any other one of the view. Or they are ``view``, ``analyte``, ``sample`` and ``value``, with two or
    more values of the same sample. Values and limits are on the scale of the harmonized view (log2 of an intensity).

    Parameters
    ----------
    path
        A csv file.
    analytes
        Analytes of the panel.
    scales
        View -> its scale.
    known
        All analytes that exist.

    Returns
    -------
    AnalyteNoise
        Noise of the analytes of the panel, in their order.

    Raises
    ------
    InputError
        If a column, an analyte or a number is missing or wrong.
    """
    try:
        table = pd.read_csv(path, dtype={"view": str, "analyte": str, "sample": str})
    except FileNotFoundError:
        raise InputError(
            f"{path}: no such file; name a csv file with the columns view, analyte, cv"
        ) from None
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not a csv file ({error}); save it as csv") from None
    replicates = {"view", "analyte", "sample", "value"} <= set(table)
    if not replicates and not {"view", "analyte", "cv"} <= set(table):
        raise InputError(
            f"{path}: the columns must be view, analyte, cv and lod; or view, analyte, sample, value"
        )
    _check_names(path, table, known)
    rows = {
        AnalyteName(str(v), str(a)): part for (v, a), part in table.groupby(["view", "analyte"], sort=False)
    }
    found = [_rows_of(path, rows, analyte) for analyte in analytes]
    names = tuple(map(str, analytes))
    if replicates:
        sd = np.array(
            [_replicate_sd(path, part, analyte) for part, analyte in zip(found, analytes, strict=True)]
        )
        return AnalyteNoise(names, sd, np.zeros(len(sd)), np.full(len(sd), np.nan))
    cv = np.array([_cv(path, part, analyte) for part, analyte in zip(found, analytes, strict=True)])
    limit = np.array([float(part["lod"].iloc[0]) if "lod" in part else np.nan for part in found])
    return AnalyteNoise(names, *noise_of_cv(cv, [scales[a.view] for a in analytes]), limit)


def _check_names(path: Path, table: pd.DataFrame, known: Sequence[AnalyteName]) -> None:
    names, views = set(known), {name.view for name in known}
    for view, feature in zip(table["view"], table["analyte"], strict=True):
        if view not in views:
            raise InputError(f"{path}: no view '{view}'; {nearest(str(view), views)}")
        if feature != "*" and AnalyteName(view, feature) not in names:
            others = [name.feature for name in known if name.view == view]
            raise InputError(
                f"{path}: view '{view}' has no analyte '{feature}'; {nearest(str(feature), others)}"
            )


def _rows_of(path: Path, rows: Mapping[AnalyteName, pd.DataFrame], analyte: AnalyteName) -> pd.DataFrame:
    found = rows.get(analyte, rows.get(AnalyteName(analyte.view, "*")))
    if found is None:
        raise InputError(
            f"{path}: no line for '{analyte}', which is in the panel; add one, or one with the analyte * for its view"
        )
    return found


def _cv(path: Path, part: pd.DataFrame, analyte: AnalyteName) -> float:
    cv = float(pd.to_numeric(part["cv"], errors="coerce").iloc[0])
    if not 0 <= cv <= LARGEST_CV:
        raise InputError(
            f"{path}: the coefficient of variation of '{analyte}' is {part['cv'].iloc[0]}; write 0.15 for 15%"
        )
    return cv


def _replicate_sd(path: Path, part: pd.DataFrame, analyte: AnalyteName) -> float:
    """Pool the standard deviation within samples."""
    groups = part.dropna(subset=["value"]).groupby("sample")["value"]
    free = int((groups.size() - 1).sum())
    if free < 1:
        raise InputError(
            f"{path}: no sample of '{analyte}' was measured twice; add replicates, or give its cv"
        )
    squares = float((groups.var(ddof=1).fillna(0.0) * (groups.size() - 1)).sum())
    return float(np.sqrt(squares / free))
