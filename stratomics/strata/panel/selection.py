"""Order in which analytes enter a panel: by the L1 path, by stability, or forward by price."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.linear.elastic_net import Likelihood, elastic_net, largest_penalty
from models.linear.lasso_order import lasso_order
from omics.common.errors import FitError
from stratomics.strata.panel.assay.prices import Prices
from stratomics.strata.panel.false_selections import PAIRS
from stratomics.strata.panel.target import PanelTarget

__all__ = ["SELECTIONS", "SelectionTask", "entry_order", "selection_frequency"]

Array = NDArray[np.float64]
Columns = NDArray[np.int64]

STEP = 0.93
"""Ratio of one penalty of the path to the one before."""
STEPS = 150
RIDGE = 1e-3
"""Penalty per patient that keeps the coefficients of a forward step finite."""
TIE = 1e-9


@dataclass(frozen=True)
class SelectionTask:
    """What a selection may use: training patients only.

    Attributes
    ----------
    x
        (n, p) scores of the analytes.
    target
        What the panel is to predict, observed in the n patients.
    most
        Number of analytes to select.
    prices
        Price of each of the p analytes.
    generator
        Random numbers of the selections that need them.
    """

    x: Array
    target: PanelTarget
    most: int
    prices: Prices
    generator: np.random.Generator


def entry_order(x: Array, likelihood: Likelihood, most: int) -> Columns:
    """Order in which features enter the path of a lasso.

    Parameters
    ----------
    x
        (n, p) features, comparable in scale.
    likelihood
        Likelihood of the n patients.
    most
        Number of features.

    Returns
    -------
    ndarray
        At most `most` columns of `x`; among those that enter at the same penalty, larger coefficients come first.
    """
    varying = np.flatnonzero(x.std(axis=0) > 0)
    columns = x[:, varying]
    order: list[int] = []
    if not len(varying):
        return np.zeros(0, dtype=np.int64)
    penalty, b = largest_penalty(columns, likelihood, 1.0), np.zeros(len(varying))
    for _ in range(STEPS):
        penalty *= STEP
        try:
            b = elastic_net(columns, likelihood, penalty, 1.0, b)
        except FitError:
            # The selected features separate the patients: there is nothing left to select by.
            break
        new = np.setdiff1d(np.flatnonzero(b), order)
        order += new[np.argsort(-np.abs(b[new]), kind="stable")].tolist()
        if len(order) >= most:
            break
    selected: Columns = varying[order[:most]]
    return selected


def by_path(task: SelectionTask) -> Columns:
    """Order of entry into the L1 path."""
    return entry_order(task.target.inputs(task.x), task.target.likelihood(), task.most)


def selection_frequency(task: SelectionTask, per_half: int, pairs: int = PAIRS) -> Array:
    """Share of halves in which each analyte is among the first of the L1 path.

    Complementary pairs: patients are split into two halves, again and again, and each half selects (Shah and Samworth
    2013, doi 10.1111/j.1467-9868.2011.01034.x). Halves have equal shares of events or classes. The bound holds for any
    selection; that of a half is the path of the likelihood approximated at coefficients of 0, which is ten times as
    fast as the path of :func:`entry_order`.

    Parameters
    ----------
    task
        Patients and target.
    per_half
        Number of analytes that each half selects.
    pairs
        Number of pairs.

    Returns
    -------
    ndarray
        (p,) between 0 and 1.
    """
    counts = np.zeros(task.x.shape[1])
    for _ in range(pairs):
        for rows in _halves(task.target.label, task.generator):
            half = task.target.half(rows)
            counts[lasso_order(half.inputs(task.x[rows]), half.likelihood(), per_half)] += 1.0
    return counts / (2 * pairs)


def by_stability(task: SelectionTask) -> Columns:
    """Order of selection frequency; equal frequencies in the order of the L1 path."""
    frequency = selection_frequency(task, task.most)
    path = np.full(len(frequency), len(frequency))
    first = lasso_order(task.target.inputs(task.x), task.target.likelihood(), task.most)
    path[first] = np.arange(len(first))
    order: Columns = np.lexsort((path, -frequency))[: task.most]
    return order[frequency[order] > 0]


def by_price(task: SelectionTask) -> Columns:
    """Forward selection: the largest score statistic per additional cost enters next.

    The additional cost of an analyte includes the price of its assay, unless an analyte of this assay is in the panel.
    """
    x, likelihood = task.target.inputs(task.x), task.target.likelihood()
    left, order = x.std(axis=0) > 0, list[int]()
    for _ in range(min(task.most, int(left.sum()))):
        chosen = x[:, order]
        estimate = chosen @ elastic_net(chosen, likelihood, RIDGE, 0.0) if order else np.zeros(len(x))
        gain = (x.T @ likelihood.gradient(estimate)) ** 2 / _information(x, order, likelihood, estimate)
        best = int(np.argmax(np.where(left, gain / task.prices.additional(order), -np.inf)))
        order.append(best)
        left[best] = False
    return np.array(order, dtype=np.int64)


SELECTIONS: dict[str, Callable[[SelectionTask], Columns]] = {
    "path": by_path,
    "stability": by_stability,
    "price": by_price,
}
"""Name -> order of the analytes, best first."""


def _information(x: Array, order: list[int], likelihood: Likelihood, estimate: Array) -> Array:
    """(p,) information per patient about each coefficient, given those of the chosen analytes."""
    curved = likelihood.curvature(estimate, x)
    information: Array = np.einsum("np,np->p", x, curved)
    if order:
        across = x[:, order].T @ curved
        inside = across[:, order] + RIDGE * np.eye(len(order))
        information = information - np.einsum("kp,kp->p", across, np.linalg.solve(inside, across))
    return np.maximum(information, TIE)


def _halves(
    label: NDArray[np.generic], generator: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows of two halves with equal numbers of each class, or of events."""
    order = generator.permutation(len(label))
    order = order[np.argsort(label[order], kind="stable")]
    return np.sort(order[0::2]), np.sort(order[1::2])
