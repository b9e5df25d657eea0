"""Errors for users: one sentence that says what is wrong, where, and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from copy import copy

__all__ = [
    "CohortError",
    "ConfigError",
    "DataError",
    "DesignError",
    "FitError",
    "InputError",
    "StratomicsError",
    "TooFewError",
    "nearest",
    "nearest_key",
    "require_range",
]


LISTED = 40
FEW = 5
"""Known words that a message lists: all if there are at most 40, else 5."""


class StratomicsError(Exception):
    """Base class of every error that stratomics raises on purpose."""


class InputError(StratomicsError):
    """Input that is wrong; the command line exits with code 2."""


class ConfigError(InputError):
    """A configuration that names an unknown key, choice or file."""


class CohortError(InputError):
    """A cohort with files that contradict each other or their ``cohort.yaml``.

    Parameters
    ----------
    sentence
        What is wrong and what to do about it.
    code
        Short stable name of the error, for tests and programs.
    file, column, patient
        Where the error is, where this is known.
    also
        Further errors of the same table, which `check` lists too.

    Examples
    --------
    >>> print(CohortError("time is negative; times count from 0", "negative_time", file="a.csv"))
    a.csv: time is negative; times count from 0
    """

    def __init__(
        self,
        sentence: str,
        code: str,
        *,
        file: str | None = None,
        column: str | None = None,
        patient: str | None = None,
        also: Sequence[CohortError] = (),
    ) -> None:
        self.sentence, self.code, self.also = sentence, code, tuple(also)
        self.file, self.column, self.patient = file, column, patient
        labels = (("", file), ("column ", column), ("patient ", patient))
        place = ", ".join(label + value for label, value in labels if value)
        message = f"{place}: {sentence}" if place else sentence
        # Characters that no screen shows, such as NUL, would break the line or hide the error.
        super().__init__("".join(c if c.isprintable() else repr(c)[1:-1] for c in message))

    def __reduce__(self) -> tuple[object, ...]:
        """Support pickling, so that a worker process can return the error with its keywords."""
        return _restore, (self.sentence, self.code, self.file, self.column, self.patient, self.also)

    def with_also(self, also: Sequence[CohortError]) -> CohortError:
        """Return this error with further ones of the same table."""
        error = copy(self)
        error.also = tuple(also)
        return error


def _restore(
    sentence: str,
    code: str,
    file: str | None,
    column: str | None,
    patient: str | None,
    also: Sequence[CohortError] = (),
) -> CohortError:
    return CohortError(sentence, code, file=file, column=column, patient=patient, also=also)


class DataError(InputError):
    """Too few patients or events, or too little variation among them, for the requested analysis."""


class TooFewError(DataError):
    """A class or group with too few patients for a guarantee about it."""


class DesignError(InputError):
    """An impossible trial design, such as an effect of zero, interim analyses that overlap, or a prevalence of 1."""


class FitError(StratomicsError):
    """A fit that did not give finite numbers."""


def require_range(key: str, value: float, low: float, high: float = float("inf")) -> None:
    """Raise :class:`ConfigError` unless ``low <= value <= high``.

    Parameters
    ----------
    key
        Name of the setting, for the error.
    value
        Its value.
    low, high
        Bounds, both included.

    Raises
    ------
    ConfigError
        If `value` is outside the bounds, or NaN.
    """
    if not low <= value <= high:
        bound = f"between {low:g} and {high:g}" if high < float("inf") else f"at least {low:g}"
        raise ConfigError(f"{key} is {value:g}; it must be {bound}")


def nearest(word: str, known: Iterable[str]) -> str:
    """Suggest the known word that is closest to a wrong one, or list the known words, or a few of very many.

    Parameters
    ----------
    word
        The wrong word.
    known
        Words that would be right.

    Returns
    -------
    str
        A phrase for the end of an error message.

    Examples
    --------
    >>> nearest("fodls", ["folds", "repeats"])
    "did you mean 'folds'?"
    >>> nearest("zzz", ["folds", "repeats"])
    'choose one of folds, repeats'
    """
    choices = sorted(known)
    if not choices:
        return "there is none"
    close = difflib.get_close_matches(word, choices, n=1)
    if close:
        return f"did you mean '{close[0]}'?"
    if len(choices) > LISTED:
        few = ", ".join(choices[:FEW])
        return f"choose one of {few} and {len(choices) - FEW} more"
    return f"choose one of {', '.join(choices)}"


def nearest_key(key: str, known: Iterable[str]) -> str:
    """Suggest the known dotted key that is closest to a wrong one.

    A key without its group is compared with the last parts of the known keys.

    Parameters
    ----------
    key
        The wrong key.
    known
        Keys that would be right, such as ``factors.count``.

    Returns
    -------
    str
        A phrase for the end of an error message.

    Examples
    --------
    >>> nearest_key("cuont", ["factors.count", "split.folds"])
    "did you mean 'factors.count'?"
    """
    keys = list(known)
    by_leaf = {name.rpartition(".")[2]: name for name in keys}
    close = difflib.get_close_matches(key.rpartition(".")[2], by_leaf, n=1)
    if close and "." not in key:
        return f"did you mean '{by_leaf[close[0]]}'?"
    return nearest(key, keys)
