"""Forms of a panel's score: a weighted sum, ranks within the patient, or comparisons of two analytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from models.linear.elastic_net import Likelihood
from models.linear.group_ridge import group_ridge
from stratomics.strata.panel.selection import SELECTIONS, SelectionTask
from stratomics.strata.panel.target import PanelTarget

__all__ = ["FORMS", "Form"]

Array = NDArray[np.float64]
Columns = NDArray[np.int64]

CANDIDATES = 100
"""Analytes with the strongest association alone, of which pairs are formed."""


@dataclass(frozen=True)
class Form:
    """How analytes give one score.

    Attributes
    ----------
    order
        ``(task, selection, raw) -> columns``: order in which analytes enter.
    weights
        ``(inputs, target) -> (m,)`` weight of each input.
    inputs
        ``(x, raw) -> (n, m)``, from the scaled and the raw values (n, m) of the analytes of the panel.
    in_pairs
        Whether two analytes enter together.
    """

    order: Callable[[SelectionTask, str, Array], Columns]
    weights: Callable[[Array, PanelTarget], Array]
    inputs: Callable[[Array, Array], Array]
    in_pairs: bool = False


def _selected(task: SelectionTask, selection: str, raw: Array) -> Columns:  # noqa: ARG001  # one signature
    return SELECTIONS[selection](task)


def _ridge(inputs: Array, target: PanelTarget) -> Array:
    columns = target.inputs(inputs)
    return group_ridge(columns, np.zeros(columns.shape[1], dtype=np.int64), target.likelihood()).coefficients


def _directions(inputs: Array, target: PanelTarget) -> Array:
    """(m,) +1 or -1: the direction in which each input is associated with the target, alone."""
    return np.where(_association(target.inputs(inputs), target.likelihood()) >= 0, 1.0, -1.0)


def _association(x: Array, likelihood: Likelihood) -> Array:
    """(p,) score statistics at coefficients of 0, not standardised."""
    statistic: Array = -(x.T @ likelihood.gradient(np.zeros(len(x))))
    return statistic


def _as_scaled(x: Array, raw: Array) -> Array:  # noqa: ARG001  # one signature
    return x


def _ranks(x: Array, raw: Array) -> Array:  # noqa: ARG001  # one signature
    """Ranks of the scaled values within the patient, from -1/2 to 1/2 (Foroutan et al. 2018, see docs/panel.md)."""
    count = x.shape[1]
    if count < 2:  # noqa: PLR2004  # one analyte has no rank
        return np.zeros_like(x)
    ranks: Array = (rankdata(x, axis=1) - 1.0) / (count - 1.0) - 0.5
    return ranks


def _pair_order(task: SelectionTask, selection: str, raw: Array) -> Columns:  # noqa: ARG001  # pairs select themselves
    """Disjoint pairs of analytes of the same view, by the association of their comparison with the target.

    k-TSP: Tan et al. 2005, doi 10.1093/bioinformatics/bti631.
    """
    likelihood = task.target.likelihood()
    strength = np.abs(_association(task.target.inputs(task.x), likelihood))
    first = np.sort(np.argsort(-strength, kind="stable")[:CANDIDATES])
    left, right = np.triu_indices(len(first), 1)
    same = task.prices.view[first[left]] == task.prices.view[first[right]]
    left, right = first[left[same]], first[right[same]]
    compared = np.sign(raw[:, left] - raw[:, right])
    statistic = np.abs(_association(task.target.inputs(compared), likelihood))
    order: list[int] = []
    for pair in np.argsort(-statistic, kind="stable"):
        if statistic[pair] <= 0 or len(order) >= task.most:
            break
        if left[pair] not in order and right[pair] not in order:
            order += [int(left[pair]), int(right[pair])]
    return np.array(order[: task.most - task.most % 2], dtype=np.int64)


def _comparisons(x: Array, raw: Array) -> Array:  # noqa: ARG001  # one signature
    """(n, m / 2) +1 where the first analyte of a pair is higher, -1 where it is lower."""
    compared: Array = np.sign(raw[:, 0::2] - raw[:, 1::2])
    return compared


FORMS: dict[str, Form] = {
    "linear": Form(_selected, _ridge, _as_scaled),
    "rank": Form(_selected, _directions, _ranks),
    "ratio": Form(_pair_order, _directions, _comparisons, in_pairs=True),
}
"""Name -> form of the score."""
