"""Doses that reach a target exposure, without and with levels. For research; not for dosing of patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from datamodules.exposure.published.library import find_model
from stratomics.pharmacology.dose_search.doses import parse_doses, schedule_of
from stratomics.pharmacology.dose_search.patients import patients_of
from stratomics.pharmacology.dose_search.result import DoseSearch
from stratomics.pharmacology.dose_search.search import search_doses
from stratomics.pharmacology.dose_search.target import parse_target

__all__ = ["dose"]


def dose(
    model: str | Path,
    doses: Sequence[str | float],
    target: str,
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
        Name of a shipped model (``stratomics exposure --list``), or path of a yaml file.
    doses
        Doses in the unit of the model.
    target
        ``MEASURE:LOW-HIGH``, such as ``auc24_ss:400-600``, ``cmin_ss:10-20`` or ``auc24_first:300-500``.
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
    kinetic = find_model(model)
    patients = patients_of(kinetic, covariates, events, per, patient)
    schedule = schedule_of(kinetic, interval, infusion, per, list(map(str, patients.covariates)))
    found = search_doses(
        kinetic,
        schedule,
        parse_doses(kinetic, doses),
        parse_target(target),
        patients.covariates,
        patients.events,
        value=value,
        draws=draws,
        seed=seed,
    )
    return replace(found, notes=(*patients.notes, *found.notes))
