"""Rules for the values of each scale, and the evidence against a wrong scale."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["contradiction"]

Values = NDArray[np.float64]

LARGEST_LOG = 100.0
"""No logarithm of a measurement, to any base in use, is this large."""

LARGEST_LOG2 = 40.0
"""No instrument counts as far as 2^40."""

MOST = 0.5
"""Share of values that are not whole above which small values are no counts."""

LARGEST_COPY_NUMBER = 500.0
LARGEST_ACTIVITY = 50.0
TOLERANCE = 1e-6
SUM_TOLERANCE = 0.02
"""Amount by which rounded shares of a patient may exceed 1 in sum."""


def contradiction(values: Values, scale: str) -> str | None:
    """Find a value that contradicts a scale.

    Parameters
    ----------
    values
        Patients x features, NaN where not measured.
    scale
        The scale, as in ``cohort.yaml``.

    Returns
    -------
    str or None
        The evidence as a sentence; None where nothing contradicts the scale.

    Examples
    --------
    >>> contradiction(np.array([[3.0, -1.0]]), "counts")
    'a count is never negative, and the smallest value is -1'
    >>> contradiction(np.array([[0.2, 0.8]]), "relative") is None
    True
    """
    finite = np.isfinite(values)
    measured = values.ravel() if finite.all() else values[finite]  # a large table is not copied
    if not measured.size or scale not in _EVIDENCE:
        return None
    return _EVIDENCE[scale](values, measured)


def _counts(_: Values, measured: Values) -> str | None:
    if measured.min() < 0:
        return f"a count is never negative, and the smallest value is {measured.min():g}"
    if measured.max() < 1:
        return (
            f"counts are at least 1 somewhere, and the largest value is {measured.max():g}; relative, or log?"
        )
    # Estimated counts have decimals too, but they reach far above any logarithm.
    if measured.max() <= LARGEST_LOG2 and (measured[measured > 0] % 1 > 0).mean() > MOST:
        return f"values up to {measured.max():g}, most of which are not whole, are logarithms; log?"
    return None


def _cells(_: Values, measured: Values) -> str | None:
    if measured.min() < 0:
        return (
            f"a number of cells is never negative, and the smallest value is {measured.min():g}; log-ratios?"
        )
    return None


def _intensity(_: Values, measured: Values) -> str | None:
    if measured.min() < 0:
        return f"an intensity is never negative, and the smallest value is {measured.min():g}; already log?"
    return None


def _log(_: Values, measured: Values) -> str | None:
    if measured.max() > LARGEST_LOG:
        return f"no logarithm reaches {measured.max():g}; intensity, or counts?"
    return None


def _relative(values: Values, measured: Values) -> str | None:
    if measured.min() < 0:
        return f"a share is never negative, and the smallest value is {measured.min():g}; log_relative?"
    total = float(np.nansum(values, axis=1).max())
    if total > 1 + SUM_TOLERANCE:
        return f"shares of a patient sum to at most 1, and here to {total:g}; percent, or counts?"
    return None


def _log_relative(_: Values, measured: Values) -> str | None:
    if measured.max() > TOLERANCE:
        return f"the logarithm of a share is never positive, and the largest value is {measured.max():g}"
    return None


def _within(low: float, high: float, what: str) -> Callable[[Values, Values], str | None]:
    def evidence(_: Values, measured: Values) -> str | None:
        if measured.min() < low - TOLERANCE or measured.max() > high + TOLERANCE:
            found = f"{measured.min():g} to {measured.max():g}"
            return f"{what} lies between {low:g} and {high:g}, and values range from {found}"
        return None

    return evidence


def _binary(_: Values, measured: Values) -> str | None:
    others = np.unique(measured[(measured != 0) & (measured != 1)])
    return f"a binary value is 0 or 1, and {others[0]:g} is among them" if len(others) else None


_EVIDENCE: dict[str, Callable[[Values, Values], str | None]] = {
    "counts": _counts,
    "cells": _cells,
    "intensity": _intensity,
    "log": _log,
    "relative": _relative,
    "log_relative": _log_relative,
    "binary": _binary,
    "dosage": _within(0, 2, "a dosage"),
    "beta": _within(0, 1, "a beta value"),
    "activity": _within(0, LARGEST_ACTIVITY, "an activity score or the weight of a phenotype"),
    "copy_number": _within(-LARGEST_COPY_NUMBER, LARGEST_COPY_NUMBER, "a copy number"),
}
