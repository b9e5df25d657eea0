"""Factors that views share in name alone: found on left-out patients, and parted.

Where factors are few, one may serve as a factor of this view in patients who have it and of that view in others. The
evidence gains by it, and whoever lacks one of the views is then told nonsense about it. Left-out patients show whether
what the other views say of a factor helps to foretell this view.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.factors.linear_gaussian import LinearGaussian, solved

__all__ = ["Pulls", "parted"]

LEAST_GAIN = 1.64
"""Standard errors, over patients, by which a factor has to help to foretell a view; 5% of the useless pass."""

Array = NDArray[np.float64]
Pulls = Mapping[str, tuple[Array, Array]]
"""View -> precision (n, k, k) and linear term (n, k) that it adds to the factors of patients; 0 for who lacks it."""


def parted(linear: LinearGaussian, pulls: Pulls) -> LinearGaussian:
    """Give a view a factor of its own in place of each that the other views cannot foretell in it.

    Parameters
    ----------
    linear
        The model of all training patients.
    pulls
        Of the training patients, each by a model of the same factors that did not see him.
    """
    n, k = len(next(iter(pulls.values()))[1]), linear.count
    mean, covariance = solved(list(pulls.values()), n, k)
    kept, own = {}, {}
    for name, view in linear.views.items():
        lost, present = _unforetold(name, pulls, k), pulls[name][1].any(axis=1)
        size = mean[present] ** 2 + covariance[present].diagonal(axis1=1, axis2=2)
        kept[name] = np.where(lost, 0.0, view.loadings)
        own[name] = (view.loadings * np.sqrt(size.mean(axis=0) if len(size) else 1.0))[:, lost]
    views = {}
    for name, view in linear.views.items():
        apart = [
            own[other] if other == name else np.zeros((len(view.mean), own[other].shape[1])) for other in own
        ]
        views[name] = replace(view, loadings=np.hstack([kept[name], *apart]))
    used = np.any([view.loadings.any(axis=0) for view in views.values()], axis=0)
    used[0] |= not used.any()
    views = {name: replace(view, loadings=view.loadings[:, used]) for name, view in views.items()}
    return LinearGaussian(views, int(used.sum()))


def _unforetold(name: str, pulls: Pulls, k: int) -> NDArray[np.bool_]:
    """(k,) the factors without which the other views foretell `name` better, the worst first, as long as it gains."""
    precision, linear = pulls[name]
    others = [pull for other, pull in pulls.items() if other != name]
    known = linear.any(axis=1) & np.any([pull[1].any(axis=1) for pull in others], axis=0) if others else []
    lost = np.zeros(k, dtype=bool)
    if not np.any(known):
        return lost
    foretold, _ = solved([(pull[0][known], pull[1][known]) for pull in others], int(np.sum(known)), k)
    # Twice the log likelihood of a patient's view is 2 c's - s'Qs, up to a constant; s is 1 for what foretells it.
    c = foretold * linear[known]
    q = foretold[:, :, None] * foretold[:, None, :] * precision[known]
    shared = q.any(axis=(0, 1))
    while (shared & ~lost).any():
        gain = 2 * c - 2 * q @ ~lost + q.diagonal(axis1=1, axis2=2)
        error = gain.std(axis=0) * np.sqrt(len(gain))
        score = np.where(shared & ~lost, gain.sum(axis=0) / np.maximum(error, 1e-12), np.inf)
        if score.min() > LEAST_GAIN:
            break
        lost[score.argmin()] = True
    return lost
