"""Patients of a dose search: their covariates, and their doses and levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from omics.common.errors import ConfigError, nearest
from omics.common.seeds import named_generator
from omics.events.event_notes import check_compartments, check_rates, event_notes
from omics.events.event_table import EventTable
from omics.events.read_events import read_events
from omics.readers.notes import notes_of
from omics.readers.plain_tables import read_columns
from stratomics.pharmacology.dose_search.covariates import (
    check_names,
    complete_table,
    needed_inputs,
    range_notes,
)
from stratomics.pharmacology.dose_search.levels import listed

if TYPE_CHECKING:
    from datamodules.exposure.published.kinetic_model import KineticModel

__all__ = ["DosedPatients", "patients_of"]


@dataclass(frozen=True)
class DosedPatients:
    """Patients whose exposure is wanted.

    Parameters
    ----------
    covariates
        One row per patient, in the units of the model.
    events
        Their doses and levels, or None.
    notes
        What to know about them, one sentence each.
    """

    covariates: pd.DataFrame
    events: EventTable | None
    notes: tuple[str, ...]


def patients_of(
    model: KineticModel,
    covariates: Mapping[str, float | str] | pd.DataFrame | None,
    events: str | Path | EventTable | None,
    per: str | None = None,
    patient: str | None = None,
) -> DosedPatients:
    """Describe patients by their covariates, or read them with their doses and levels.

    Parameters
    ----------
    model
        The model, in whose units everything is.
    covariates
        Name -> value of one patient, or a table with one row per patient. With `events`: name -> column, or value for
        all patients; a covariate that is not named has the column of its name.
    events
        Table of events (:func:`omics.events.read_events.read_events`), or its content with the covariates; None for
        none.
    per
        Covariate that doses are multiplied by, or None.
    patient
        The only patient of `events` that counts; None for all.

    Returns
    -------
    DosedPatients
        The planned doses are those of patients with the covariates of their last event.

    Raises
    ------
    ConfigError
        A covariate is unknown, missing or not a number, or there is no such patient.
    """
    given: Mapping[str, float | str] | pd.DataFrame = {} if covariates is None else covariates
    check_names(model, list(map(str, given)), per)
    if events is None and patient is not None:
        raise ConfigError(f"patient {patient} needs a table of events; give events, or leave the patient out")
    if events is None:
        return _of_covariates(model, given, per)
    if isinstance(given, pd.DataFrame):
        raise ConfigError(
            "events and a table of covariates exclude each other; put the covariates into the events"
        )
    if isinstance(events, EventTable):
        if given:
            raise ConfigError("the covariates of these patients are in the cohort; leave out the covariates")
        return _with_levels(model, events, {}, per, patient, "the events")
    path = Path(events)
    read = read_events(path, _columns(model, path, given, per), model.time_unit)
    found = _with_levels(model, read, given, per, patient, str(path))
    return replace(found, notes=(*notes_of(read.table), *found.notes))


def _of_covariates(
    model: KineticModel, given: Mapping[str, float | str] | pd.DataFrame, per: str | None
) -> DosedPatients:
    if isinstance(given, pd.DataFrame):
        table = given.set_axis(given.index.astype(str))
    else:
        table = pd.DataFrame({name: [value] for name, value in given.items()}, index=["1"])
    if not len(table):
        raise ConfigError("the table of covariates has no patient; give one row per patient")
    if table.index.has_duplicates:
        raise ConfigError("the covariates have a patient twice; give one row per patient")
    complete = _checked(model, table, per)
    return DosedPatients(complete, None, tuple(range_notes(model, complete)))


def _with_levels(
    model: KineticModel,
    events: EventTable,
    given: Mapping[str, float | str],
    per: str | None,
    patient: str | None,
    file: str,
) -> DosedPatients:
    from datamodules.exposure.compartments.kinetics import compartments_of
    from datamodules.exposure.compartments.records import records_of, up_to_last_level
    from datamodules.exposure.estimation.prior_check import check_levels

    if patient is not None:
        if patient not in events.patients:
            raise ConfigError(f"{file}: there is no patient {patient}; {nearest(patient, events.patients)}")
        events = events.take(pd.Index([patient]))
    check_compartments(events, compartments_of(model.structure)[1], file)
    check_rates(events, model.parameters, file)
    constant = {name: value for name, value in given.items() if not isinstance(value, str)}
    table = _checked(model, events.table.assign(**constant), per)
    names = tuple(dict.fromkeys([*model.covariates, *events.covariates, *constant]))
    events = EventTable(table, names, events.time_unit)
    generator = named_generator(0, "dose search", "levels")
    check_levels(model, records_of(up_to_last_level(events)), generator, file)
    last = table.groupby("patient", sort=False)[list(names)].last()
    return DosedPatients(last, events, (*_grouped(events), *range_notes(model, last)))


def _checked(model: KineticModel, table: pd.DataFrame, per: str | None) -> pd.DataFrame:
    complete = complete_table(model, table)
    if per in complete and not (pd.to_numeric(complete[per], errors="coerce") > 0).all():
        raise ConfigError(f"the covariate {per} has a value that is not above 0; doses are multiplied by it")
    return complete


def _columns(
    model: KineticModel, path: Path, covariates: Mapping[str, float | str], per: str | None
) -> dict[str, str]:
    """Columns of the covariates that are not given as a value, if the file has them."""
    given = {name: value for name, value in covariates.items() if isinstance(value, str)}
    written = {str(name).strip().upper(): str(name) for name in read_columns(path).columns}
    wanted = [*needed_inputs(model), *([per] if per else [])]
    found = {name: written[name.upper()] for name in wanted if name.upper() in written}
    return {
        name: column for name, column in (found | given).items() if name in given or name not in covariates
    }


def _grouped(events: EventTable) -> list[str]:
    """Write one sentence per kind of note."""
    notes = event_notes(events)
    codes = dict.fromkeys(note.code for note in notes)
    grouped = {code: [note for note in notes if note.code == code] for code in codes}
    return [f"{listed([note.patient for note in one])}: {one[0].sentence}" for one in grouped.values()]
