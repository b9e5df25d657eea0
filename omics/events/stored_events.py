"""What a cohort with the block ``exposure`` holds: its doses and levels, and the text of a model in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from omics.common.errors import CohortError
from omics.events.check_events import check_events, check_kinds
from omics.events.event_table import COLUMNS, EventTable
from omics.events.read_events import read_events
from omics.readers.notes import TO_CHECK, left_out_note, notes_of

__all__ = ["EXPOSURE", "StoredEvents", "read_stored_events"]

EXPOSURE = "exposure"
"""Key of ``uns["stratomics"]`` of a cohort under which its doses and levels are."""

EVENTS, MODEL = "events", "model"


@dataclass(frozen=True)
class StoredEvents:
    """Doses and levels of a cohort.

    Attributes
    ----------
    events
        Doses and levels of patients of the cohort.
    model
        Text of the yaml file of the model; empty where the model has a name.
    to_check
        Code of a finding -> sentence, of what reading found and a person should check.
    """

    events: EventTable
    model: str = ""
    to_check: Mapping[str, str] = field(default_factory=dict)

    def take(self, patients: pd.Index) -> StoredEvents:
        """Select the events of some patients, with a finding about those who are left out."""
        others = self.events.patients.difference(patients, sort=False)
        if not len(others):
            return self
        left_out = left_out_note("patient(s) who are not in the samples table", list(map(str, others)))
        to_check = {**self.to_check, "patients_left_out": f"{left_out}; strict: true refuses them"}
        return StoredEvents(self.events.take(patients), self.model, to_check)

    def to_uns(self) -> dict[str, object]:
        """Plain values, which are copied with a cohort and written to ``.h5mu``."""
        # A text index, since AnnData stores no other.
        table = self.events.table.set_axis(self.events.table.index.astype(str))
        table.attrs = {}
        return {EVENTS: table, MODEL: self.model, TO_CHECK: dict(self.to_check)}

    @classmethod
    def from_uns(
        cls,
        content: Mapping[str, Any],
        covariates: tuple[str, ...],
        time_unit: Literal["hours", "days"],
        file: str,
    ) -> StoredEvents:
        """Read what :meth:`to_uns` gave, and check it again.

        Parameters
        ----------
        content
            As from :meth:`to_uns`.
        covariates, time_unit
            As of an EventTable.
        file
            Named in errors.

        Returns
        -------
        StoredEvents
            The doses and levels.

        Raises
        ------
        CohortError
            If a column is missing, or a row is wrong.
        """
        table = content.get(EVENTS)
        if not isinstance(table, pd.DataFrame) or not {*COLUMNS, *covariates} <= set(table):
            sentence = f"exposure is declared, but uns['stratomics']['{EXPOSURE}']['{EVENTS}'] lacks columns of events"
            raise CohortError(f"{sentence}; write the cohort again", "missing_events", file=file)
        table = table.reset_index(drop=True)
        check_kinds(table, file)
        check_events(table, file)
        events = EventTable(table, covariates, time_unit)
        return cls(events, str(content.get(MODEL, "")), dict(content.get(TO_CHECK, {})))


def read_stored_events(
    path: Path,
    model: Path | None,
    covariates: Mapping[str, str],
    time_unit: Literal["hours", "days"],
    samples: pd.DataFrame,
) -> StoredEvents:
    """Read the doses and levels of a cohort, and the text of the file of its model.

    Parameters
    ----------
    path
        Table of doses and levels.
    model
        The yaml file of the model; None where the model has a name.
    covariates, time_unit, samples
        As for :func:`omics.events.read_events.read_events`.

    Returns
    -------
    StoredEvents
        The events of all patients of the table.

    Raises
    ------
    CohortError
        If a file does not exist, or a row is wrong.
    """
    events = read_events(path, covariates, time_unit, samples)
    notes = notes_of(events.table)
    return StoredEvents(events, _text(model), {"events_by_rule": "; ".join(notes)} if notes else {})


def _text(path: Path | None) -> str:
    if path is None:
        return ""
    if not path.is_file():
        sentence = "no such file; correct the path of the model in cohort.yaml"
        raise CohortError(sentence, "missing_file", file=str(path))
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise CohortError("the yaml is not utf-8; save it as utf-8", "not_utf8", file=str(path)) from None
