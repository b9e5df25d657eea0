"""Doses, levels and tumour sizes: how many, and for which patients an estimate of exposure rests on little."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from omics.checks.finding import INFO, WARNING, Finding
from omics.cohort.read import events_of, tumour_sizes_of
from omics.events.event_notes import event_notes
from omics.events.stored_events import EXPOSURE
from omics.events.tumour_sizes import TUMOUR_SIZE

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["describe_events", "describe_sizes"]


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


def describe_sizes(cohort: MuData) -> Iterator[Finding]:
    """Count tumour sizes, and the patients with fewer than two."""
    sizes = tumour_sizes_of(cohort)
    if sizes is None:
        return
    table, patients = sizes.table, sizes.patients
    sentence = (
        f"{len(table)} sizes ({int(table['censored'].sum())} below the limit) of {len(patients)} of {cohort.n_obs} "
        f"patients, up to week {table['time'].max():.0f}"
    )
    yield Finding("tumour_sizes", INFO, TUMOUR_SIZE, sentence)
    if alone := int((table.groupby("patient").size() == 1).sum()):
        sentence = f"{alone} patient(s) have one size; it says nothing about their growth"
        yield Finding("one_size", WARNING, TUMOUR_SIZE, sentence)
    if without := cohort.n_obs - len(patients):
        sentence = f"{without} patient(s) have no sizes; fits of growth leave them out"
        yield Finding("no_sizes", WARNING, TUMOUR_SIZE, sentence)
