"""Growth of tumours as it is stored in a run, in the folder ``tumour``: the tables that the report reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from omics.common.errors import InputError
from omics.common.files import read_json, read_parquet, staged_folder, write_json, write_parquet
from omics.common.manifest import update_manifest
from stratomics.runs.run_directory import RunDirectory

__all__ = [
    "FORECASTS",
    "LANDMARKS",
    "NO_SLOPE",
    "TUMOUR",
    "StoredGrowth",
    "forecast_errors",
    "load_growth",
    "save_growth",
]

LANDMARKS = ("baseline", "first follow-up")
"""Until when the sizes of a held-out patient are known to a forecast."""

NO_SLOPE = 0.005
"""Slopes of factors below this count as 0."""

TUMOUR = "tumour"
"""Folder of the tables in a run."""

ABOUT, TYPICAL, SLOPES = "about.json", "typical.parquet", "slopes.parquet"
PATIENTS = "patients.parquet"
FORECASTS = "forecasts.parquet"
"""Table with rows of single patients."""

COLUMNS: Mapping[str, tuple[str, ...]] = {
    TYPICAL: ("parameter", "typical", "low", "high", "spread"),
    SLOPES: ("model", "predictor", "slope", "low", "high", "factor"),
    FORECASTS: ("landmark", "sample_id", "time", "size", "with_factors", "without_factors", "last"),
    PATIENTS: ("sample_id",),
}
"""Table -> the columns with which it begins."""


@dataclass(frozen=True)
class StoredGrowth:
    """What is stored of the growth in a cohort.

    Parameters
    ----------
    curve
        Name of the curve.
    exposure
        Whether exposure, the last predictor, is in the models.
    additive, proportional
        Standard deviations of the error of a size, in mm and as a share of the size.
    gain, gain_se
        Mean gain in log marginal likelihood per held-out patient by factors, and its standard error.
    notes
        What was left out.
    typical, slopes
        One row per parameter, and per model and predictor.
    forecasts
        One row per landmark and later size of a held-out patient.
    patients
        One row per patient; all columns but ``sample_id`` rest on sizes after baseline.
    """

    curve: str
    exposure: bool
    additive: float
    proportional: float
    gain: float
    gain_se: float
    notes: tuple[str, ...]
    typical: pd.DataFrame
    slopes: pd.DataFrame
    forecasts: pd.DataFrame
    patients: pd.DataFrame


def forecast_errors(forecasts: pd.DataFrame) -> pd.DataFrame:
    """Compute the error of each forecast.

    Parameters
    ----------
    forecasts
        One row per landmark and later size: ``landmark``, ``size``, ``with_factors``, ``without_factors``, ``last``.

    Returns
    -------
    pandas.DataFrame
        One row per landmark: ``sizes``, and the root mean squared error of the logarithm of each forecast; NaN without
        a later size.
    """
    rows = []
    for landmark in LANDMARKS:
        part = forecasts[forecasts["landmark"] == landmark]
        names = ("with_factors", "without_factors", "last")
        off = {name: float(np.sqrt((np.log(part[name] / part["size"]) ** 2).mean())) for name in names}
        rows.append({"landmark": landmark, "sizes": len(part), **off})
    return pd.DataFrame(rows)


def save_growth(run: RunDirectory, growth: StoredGrowth) -> None:
    """Write ``tumour/`` of a run, in place of an earlier one, and the digests of its files into the manifest.

    Parameters
    ----------
    run
        A finished run.
    growth
        The growth of the tumours of its patients.
    """
    about = {
        "curve": growth.curve,
        "exposure": growth.exposure,
        "additive": growth.additive,
        "proportional": growth.proportional,
        "gain": _null(growth.gain),
        "gain_se": _null(growth.gain_se),
        "notes": list(growth.notes),
    }
    with staged_folder(run.path / TUMOUR) as folder:
        write_json(folder / ABOUT, about)
        write_parquet(folder / TYPICAL, growth.typical)
        write_parquet(folder / SLOPES, growth.slopes)
        write_parquet(folder / FORECASTS, growth.forecasts)
        write_parquet(folder / PATIENTS, growth.patients)
    for name in (ABOUT, *COLUMNS):
        update_manifest(run.path, f"{TUMOUR}/{name}")


def load_growth(run: RunDirectory) -> StoredGrowth | None:
    """Read ``tumour/``; None for a run without growth of tumours, or without the rows of its patients.

    Raises
    ------
    InputError
        If a file is missing, or is not as it was written.
    """
    folder = run.path / TUMOUR
    # A record in MLflow may have no rows of patients.
    if not folder.is_dir() or not (folder / FORECASTS).is_file():
        return None
    about = read_json(folder / ABOUT)
    tables = {name: read_parquet(folder / name) for name in COLUMNS}
    for name, columns in COLUMNS.items():
        if tuple(tables[name].columns[: len(columns)]) != columns:
            raise InputError(f"{folder / name}: not a table of tumour growth; run `stratomics tumour` again")
    try:
        return StoredGrowth(
            curve=str(about["curve"]),
            exposure=bool(about["exposure"]),
            additive=float(about["additive"]),
            proportional=float(about["proportional"]),
            gain=_number(about["gain"]),
            gain_se=_number(about["gain_se"]),
            notes=tuple(map(str, about["notes"])),
            typical=tables[TYPICAL],
            slopes=tables[SLOPES],
            forecasts=tables[FORECASTS],
            patients=tables[PATIENTS],
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{folder / ABOUT}: damaged ({error}); run `stratomics tumour` again") from error


def _null(value: float) -> float | None:
    """Null for NaN, which json does not have."""
    return None if np.isnan(value) else value


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)
