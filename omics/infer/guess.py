"""Guess: what something is taken for, why, and whether a person should look at it."""

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
        What is written into ``cohort.yaml``.
    why
        The reason, for the comment above it.
    sure
        False where a person should check it.
    """

    value: T
    why: str
    sure: bool = True


def words(name: str) -> list[str]:
    """Split a name into its words, in lower case.

    Examples
    --------
    >>> words("Age.at.diagnosis"), words("OverallSurvival_days"), words("microbiome_16s")
    (['age', 'at', 'diagnosis'], ['overall', 'survival', 'days'], ['microbiome', '16s'])
    """
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return [word.lower() for word in re.split(r"[\W_]+", parted) if word]


def present(column: pd.Series[Any]) -> pd.Series[Any]:
    """Cells that hold something."""
    return column.dropna()


def is_binary(column: pd.Series[Any]) -> bool:
    """Whether the cells of a column are 0 or 1, and both occur."""
    numeric = column.dtype.kind in "biuf"
    return bool(numeric and set(present(column).unique()) == BINARY)


def plain(value: Any) -> Any:
    """Give a cell as yaml writes it: a whole number without decimals, no numpy type.

    Examples
    --------
    >>> plain(np.float64(1.0)), plain(np.int64(3)), plain("CR")
    (1, 3, 'CR')
    """
    value = value.item() if isinstance(value, np.generic) else value
    return int(value) if isinstance(value, float) and value.is_integer() else value
