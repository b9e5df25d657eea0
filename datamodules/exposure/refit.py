"""A population model refitted to the doses and levels of training patients, and the exposure of patients under it."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd

from datamodules.exposure.cohort_exposure import cohort_exposure, cohort_model, on_log_scale, window_of
from datamodules.exposure.estimation.population import fit_population, relative_errors
from datamodules.exposure.exposure_view import EXPOSURE_VIEW, join_exposure
from datamodules.exposure.individual import within_window
from datamodules.exposure.published.kinetic_model import KineticModel, parse_model
from omics.cohort.h5mu import UNS
from omics.cohort.read import events_of, exposure_model_text, exposure_spec
from omics.common.errors import CohortError, ConfigError
from omics.common.files import read_json, write_json
from omics.events.event_table import LEVEL, EventTable
from omics.events.stored_events import EXPOSURE

if TYPE_CHECKING:
    from mudata import MuData

__all__ = [
    "FEWEST_PATIENTS",
    "KINETICS",
    "PRIOR_PATIENTS",
    "KineticRefit",
    "compared_values",
    "levels_to_learn",
]

log = logging.getLogger(__name__)

FEWEST_PATIENTS = 10
"""Patients with a level, below which the published model is used."""

KINETICS = "kinetics"
"""Name of the file of the refitted model in the folder of a fitted model."""

PRIOR_PATIENTS = 10.0
"""Number of patients that the published values count as."""


@dataclass(frozen=True)
class KineticRefit:
    """What a training part learned about the pharmacokinetics of its patients.

    Attributes
    ----------
    model
        The refitted model; None where the published model is used.
    published
        Name of the published model that it began with.
    patients, levels
        Training patients with a level in the window of exposure, and their levels.
    note
        Why the published model is used; empty where the model was refitted.
    """

    model: KineticModel | None
    published: str
    patients: int
    levels: int
    note: str = ""

    @classmethod
    def fit(cls, cohort: MuData) -> Self | None:
        """Refit the model of a cohort to its doses and levels; outcomes are not read.

        Parameters
        ----------
        cohort
            Training patients.

        Returns
        -------
        KineticRefit or None
            None for a cohort without ``refit: true`` in its block ``exposure``.
        """
        spec, published = exposure_spec(cohort), cohort_model(cohort)
        if spec is None or not spec.refit or published is None:
            return None
        patients, levels = levels_to_learn(cohort)
        if patients < FEWEST_PATIENTS:
            lacking = f"{patients} training patient(s) have a level in the window, and a refit needs {FEWEST_PATIENTS}"
            return cls._of_published(published, patients, levels, lacking)
        try:
            model = fit_population(published, _learnable_events(cohort), PRIOR_PATIENTS)
        except ConfigError as error:
            return cls._of_published(published, patients, levels, str(error))
        log.info("exposure: %s refitted to %d levels of %d patients", published.name, levels, patients)
        return cls(model, published.name, patients, levels)

    @classmethod
    def _of_published(cls, published: KineticModel, patients: int, levels: int, reason: str) -> Self:
        note = f"{reason}: the published model {published.name} is used"
        log.warning("exposure: %s", note)
        return cls(None, published.name, patients, levels, note)

    def apply(self, cohort: MuData) -> MuData:
        """Replace the exposure of patients by that under the refitted model.

        Parameters
        ----------
        cohort
            Patients, training patients or others.

        Returns
        -------
        MuData
            A copy that holds the refitted model and the view ``exposure`` under it. The cohort itself where the
            published model is used, where the cohort has no doses, or where it holds this model already.

        Raises
        ------
        CohortError
            The cohort names another model.
        """
        if self.model is None or events_of(cohort) is None:
            return cohort
        text = json.dumps(self.model.model_dump(mode="json"))
        if exposure_model_text(cohort) == text and EXPOSURE_VIEW in cohort.mod:
            return cohort
        named = cohort_model(cohort)
        if named is None or named.name != self.published:
            raise CohortError(
                f"the model was fitted with {self.published}, refitted, and this cohort names "
                f"{None if named is None else named.name} in its block 'exposure'; name {self.published}",
                "other_model",
            )
        own = cohort.copy() if cohort.is_view else cohort
        exposure = cohort_exposure(own, self.model)
        assert exposure is not None
        joined = join_exposure(own, *on_log_scale(exposure))
        stored = joined.uns[UNS]
        joined.uns[UNS] = {**stored, EXPOSURE: {**stored[EXPOSURE], "model": text}}
        return joined

    def save(self, folder: Path) -> None:
        """Write one json file."""
        content = {**vars(self), "model": None if self.model is None else self.model.model_dump(mode="json")}
        write_json(folder / f"{KINETICS}.json", content)

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Read what :meth:`save` wrote; None without such a file."""
        path = folder / f"{KINETICS}.json"
        if not path.is_file():
            return None
        content = read_json(path)
        model = content.pop("model")
        return cls(None if model is None else parse_model(json.dumps(model), path.name), **content)


def levels_to_learn(cohort: MuData) -> tuple[int, int]:
    """Count the patients with a level in the window of exposure of a cohort with doses, and their levels."""
    events = _learnable_events(cohort)
    return len(events.patients), int(_is_level(events.table).sum())


def compared_values(refit: KineticRefit, cohort: MuData) -> pd.DataFrame:
    """Compare published and refitted values, one row each.

    Parameters
    ----------
    refit
        With a refitted model.
    cohort
        The training patients, with the published model.

    Returns
    -------
    DataFrame
        ``value`` (a parameter, the variance of the logarithm of one between patients or occasions, or a standard
        deviation of the residual error), ``unit``, ``published``, ``refitted``, and ``relative_error``, the standard
        error of the refitted value over it; NaN where the value was not estimated or the levels do not determine it.
    """
    published = cohort_model(cohort)
    assert published is not None
    assert refit.model is not None
    errors = relative_errors(refit.model, _learnable_events(cohort), published, PRIOR_PATIENTS)
    before, after = _values_of(published), _values_of(refit.model)
    rows = [
        (name, unit, value, after[name][1], errors.get(name, float("nan")))
        for name, (unit, value) in before.items()
    ]
    return pd.DataFrame(rows, columns=["value", "unit", "published", "refitted", "relative_error"])


def _values_of(model: KineticModel) -> dict[str, tuple[str, float]]:
    """Name -> unit and value, with the names of :func:`relative_errors`."""
    values = {name: (one.unit, one.typical) for name, one in model.parameters.items()}
    for start, blocks in (("", model.variability), ("occasion ", model.occasion_variability)):
        for block in blocks:
            variances = zip(block.parameters, np.diag(block.covariance), strict=True)
            values |= {f"{start}variance {name}": ("", float(value)) for name, value in variances}
    residual = model.residual
    errors = {"additive": (model.level_unit, residual.additive), "proportional": ("", residual.proportional)}
    return values | {name: one for name, one in errors.items() if one[1] > 0}


def _learnable_events(cohort: MuData) -> EventTable:
    """Doses and levels in the window of exposure, of the patients of a cohort with a level there."""
    spec, model, events = exposure_spec(cohort), cohort_model(cohort), events_of(cohort)
    assert spec is not None
    assert model is not None
    assert events is not None
    within = within_window(events.in_unit(model.time_unit), window_of(spec, model))
    return within.take(pd.Index(within.table.loc[_is_level(within.table), "patient"].unique()))


def _is_level(table: pd.DataFrame) -> pd.Series[bool]:
    return table["observed"] & (table["kind"] == LEVEL)
