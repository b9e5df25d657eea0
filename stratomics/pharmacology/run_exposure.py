"""The exposure of a run's patients as it is saved: ``exposure.parquet`` and ``exposure.json``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pandas as pd

from omics.common.files import read_json, read_parquet, write_json, write_parquet

__all__ = [
    "EXPOSURE_FILES",
    "GoodnessOfFit",
    "RefitSummary",
    "ResidualSummary",
    "RunExposure",
    "load_exposure",
    "save_exposure",
]

TABLE, ABOUT = "exposure.parquet", "exposure.json"

EXPOSURE_FILES = (TABLE, ABOUT)
"""Both have rows of single patients: their exposure, and their levels beside predictions."""
NOT_PLAIN = ("table", "fit", "refit", "target")
"""Fields that are written in another form, or only where they say something."""

DIGITS = 6
"""Significant digits of levels and predictions."""


@dataclass(frozen=True)
class ResidualSummary:
    """Conditional weighted residuals of all levels: standard normal if the model describes them.

    Attributes
    ----------
    levels
        Number of levels.
    mean, sd
        0 and 1 are expected.
    outside
        Share beyond 1.96 in absolute value; .05 is expected.
    """

    levels: int
    mean: float
    sd: float
    outside: float


@dataclass(frozen=True)
class GoodnessOfFit:
    """How well a kinetic model describes the levels of a cohort.

    Attributes
    ----------
    levels
        One row per level above the limit of quantification: ``time`` since the first dose, ``observed``,
        ``population`` and ``individual`` predictions, ``residual`` (conditional weighted).
    residuals
        Summary of the residuals.
    check
        Visual predictive check, one row per bin of time: ``start``, ``end``, ``middle``, ``levels``; of the percentiles
        5, 50 and 95 ``observed_5`` and so on, and ``simulated_5``, ``simulated_5_low`` and ``simulated_5_high``: median
        and 95% interval over simulated data sets.
    """

    levels: pd.DataFrame
    residuals: ResidualSummary
    check: pd.DataFrame


@dataclass(frozen=True)
class RefitSummary:
    """The kinetic model of the final model, where the cohort asks for a refit.

    Attributes
    ----------
    patients, levels
        Training patients with a level in the window, and their levels.
    note
        Why the published model is used; empty where the refitted one is.
    values
        ``value``, ``unit``, ``published``, ``refitted`` and ``relative_error``, as from
        :func:`datamodules.exposure.refit.compared_values`; empty where the published model is used.
    """

    patients: int
    levels: int
    note: str
    values: pd.DataFrame

    def to_json(self) -> dict[str, object]:
        """Plain values."""
        return {**vars(self), "values": _rows(self.values)}


@dataclass(frozen=True)
class RunExposure:
    """Exposure of the evaluated patients of a run.

    Attributes
    ----------
    table
        One row per patient with events: ``sample_id``; of each measure its posterior mean and ``MEASURE_sd``, and
        those of its logarithm, ``log_MEASURE`` and ``log_MEASURE_sd`` (not for shares of time); ``levels``,
        ``effective_draws``, ``pareto_shape``; ``dose`` and ``dose_interval`` of the first dose; ``arm`` where there is
        one.
    model, drug, doi
        Name of the kinetic model, its drug and its paper.
    level_unit, time_unit, dose_unit
        Units of the model.
    window
        ``first_cycle``, ``all`` or the time of its end, in `time_unit` of the model.
    measures
        Names of the measures.
    shrinkage
        Random parameter -> 1 - sd of the posterior means / sd in the population.
    notes
        What to know about the events of single patients.
    endpoints
        Endpoint of the cohort -> its kind (survival, response or toxicity) and its unit of time.
    fit
        None without levels.
    refit
        None where no refit was asked for.
    target
        Measure -> lowest and highest wanted value, as the cohort states them.
    """

    table: pd.DataFrame
    model: str
    drug: str
    doi: str
    level_unit: str
    time_unit: str
    dose_unit: str
    window: str | float
    measures: tuple[str, ...]
    shrinkage: Mapping[str, float]
    notes: tuple[str, ...]
    endpoints: Mapping[str, tuple[str, str]]
    fit: GoodnessOfFit | None
    refit: RefitSummary | None = None
    target: Mapping[str, tuple[float, float]] = field(default_factory=dict)


def save_exposure(folder: Path, exposure: RunExposure) -> None:
    """Write both files.

    Parameters
    ----------
    folder
        The run directory.
    exposure
        What they hold.
    """
    write_parquet(folder / TABLE, exposure.table)
    content = {key: value for key, value in vars(exposure).items() if key not in NOT_PLAIN}
    fit = exposure.fit
    if fit is not None:
        content["fit"] = {
            "levels": _columns(fit.levels),
            "residuals": asdict(fit.residuals),
            "check": _columns(fit.check),
        }
    if exposure.refit is not None:
        content["refit"] = exposure.refit.to_json()
    if exposure.target:
        content["target"] = exposure.target
    write_json(folder / ABOUT, content)


def load_exposure(folder: Path) -> RunExposure | None:
    """Read what :func:`save_exposure` wrote; None for a run without exposure."""
    if not (folder / ABOUT).is_file():
        return None
    content = read_json(folder / ABOUT)
    fit = content.pop("fit", None)
    if fit is not None:
        residuals = ResidualSummary(**fit["residuals"])
        fit = GoodnessOfFit(pd.DataFrame(fit["levels"]), residuals, pd.DataFrame(fit["check"]))
    refit = content.pop("refit", None)
    if refit is not None:
        refit = RefitSummary(**{**refit, "values": pd.DataFrame(refit["values"])})
    content["target"] = {name: (low, high) for name, (low, high) in content.get("target", {}).items()}
    content |= {name: tuple(content[name]) for name in ("measures", "notes")}
    content["endpoints"] = {name: (kind, unit) for name, (kind, unit) in content["endpoints"].items()}
    return RunExposure(table=read_parquet(folder / TABLE), fit=fit, refit=refit, **content)


def _rows(table: pd.DataFrame) -> list[dict[str, object]]:
    """Rows of a table; a missing value is None."""
    return [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in table.to_dict("records")
    ]


def _columns(table: pd.DataFrame) -> dict[str, list[float]]:
    return {str(name): [float(f"{value:.{DIGITS}g}") for value in column] for name, column in table.items()}
