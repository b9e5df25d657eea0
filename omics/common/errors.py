"""The errors a user meets: one sentence with what, where and what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

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


class StratomicsError(Exception):
    """Root of every error that stratomics raises on purpose."""


class InputError(StratomicsError):
    """Input that cannot be right; the command line answers with exit code 2."""


class ConfigError(InputError):
    """A configuration that names an unknown key, choice or file."""


class CohortError(InputError):
    """A cohort whose files contradict themselves or their ``cohort.yaml``.

    Parameters
    ----------
    sentence
        What is wrong and what to do about it.
    code
        Short stable name of the fault, for tests and machines.
    file, column, patient
        Where it is, as far as it has a place.

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
    ) -> None:
        self.sentence, self.code = sentence, code
        self.file, self.column, self.patient = file, column, patient
        labels = (("", file), ("column ", column), ("patient ", patient))
        place = ", ".join(label + value for label, value in labels if value)
        message = f"{place}: {sentence}" if place else sentence
        # Marks that no screen shows, such as NUL, would break the line or hide the fault.
        super().__init__("".join(c if c.isprintable() else repr(c)[1:-1] for c in message))

    def __reduce__(self) -> tuple[object, ...]:
        """Survive the way back from a worker process, keywords included."""
        return _rebuilt, (self.sentence, self.code, self.file, self.column, self.patient)


def _rebuilt(
    sentence: str, code: str, file: str | None, column: str | None, patient: str | None
) -> CohortError:
    return CohortError(sentence, code, file=file, column=column, patient=patient)


class DataError(InputError):
    """Patients or events too few, or too alike, for what was asked of them."""


class TooFewError(DataError):
    """A class or group with too few patients for what would be promised to it."""


class DesignError(InputError):
    """A trial that cannot be: a zero effect, looks that overlap, a prevalence of 1."""


class FitError(StratomicsError):
    """A fit that did not end in finite numbers."""


def require_range(key: str, value: float, low: float, high: float = float("inf")) -> None:
    """Raise :class:`ConfigError` unless ``low <= value <= high``."""
    if not low <= value <= high:
        bound = f"between {low:g} and {high:g}" if high < float("inf") else f"at least {low:g}"
        raise ConfigError(f"{key} is {value:g}; it must be {bound}")


def nearest(word: str, known: Iterable[str]) -> str:
    """Say which known word was probably meant, or list them all.

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
    return f"choose one of {', '.join(choices)}"


def nearest_key(key: str, known: Iterable[str]) -> str:
    """Say which dotted key was probably meant; one given without its group is found by its last part.

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
