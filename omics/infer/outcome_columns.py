"""Recognise columns of an outcome: events as 0 and 1, in words, or as censoring; times in two columns; late entry."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pandas as pd

from omics.infer.guess import Guess, is_binary, plain, present, words

__all__ = [
    "ENTRY_WORDS",
    "NOT_OCCURRED",
    "OCCURRED",
    "EventColumn",
    "event_columns",
    "late_entry",
    "two_times",
]

EVENT = {"event", "status", "dead", "death", "died", "deceased", "vital", "relapse", "relapsed", "recurrence"}
EVENT |= {"progression", "progressed", "failure"}
CENSORING = {"censor", "censored", "censoring", "censorship", "cens", "cnsr"}
ENDPOINT = {"os", "pfs", "dfs", "rfs", "efs", "pfi", "dss", "ttp"}

OCCURRED = re.compile(
    r"1:.*|dead|death|died|deceased|dod|yes|y|true|event|occurred|progressed|progression|relapsed|relapse|recurred"
    r"|recurrence|recurred/progressed|dead .*|died .*|deceased .*",
    re.IGNORECASE,
)
NOT_OCCURRED = re.compile(
    r"0:.*|alive|living|no|n|false|censored|none|no event|disease ?free|progression ?free|event ?free|alive .*",
    re.IGNORECASE,
)
"""Labels of an event, and of no event."""

MOST_LABELS = 6

DEATH_TIME = ({"death"}, {"days", "day", "months", "time", "years"})
FOLLOW_UP_TIME = {"followup", "follow", "contact"}
"""Words of the time to death, and of the time to the last follow-up, in tables that keep them apart."""

ENTRY_WORDS = {"entry", "enrolment", "enrollment", "enrolled", "truncation", "sequenced", "sequencing"}


EventColumn = tuple[str, object, str, bool]
"""Name of a column, the key `event` for it, the reason, and whether it is certain."""


def event_columns(table: pd.DataFrame) -> Iterator[EventColumn]:
    """Yield columns that say whether an event occurred, with the key `event` that reads them.

    Parameters
    ----------
    table
        One row per patient.

    Yields
    ------
    tuple
        Name, key, reason, and whether a person need not check it.
    """
    for name in map(str, table.columns):
        name_words, column = set(words(name)), table[name]
        if name_words & CENSORING and is_binary(column):
            count = int((column == 0).sum())
            why = f"{name} is 1 for censored patients by its name, so that 0 is an event ({count} of them)"
            yield name, _key(name, 0), why, False
        elif not name_words & (EVENT | ENDPOINT):
            continue
        elif is_binary(column):
            yield name, name, f"{name} is 0 or 1, {int((column == 1).sum())} of them 1", True
        elif set(present(column).unique()) == {1}:
            yield name, name, f"{name} is 1 in every patient, so that no patient is censored", False
        elif column.dtype == object:
            yield from _in_words(name, column)
        elif set(present(column).unique()) == {0, 1, 2}:
            yield (
                name,
                _key(name, [1, 2]),
                f"{name} is 0, 1 or 2: if 1 and 2 are two causes, add cause: {name}",
                False,
            )
        elif set(present(column).unique()) == {1, 2}:
            yield name, _key(name, 2), f"{name} is 1 or 2, and 2 is the event, as in data sets of R", False


def _key(column: str, occurred: object) -> dict[str, object]:
    """Build the key `event` of ``cohort.yaml``."""
    return {"column": column, "is": occurred}


def _in_words(name: str, column: pd.Series[Any]) -> Iterator[EventColumn]:
    labels = [str(label) for label in present(column).unique()]
    occurred = [label for label in labels if OCCURRED.fullmatch(label.strip())]
    others = [label for label in labels if NOT_OCCURRED.fullmatch(label.strip())]
    if occurred and others and len(labels) <= MOST_LABELS and len(occurred) + len(others) == len(labels):
        count = int(column.isin(occurred).sum())
        why = f"{name} is {' or '.join(sorted(labels))}, and {' or '.join(occurred)} is an event ({count} of them)"
        yield name, _key(name, [plain(label) for label in occurred]), why, True


def two_times(table: pd.DataFrame) -> Guess[list[str]] | None:
    """Find the time to death and the time to the last follow-up, each of which only some patients have.

    Parameters
    ----------
    table
        One row per patient.

    Returns
    -------
    Guess of list, or None
        Both columns, that of death first.
    """
    numeric = [str(name) for name in table.columns if table[name].dtype.kind in "iuf"]
    deaths = [
        name
        for name in numeric
        if DEATH_TIME[0] & set(words(name))
        and DEATH_TIME[1] & set(words(name))
        and table[name].isna().any()
        and table[name].max() > 1
    ]
    for death in deaths:
        for follow in numeric:
            both = set(words(follow)) & FOLLOW_UP_TIME and follow != death
            if both and (table[follow].notna() & table[death].isna()).any():
                known = int((table[death].notna() | table[follow].notna()).sum())
                why = f"{death} where it is known, else {follow}: together known in {known} patients"
                return Guess([death, follow], why)
    return None


def late_entry(table: pd.DataFrame, time: pd.Series[Any]) -> Guess[str] | None:
    """Find the time at which patients came under observation: by its name, and before their time in every patient.

    Parameters
    ----------
    table
        One row per patient.
    time
        (n,) time to the event or to censoring.

    Returns
    -------
    Guess of str, or None
        The column.
    """
    for name in map(str, table.columns):
        column = table[name]
        if not ENTRY_WORDS & set(words(name)) or column.dtype.kind not in "iuf":
            continue
        seen = time.notna()
        if column[seen].notna().all() and ((column >= 0) & (column < time))[seen].all() and column.max() > 0:
            why = (
                f"{name} is when a patient came under observation, by its name, and lies before {time.name} in all: "
                "without it, patients who died before entry would seem not to exist"
            )
            return Guess(name, why, sure=False)
    return None
