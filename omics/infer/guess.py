"""Guess: a value with the reason for it, and whether a person should check it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import pandas as pd

__all__ = ["Guess", "is_binary", "plain", "present", "words"]

T = TypeVar("T")

BINARY = {0, 1}


@dataclass(frozen=True)
class Guess(Generic[T]):
    """A guess.

    Attributes
    ----------
    value
        The guess, as ``cohort.yaml`` has it.
    why
        The reason, for a comment in ``cohort.yaml``.
    sure
        False where a person should check it.
    """

    value: T
    why: str
    sure: bool = True


JOINED = re.compile(
    r"(?<![a-z])(event|time|status)(?=(death|dead|recurrence|relapse|progression|survival|metastasis)(?![a-z]))",
    re.IGNORECASE,
)
"""First of two words about an outcome that are written as one, such as eventdeath."""


def words(name: str) -> list[str]:
    """Split a name into words in lower case.

    Examples
    --------
    >>> words("Age.at.diagnosis"), words("OverallSurvival_days"), words("microbiome_16s")
    (['age', 'at', 'diagnosis'], ['overall', 'survival', 'days'], ['microbiome', '16s'])
    >>> words("eventdeath")
    ['event', 'death']
    """
    spaced = JOINED.sub(r"\1 ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))
    return [word.lower() for word in re.split(r"[\W_]+", spaced) if word]


def present(column: pd.Series[Any]) -> pd.Series[Any]:
    """Cells that are not missing."""
    return column.dropna()


def is_binary(column: pd.Series[Any]) -> bool:
    """Whether a column has the values 0 and 1 and no others."""
    numeric = column.dtype.kind in "biuf"
    return bool(numeric and set(present(column).unique()) == BINARY)


def plain(value: Any) -> Any:
    """Convert a cell to what yaml writes: a whole number without decimals, no numpy type.

    Examples
    --------
    >>> plain(np.float64(1.0)), plain(np.int64(3)), plain("CR")
    (1, 3, 'CR')
    """
    value = value.item() if isinstance(value, np.generic) else value
    return int(value) if isinstance(value, float) and value.is_integer() else value
