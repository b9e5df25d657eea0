"""Guess the endpoints of a samples table: times with their events, responses and toxicities."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, TypedDict

import pandas as pd

from omics.infer.guess import Guess, is_binary, plain, present, words

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
FOLLOW_UP = {"time", "duration", "followup", "futime", "tte", "follow", "survival", *UNITS}
EVENT = {"event", "status", "dead", "death", "died", "deceased", "vital", "relapse", "relapsed", "recurrence"}
EVENT |= {"progression", "progressed", "failure", "censor", "censored"}
ENDPOINT = {"os", "pfs", "dfs", "rfs", "efs", "pfi", "dss", "ttp"}
"""Words for endpoints, in the names of columns of times and of events."""

NO_TIME = {"age", "born", "birth", "diagnosis", "dose", "calendar"}

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
    "censor",
    "censored",
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
    "death",
    "dead",
    "class",
}
"""Words that may name a response where there is no better candidate."""

RECIST = ["PD", "SD", "PR", "CR"]
POSITIVE = ["yes", "y", "responder", "r", "pcr", "cr", "true", "positive", "response", "1"]


class EndpointEntry(TypedDict, total=False):
    """Entry of an endpoint in ``cohort.yaml``.

    Attributes
    ----------
    kind
        ``survival``, ``response`` or ``toxicity``, where the name of the endpoint does not say it.
    time, event, unit
        Survival: columns of the time and the event, and the unit of the time.
    column, positive, levels
        Response and toxicity: the column, its positive values as the column has them, and its ordered levels.
    """

    kind: str
    time: str
    event: str
    unit: str
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
        names = (name for one in entries for name in (one.get("time"), one.get("event"), one.get("column")))
        return {name for name in names if name is not None}


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
    result.notes += _unreadable(table, result.columns())
    return result


def _stem(name: str) -> str:
    """Name of the endpoint, such as os or pfs, in the name of one of its columns."""
    stems = [SAME.get(word, word) for word in words(name) if word not in NEUTRAL]
    return "_".join(dict.fromkeys(stems)) or "os"


def _survivals(table: pd.DataFrame) -> list[tuple[str, Guess[EndpointEntry]]]:
    times = [name for name in map(str, table.columns) if _is_time(table, name)]
    events = [name for name in map(str, table.columns) if _is_event(table, name)]
    pairs = []
    for time in times:
        event = next((name for name in events if _stem(name) == _stem(time)), None)
        if event is not None:
            pairs.append((_stem(time), time, event, True))
            events.remove(event)
    if not pairs and times and events:
        pairs = [(_stem(events[0]), times[0], events[0], False)]
    pairs.sort(key=lambda pair: pair[0] != "os")
    return [(stem, _survival(table, time, event, sure)) for stem, time, event, sure in pairs]


def _survival(table: pd.DataFrame, time: str, event: str, sure: bool) -> Guess[EndpointEntry]:
    unit = _unit(table, time)
    events, last = int((table[event] == 1).sum()), float(table[time].max())
    why = f"{time} is a time up to {last:g} and {event} is 0 or 1, {events} of them 1; {unit.why}"
    return Guess({"time": time, "event": event, "unit": unit.value}, why, sure and unit.sure)


def _is_time(table: pd.DataFrame, name: str) -> bool:
    name_words, column = set(words(name)), table[name]
    if not name_words & (FOLLOW_UP | ENDPOINT) or name_words & NO_TIME or column.dtype.kind not in "iuf":
        return False
    values = present(column)
    return len(values) > 0 and bool(values.min() >= 0) and bool(values.max() > 1)


def _is_event(table: pd.DataFrame, name: str) -> bool:
    name_words = set(words(name))
    is_event = bool(name_words & (EVENT | ENDPOINT)) and not name_words & {"censor", "censored"}
    return is_event and is_binary(table[name])


DAYS_FROM, MONTHS_FROM = 400, 25
FULL_DAYS = {28, 30, 60, 90, 100, 180, 182, 183, 360, 364, 365, 366}


def _unit(table: pd.DataFrame, name: str) -> Guess[str]:
    named = next((UNITS[word] for word in words(name) if word in UNITS), None)
    if named is not None:
        return Guess(named, f"{named}, by its name")
    last = float(table[name].max())
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
    known = [level for level in RECIST if level in values]
    if len(known) > 1 and len(known) == len(values):
        positive = [level for level in known if level in {"PR", "CR"}]
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
        if table[name].dtype == object and 1 < len(values) <= 4:  # noqa: PLR2004  # such as dead, alive, unknown
            yield f"{name} has the values {', '.join(values)}; write 1 where the event occurred and 0 where it did not"
        elif name_words & {"censor", "censored"} and is_binary(table[name]):
            yield f"{name} may be 1 for censored patients; an event is 1 where it occurred: exchange 0 and 1"
