"""Compiled sums over risk sets for Cox's partial likelihood, with Efron's ties.

The n patients are sorted by descending time, so that the patients at risk are the first rows up to the end of a tie.

``tie`` (n,) is the number of the tie of each patient, ascending. ``share`` (n,) is the share of the hazard of the
events of the tie that leaves the risk set before the event of a patient; 0 without an event. ``entry`` (n,) is the
first tie at which a patient had not entered yet, or the number of ties.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.linear.compiled import compiled

__all__ = ["curvature", "over_risk_sets", "risk_sums"]

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.int64]


@compiled
def risk_sums(
    values: Array, died: Flags, share: Array, tie: Numbers, entry: Numbers
) -> Array:  # pragma: no cover  # compiled
    """Sum values over the risk set of each patient, without Efron's share of the tied events.

    Parameters
    ----------
    values
        (n, p).
    died
        (n,) whether the patient has the event.
    share, tie, entry
        (n,) each, see the module.

    Returns
    -------
    numpy.ndarray
        (n, p).
    """
    n, p = values.shape
    sums = np.zeros((n, p))
    ties = tie[-1] + 1
    at_risk, leaving = np.zeros(p), np.zeros((ties + 1, p))
    start = 0
    while start < n:
        stop, tied = start, np.zeros(p)
        while stop < n and tie[stop] == tie[start]:
            for j in range(p):
                at_risk[j] += values[stop, j]
                leaving[entry[stop], j] += values[stop, j]
                if died[stop]:
                    tied[j] += values[stop, j]
            stop += 1
        for j in range(p):
            at_risk[j] -= leaving[tie[start], j]
        for i in range(start, stop):
            for j in range(p):
                sums[i, j] = at_risk[j] - share[i] * tied[j]
        start = stop
    return sums


@compiled
def over_risk_sets(
    terms: Array, died: Flags, share: Array, tie: Numbers, entry: Numbers
) -> Array:  # pragma: no cover  # compiled
    """Sum the terms of the events over all event times at which each patient is at risk.

    In Efron's method, a patient with the event counts only partly in the risk sets of events tied with it.

    Parameters
    ----------
    terms
        (n, p), 0 without an event.
    died
        (n,) whether the patient has the event.
    share, tie, entry
        (n,) each, see the module.

    Returns
    -------
    numpy.ndarray
        (n, p).
    """
    n, p = terms.shape
    ties = tie[-1] + 1
    after, shared = np.zeros((ties + 1, p)), np.zeros((ties, p))
    for i in range(n - 1, -1, -1):
        if i == n - 1 or tie[i] != tie[i + 1]:
            for j in range(p):
                after[tie[i], j] = after[tie[i] + 1, j]
        for j in range(p):
            after[tie[i], j] += terms[i, j]
            shared[tie[i], j] += share[i] * terms[i, j]
    sums = np.empty((n, p))
    for i in range(n):
        for j in range(p):
            sums[i, j] = after[tie[i], j] - after[entry[i], j]
            if died[i]:
                sums[i, j] -= shared[tie[i], j]
    return sums


@compiled
def curvature(
    x: Array, hazard: Array, left: Array, died: Flags, share: Array, tie: Numbers, entry: Numbers
) -> Array:  # pragma: no cover  # compiled
    """Multiply the Hessian of the negative log partial likelihood with respect to the log hazards by x.

    Parameters
    ----------
    x
        (n, p).
    hazard, left
        (n,) hazard of each patient, and total hazard of the risk set from :func:`risk_sums`.
    died
        (n,) whether the patient has the event.
    share, tie, entry
        (n,) each, see the module.

    Returns
    -------
    numpy.ndarray
        (n, p).
    """
    n, p = x.shape
    weighted = np.empty((n, p))
    for i in range(n):
        for j in range(p):
            weighted[i, j] = hazard[i] * x[i, j]
    terms = risk_sums(weighted, died, share, tie, entry)
    inverse = np.zeros((n, 1))
    for i in range(n):
        if died[i]:
            inverse[i, 0] = 1.0 / left[i]
        for j in range(p):
            terms[i, j] *= inverse[i, 0] ** 2
    total = over_risk_sets(inverse, died, share, tie, entry)
    shared = over_risk_sets(terms, died, share, tie, entry)
    for i in range(n):
        for j in range(p):
            shared[i, j] = hazard[i] * (total[i, 0] * x[i, j] - shared[i, j])
    return shared
