"""Amounts of features, on scales where zero means that a feature was not detected."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["CLOSED", "amounts", "composition"]

Values = NDArray[np.float64]


CLOSED = ("counts", "relative", "log_relative", "cells")
"""Scales with values relative to the total of a patient."""


def amounts(values: Values, scale: str) -> Values | None:
    """Convert values to amounts, one patient at a time.

    Parameters
    ----------
    values
        Patients x features, NaN where not measured.
    scale
        Their scale, as in ``cohort.yaml``.

    Returns
    -------
    array or None
        Amounts of the same shape; None on a scale without a zero.

    Examples
    --------
    >>> amounts(np.array([[-6.0, -6.0, -1.0]]), "log_relative")
    array([[0. , 0. , 0.1]])
    >>> amounts(np.array([[-0.3, 1.2]]), "log") is None
    True
    """
    return _AMOUNTS[scale](values) if scale in _AMOUNTS else None


def _as_they_are(values: Values) -> Values:
    return values


def composition(log10_relative: Values) -> Values:
    """Convert log10 relative abundances to shares.

    The smallest value of a patient is the pseudo-count for "not detected" and becomes zero.
    """
    floor = np.min(np.where(np.isnan(log10_relative), np.inf, log10_relative), axis=1, keepdims=True)
    shares: Values = np.where(log10_relative <= floor, 0.0, np.power(10.0, log10_relative))
    return shares


_AMOUNTS: dict[str, Callable[[Values], Values]] = {
    "counts": _as_they_are,
    "intensity": _as_they_are,
    "relative": _as_they_are,
    "log_relative": composition,
    "binary": _as_they_are,
    "dosage": _as_they_are,
    "cells": _as_they_are,
}
