"""Doses that reach a target exposure, without and with levels. For research; not for dosing of patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from datamodules.exposure.published.kinetic_model import KineticModel
from datamodules.exposure.published.library import find_model
from omics.cohort.read import events_of, exposure_spec, read_cohort
from omics.common.errors import CohortError, ConfigError
from omics.events.event_table import EventTable
from stratomics.pharmacology.dose_search.doses import parse_doses, schedule_of
from stratomics.pharmacology.dose_search.patients import patients_of
from stratomics.pharmacology.dose_search.result import DoseSearch
from stratomics.pharmacology.dose_search.search import search_doses
from stratomics.pharmacology.dose_search.target import cohort_target, parse_target

__all__ = ["dose"]


def dose(
    model: str | Path,
    doses: Sequence[str | float],
    target: str | None = None,
    *,
    interval: float,
    infusion: float = 0.0,
    covariates: Mapping[str, float | str] | pd.DataFrame | None = None,
    events: str | Path | None = None,
    patient: str | None = None,
    per: str | None = None,
    value: float | None = None,
    draws: int = 4000,
    seed: int = 0,
) -> DoseSearch:
    """Compute the probability of a target exposure by dose, without and with the levels of patients.

    For research; not for dosing of patients.

    Parameters
    ----------
    model
        Name of a shipped model (``stratomics exposure --list``), or path of a yaml file; or a cohort, the path of its
        folder, whose block ``exposure`` has the model, the doses, levels and covariates of the patients, and a target.
    doses
        Doses in the unit of the model.
    target
        ``MEASURE:LOW-HIGH``, such as ``auc24_ss:400-600``, ``cmin_ss:10-20`` or ``auc24_first:300-500``; by
        default that of the cohort.
    interval, infusion
        Time between doses and length of an infusion (0: a bolus or an oral dose), in the time unit of the model.
    covariates
        Name -> value of one patient, or a table with one row per patient, in the units of the model. With `events`:
        name -> column, or value for all patients.
    events
        Table of doses and levels in the layout of NONMEM, in the units of the model.
    patient
        The only patient of `events` that counts; None for all.
    per
        Covariate that doses are multiplied by, such as a weight; None for none.
    value
        Exposure for which the dose of each patient is wanted; None for none.
    draws, seed
        Draws per patient, and their seed.

    Returns
    -------
    DoseSearch
        ``rows`` has the probabilities below, within and above the target; ``prior.best`` and ``posterior.best`` have
        the most probable dose without and with levels; ``notes`` says what to know about them;
        ``value_of_levels`` simulates what levels at some times would buy.

    Raises
    ------
    ConfigError
        A target, dose, unit or covariate is wrong or missing, or units contradict each other.

    Examples
    --------
    >>> found = dose(
    ...     "vancomycin_goti_2018",
    ...     [750, 1000],
    ...     "auc24:400-600",
    ...     interval=12,
    ...     infusion=1,
    ...     covariates={"CRCL": 90, "WT": 70, "DIAL": 0},
    ... )
    >>> found.rows["within"].round(4).tolist(), round(found.prior.best.dose, 1)
    ([0.3741, 0.3816], 875.7)
    """
    cohort = _of_cohort(Path(model), events) if Path(model).is_dir() else None
    kinetic = find_model(model) if cohort is None else cohort.model
    if target is None:
        wanted = cohort_target({} if cohort is None else cohort.target, str(model))
    else:
        wanted = parse_target(target)
    patients = patients_of(kinetic, covariates, events if cohort is None else cohort.events, per, patient)
    schedule = schedule_of(kinetic, interval, infusion, per, list(map(str, patients.covariates)))
    found = search_doses(
        kinetic,
        schedule,
        parse_doses(kinetic, doses),
        wanted,
        patients.covariates,
        patients.events,
        value=value,
        draws=draws,
        seed=seed,
    )
    return replace(found, notes=(*patients.notes, *found.notes))


@dataclass(frozen=True)
class _CohortDoses:
    """Model, doses and levels, and targets of a cohort."""

    model: KineticModel
    events: EventTable
    target: Mapping[str, tuple[float, float]]


def _of_cohort(folder: Path, events_file: str | Path | None) -> _CohortDoses:
    if events_file is not None:
        raise ConfigError(f"{folder}: a cohort has its own events; leave out {events_file}")
    from datamodules.exposure.cohort_exposure import cohort_model

    cohort = read_cohort(folder)
    spec, model, events = exposure_spec(cohort), cohort_model(cohort), events_of(cohort)
    if spec is None or model is None or events is None:
        sentence = (
            "the cohort has no block 'exposure'; add one to cohort.yaml, with the keys 'model' and 'events'"
        )
        raise CohortError(sentence, "no_exposure", file=str(folder))
    return _CohortDoses(model, events.in_unit(model.time_unit), spec.target)
