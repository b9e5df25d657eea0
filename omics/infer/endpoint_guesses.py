"""Guess the endpoints of a samples table: times with their events, responses and toxicities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict

import pandas as pd

from omics.cohort.endpoint_columns import NO_RESPONSE
from omics.infer.guess import Guess, is_binary, plain, present, words
from omics.infer.outcome_columns import (
    CENSORING,
    ENDPOINT,
    ENTRY_WORDS,
    EVENT,
    NOT_OCCURRED,
    OCCURRED,
    EventColumn,
    event_columns,
    late_entry,
    two_times,
)

__all__ = ["EndpointEntry", "GuessedEndpoints", "guess_endpoints"]

UNITS = {"day": "days", "week": "weeks", "month": "months", "mo": "months", "year": "years", "yr": "years"}
UNITS |= {
    "days": "days",
    "weeks": "weeks",
    "wks": "weeks",
    "months": "months",
    "years": "years",
    "yrs": "years",
}
FOLLOW_UP = {"time", "aval", "duration", "followup", "futime", "tte", "follow", "survival", *UNITS}

NO_TIME = {"age", "born", "birth", "diagnosis", "dose", "calendar", *ENTRY_WORDS}

SAME = {"dead": "os", "death": "os", "died": "os", "deceased": "os", "vital": "os", "survival": "os"}
SAME |= {"overall": "os", "progression": "pfs", "progressed": "pfs", "free": "pfs"}
SAME |= {"relapse": "rfs", "relapsed": "rfs", "recurrence": "rfs"}
NEUTRAL = FOLLOW_UP - {"survival"} | {
    "event",
    "status",
    "failure",
    "up",
    "in",
    "to",
    *CENSORING,
}

RESPONSE = {"response", "responder", "responders", "responded", "resp", "pcr", "remission", "recist", "bor"}
TOXICITY = {"toxicity", "toxic", "tox", "dlt"}
LABEL = {
    "outcome",
    "label",
    "flare",
    "relapse",
    "recurrence",
    "progression",
    "died",
    "diagnosis",
    "death",
    "dead",
    "class",
}
"""Words that may name a response where there is no better candidate."""

RECIST = ["PD", "SD", "PR", "CR"]
IN_WORDS = {level.lower(): level for level in RECIST}
IN_WORDS |= {
    "progressive disease": "PD",
    "stable disease": "SD",
    "partial response": "PR",
    "partial remission": "PR",
    "complete response": "CR",
    "complete remission": "CR",
    "partial remission/response": "PR",
    "complete remission/response": "CR",
}
"""Label in lower case -> level of RECIST."""

POSITIVE = ["yes", "y", "responder", "r", "pcr", "cr", "true", "positive", "response", "1"]


class EndpointEntry(TypedDict, total=False):
    """Entry of an endpoint in ``cohort.yaml``.

    Attributes
    ----------
    kind
        ``survival``, ``response`` or ``toxicity``, where the name of the endpoint does not say it.
    time, event, unit, entry
        Survival: columns of the time, the event and of late entry, as the keys of ``cohort.yaml``, and the unit.
    column, positive, levels
        Response and toxicity: the column, its positive values as the column has them, and its ordered levels.
    """

    kind: str
    time: str | list[str]
    event: object
    unit: str
    entry: str
    column: str
    positive: object
    levels: list[str]


@dataclass
class GuessedEndpoints:
    """Guessed endpoints.

    Attributes
    ----------
    declared
        Endpoint -> its entry of ``cohort.yaml``; the first one is the primary endpoint.
    alternatives
        Other endpoints that could be declared.
    notes
        Sentences about columns that look like an outcome and cannot be read as they are.
    """

    declared: dict[str, Guess[EndpointEntry]] = field(default_factory=dict)
    alternatives: dict[str, Guess[EndpointEntry]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def columns(self) -> set[str]:
        """Columns of all endpoints."""
        entries = [guess.value for guess in (*self.declared.values(), *self.alternatives.values())]
        names: set[str] = set()
        for entry in entries:
            time, event = entry.get("time"), entry.get("event")
            names |= set(time) if isinstance(time, list) else {time} if time else set()
            names |= {str(event["column"]) if isinstance(event, dict) else str(event)} if event else set()
            names |= {name for name in (entry.get("column"), entry.get("entry")) if name}
        return names


def guess_endpoints(table: pd.DataFrame) -> GuessedEndpoints:
    """Find endpoints among the columns of `table`, which has one row per patient.

    Overall survival comes first, then other times to an event, then responses.

    Examples
    --------
    >>> table = pd.DataFrame({"os_days": [900, 30, 411], "os_event": [0, 1, 1], "age": [60, 71, 49]})
    >>> guess_endpoints(table).declared["survival"].value
    {'time': 'os_days', 'event': 'os_event', 'unit': 'days'}
    """
    result = GuessedEndpoints()
    for kind, pairs in (
        ("survival", _survivals(table)),
        ("response", list(_responses(table))),
        ("toxicity", list(_toxic(table))),
    ):
        for stem, guess in pairs:
            if kind not in result.declared:
                result.declared[kind] = (
                    guess if stem in {"os", kind} or len(pairs) == 1 else replace(guess, sure=False)
                )
            else:
                names = {*result.declared, *result.alternatives}
                name = stem if stem not in names else f"{stem}_{len(result.alternatives) + 2}"
                result.alternatives[name] = Guess({"kind": kind, **guess.value}, guess.why, guess.sure)
    if not result.declared:
        result.declared.update(_label(table))
    result.declared = _widest_first(table, result.declared)
    result.notes += _unreadable(table, result.columns())
    return result


def _widest_first(
    table: pd.DataFrame, declared: dict[str, Guess[EndpointEntry]]
) -> dict[str, Guess[EndpointEntry]]:
    """Endpoints in their order, but first the one that most patients have, if it is known in twice as many."""
    known = {name: _known(table, guess.value) for name, guess in declared.items()}
    if len(declared) < 2:  # noqa: PLR2004  # nothing to order
        return declared
    widest, first = max(known, key=lambda name: known[name]), next(iter(known))
    if known[widest] < 2 * known[first]:
        return declared
    why = f"first, since it is known in {known[widest]} patients and {first} in {known[first]}; {declared[widest].why}"
    moved = {widest: Guess(declared[widest].value, why, sure=False)}
    return moved | {name: guess for name, guess in declared.items() if name != widest}


def _known(table: pd.DataFrame, entry: EndpointEntry) -> int:
    time = entry.get("time")
    columns = time if isinstance(time, list) else [time or entry["column"]]
    return int(table[columns].notna().any(axis="columns").sum())


def _stem(name: str) -> str:
    """Name of the endpoint, such as os or pfs, in the name of one of its columns."""
    stems = [SAME.get(word, word) for word in words(name) if word not in NEUTRAL]
    return "_".join(dict.fromkeys(stems)) or "os"


def _survivals(table: pd.DataFrame) -> list[tuple[str, Guess[EndpointEntry]]]:
    both = two_times(table)
    apart = set() if both is None else set(both.value)
    times: list[str | list[str]] = [] if both is None else [both.value]
    times += [name for name in map(str, table.columns) if name not in apart and _is_time(table, name)]
    events = list(event_columns(table))
    pairs: list[tuple[str, str | list[str], EventColumn, bool]] = []
    for time in times:
        stem = "os" if isinstance(time, list) else _stem(time)
        event = next((one for one in events if _stem(one[0]) == stem), None)
        if event is not None:
            pairs.append((stem, time, event, True))
            events.remove(event)
    if not pairs and times and events:
        pairs = [(_stem(events[0][0]), times[0], events[0], False)]
    pairs.sort(key=lambda pair: pair[0] != "os")
    return [(stem, _survival(table, time, event, sure)) for stem, time, event, sure in pairs]


def _survival(
    table: pd.DataFrame, time: str | list[str], event: EventColumn, sure: bool
) -> Guess[EndpointEntry]:
    columns = time if isinstance(time, list) else [time]
    times = table[columns].bfill(axis="columns").iloc[:, 0].rename(columns[0])
    unit = _unit(times)
    _, key, reason, certain = event
    named = columns[0] if len(columns) == 1 else f"{columns[0]}, else {columns[1]},"
    entry: EndpointEntry = {"time": time, "event": key, "unit": unit.value}
    why = f"{named} is a time up to {times.max():g} and {reason}; {unit.why}"
    start = late_entry(table.drop(columns=columns), times)
    if start is not None:
        entry["entry"] = start.value
        why += f"; {start.why}"
    return Guess(entry, why, sure and unit.sure and certain and start is None)


def _is_time(table: pd.DataFrame, name: str) -> bool:
    name_words, column = set(words(name)), table[name]
    if not name_words & (FOLLOW_UP | ENDPOINT) or name_words & NO_TIME or column.dtype.kind not in "iuf":
        return False
    values = present(column)
    return len(values) > 0 and bool(values.min() >= 0) and bool(values.max() > 1)


DAYS_FROM, MONTHS_FROM = 400, 25
FULL_DAYS = {28, 30, 60, 90, 100, 180, 182, 183, 360, 364, 365, 366}


def _unit(times: pd.Series[Any]) -> Guess[str]:
    named = next((UNITS[word] for word in words(str(times.name)) if word in UNITS), None)
    if named is not None:
        return Guess(named, f"{named}, by its name")
    last = float(times.max())
    if last > DAYS_FROM or last in FULL_DAYS:
        return Guess("days", f"days, since the largest is {last:g}", last > DAYS_FROM)
    if last > MONTHS_FROM:
        return Guess("months", f"months, since the largest is {last:g}", sure=False)
    return Guess("years", f"years, since the largest is {last:g}", sure=False)


def _responses(table: pd.DataFrame) -> Iterator[tuple[str, Guess[EndpointEntry]]]:
    for name in map(str, table.columns):
        if set(words(name)) & RESPONSE and (guess := _levels(table[name])) is not None:
            yield "_".join(words(name)), guess


def _toxic(table: pd.DataFrame) -> Iterator[tuple[str, Guess[EndpointEntry]]]:
    for name in map(str, table.columns):
        if set(words(name)) & TOXICITY and is_binary(table[name]):
            yield (
                "_".join(words(name)),
                Guess({"column": name, "positive": 1}, f"{name} is 0 or 1, by its name"),
            )


def _levels(column: pd.Series[Any]) -> Guess[EndpointEntry] | None:
    """Read a column as a response: 0 and 1, two words of which one means yes, or the levels of RECIST."""
    name, values = str(column.name), [plain(value) for value in present(column).unique()]
    if is_binary(column):
        share = float((column == 1).sum() / column.notna().sum())
        return Guess({"column": name, "positive": 1}, f"{name} is 0 or 1, and {share:.0%} are 1, a response")
    known = [
        value for level in RECIST for value in values if IN_WORDS.get(str(value).strip().lower()) == level
    ]
    values = [value for value in values if str(value).strip().lower() not in NO_RESPONSE]
    if len(known) > 1 and len(known) == len(values):
        positive = [level for level in known if IN_WORDS[str(level).strip().lower()] in {"PR", "CR"}]
        entry: EndpointEntry = {"column": name, "levels": known, "positive": positive}
        why = f"{name} has the values {', '.join(known)}, the levels of RECIST"
        return Guess(entry, why) if positive else None
    yes = [value for value in values if str(value).lower() in POSITIVE]
    if len(values) == 2 and len(yes) == 1:  # noqa: PLR2004  # a yes and a no
        other = next(value for value in values if value != yes[0])
        return Guess({"column": name, "positive": yes[0]}, f"{name} is {yes[0]} or {other}", sure=False)
    return None


def _label(table: pd.DataFrame) -> Iterator[tuple[str, Guess[EndpointEntry]]]:
    """Find the first column with two values and the name of an outcome."""
    for name in map(str, table.columns):
        if set(words(name)) & LABEL and (guess := _levels(table[name])) is not None:
            yield "response", Guess(guess.value, f"{guess.why}; no column is called response", sure=False)
            return


def _unreadable(table: pd.DataFrame, used: Iterable[str]) -> Iterator[str]:
    for name in map(str, table.columns):
        name_words = set(words(name))
        if name in set(used) or not name_words & (EVENT | ENDPOINT):
            continue
        values = sorted(map(str, present(table[name]).unique()))
        if values in (["0"], ["0.0"]):
            yield f"{name} is 0 in every patient; survival needs patients with an event"
        # A smoking status or a performance status is no outcome.
        is_event = any(rule.fullmatch(value.strip()) for value in values for rule in (OCCURRED, NOT_OCCURRED))
        is_event |= bool(name_words & (EVENT | ENDPOINT) - {"status"}) or name_words == {"status"}
        if is_event and table[name].dtype == object and 1 < len(values) <= 4:  # noqa: PLR2004  # dead, alive, unknown
            yield (
                f"{name} has the values {', '.join(values)}; declare event: {{column: {name}, is: [VALUES]}} with the "
                "values of an event"
            )
