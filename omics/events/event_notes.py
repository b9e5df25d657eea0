"""Notes about the events of single patients: what an estimate of their exposure rests on."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from omics.common.errors import CohortError, nearest
from omics.events.event_table import LEVEL, EventTable
from omics.events.refuse import refuse_rows

__all__ = [
    "EventNote",
    "check_compartments",
    "check_late_doses",
    "check_rates",
    "covariate_notes",
    "event_notes",
]

EVENTS = "the table of events"


@dataclass(frozen=True)
class EventNote:
    """One thing to know about the events of one patient; `code` is a short stable name."""

    code: str
    patient: str
    sentence: str


def event_notes(events: EventTable) -> list[EventNote]:
    """List what needs no model.

    Parameters
    ----------
    events
        Doses and levels.

    Returns
    -------
    list of EventNote
        By patient, with the codes ``no_dose``, ``no_levels`` (the estimate is the typical patient with these
        covariates), ``all_below_limit`` and ``early_level``: a level before the first dose, where the prediction is 0.
    """
    table, patient = events.table, events.table["patient"]
    dose = events.is_dose
    early = (table["kind"] == LEVEL) & (dose.astype(int).groupby(patient).cumsum() == 0)
    columns = {
        "doses": dose,
        "levels": table["observed"],
        "below": table["observed"] & table["censored"],
        "early": table["row"].where(early),
    }
    by_patient = pd.DataFrame(columns).groupby(patient, sort=False)
    counts = by_patient[["doses", "levels", "below"]].sum()
    first = by_patient["early"].min()
    return [
        note
        for (name, doses, levels, below), row in zip(counts.itertuples(), first, strict=True)
        for note in _notes(str(name), int(doses), int(levels), int(below), row)
    ]


def _notes(patient: str, doses: int, levels: int, below: int, early: float) -> Iterator[EventNote]:
    """Yield the notes of one patient, by numbers of events and the row of a level before the first dose or NaN."""
    if not doses:
        yield EventNote("no_dose", patient, "there is no dose, so that the exposure is 0")
        return
    if not levels:
        sentence = "there is no level; the estimate is that of the population for these covariates (prior)"
        yield EventNote("no_levels", patient, sentence)
    elif below == levels:
        sentence = f"all {levels} level(s) are below the limit, on which alone the estimate rests"
        yield EventNote("all_below_limit", patient, sentence)
    if not pd.isna(early):
        sentence = f"row {early:.0f} is before the first dose; the prediction there is 0"
        yield EventNote("early_level", patient, sentence)


def check_compartments(events: EventTable, count: int, file: str = EVENTS) -> None:
    """Check that doses and levels name compartments that the model has.

    Parameters
    ----------
    events
        Doses and levels.
    count
        Number of compartments of the model, the depot counted.
    file
        Named in errors.

    Raises
    ------
    CohortError
        If a compartment is unknown.
    """
    sentence = (
        f"CMT is {{compartment}} and the model has the compartments 1 to {count}; correct CMT, or write 0"
    )
    refuse_rows(events.table, events.table["compartment"] > count, "unknown_compartment", sentence, file)


def check_rates(events: EventTable, parameters: Collection[str], file: str = EVENTS) -> None:
    """Check that a dose whose rate or duration the model has (RATE -1 or -2) finds it there.

    Parameters
    ----------
    events
        Doses and levels.
    parameters
        Names of the parameters of the model.
    file
        Named in errors.

    Raises
    ------
    CohortError
        If the model has no parameter RATE or DURATION.
    """
    for code, name in ((-1, "RATE"), (-2, "DURATION")):
        if name not in parameters:
            sentence = (
                f"RATE is {code}, and the model has no parameter {name}; give the rate, or 0 for a bolus"
            )
            refuse_rows(
                events.table, events.is_dose & (events.table["rate"] == code), "no_model_rate", sentence, file
            )


def check_late_doses(events: EventTable, lag: float, most: int, file: str = EVENTS) -> None:
    """Check that doses at steady state arrive within some intervals.

    Parameters
    ----------
    events
        Doses and levels, in the time unit of the model.
    lag
        Typical time from a dose to its arrival, in this unit.
    most
        Largest number of intervals.
    file
        Named in errors.

    Raises
    ------
    CohortError
        If a dose arrives later.
    """
    late = events.is_dose & (events.table["steady_state"] > 0) & (lag > most * events.table["interval"])
    sentence = (
        f"a dose at steady state every {{interval:g}} {events.time_unit} arrives {lag:g} later, which is more than "
        f"{most} intervals; write the doses out (ADDL)"
    )
    refuse_rows(events.table, late, "late_steady_state", sentence, file)


def covariate_notes(
    events: EventTable, ranges: Mapping[str, tuple[float, float]], file: str = EVENTS
) -> list[EventNote]:
    """Check that the events have the covariates of a model, and note values outside its range.

    Parameters
    ----------
    events
        Doses and levels.
    ranges
        Covariate of the model -> lowest and highest value among the patients of its source.
    file
        Named in errors.

    Returns
    -------
    list of EventNote
        One note per patient and covariate with values out of range, with the code ``covariate_out_of_range``.

    Raises
    ------
    CohortError
        If a covariate of the model is not among those of the events.
    """
    notes = []
    for name, (low, high) in ranges.items():
        if name not in events.covariates:
            sentence = f"the model needs the covariate {name}; add it to covariates, {nearest(name, events.covariates)}"
            raise CohortError(sentence, "missing_covariate", file=file, column=name)
        values = events.table[name]
        outside = events.table[(values < low) | (values > high)].drop_duplicates("patient")
        notes += [
            EventNote(
                "covariate_out_of_range",
                str(patient),
                f"{name} is {value:g} in row {row}; the model was made from patients with {low:g} to {high:g}",
            )
            for patient, value, row in zip(outside["patient"], outside[name], outside["row"], strict=True)
        ]
    return notes
