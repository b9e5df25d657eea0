"""Doses and levels: how many, and for which patients an estimate of exposure rests on little."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from omics.checks.finding import INFO, WARNING, Finding
from omics.cohort.read import events_of
from omics.events.event_notes import event_notes
from omics.events.stored_events import EXPOSURE

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["describe_events"]


def describe_events(cohort: MuData) -> Iterator[Finding]:
    """Count doses and levels, and the patients without them."""
    events = events_of(cohort)
    if events is None:
        return
    table = events.table
    levels, below = int(table["observed"].sum()), int((table["observed"] & table["censored"]).sum())
    sentence = (
        f"{int(events.is_dose.sum())} rows with doses and {levels} levels ({below} below the limit) of "
        f"{len(events.patients)} of {cohort.n_obs} patients"
    )
    yield Finding("events", INFO, EXPOSURE, sentence)
    if without := cohort.n_obs - len(events.patients):
        sentence = f"{without} patient(s) have no doses and levels; their exposure is missing"
        yield Finding("no_events", WARNING, EXPOSURE, sentence)
    notes = sorted(event_notes(events), key=lambda note: note.code)
    for code, group in groupby(notes, key=lambda note: note.code):
        first, *others = group
        sentence = f"{len(others) + 1} patient(s), such as '{first.patient}': {first.sentence}"
        yield Finding(code, WARNING, EXPOSURE, sentence)
