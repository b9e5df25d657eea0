"""Split factors that views do not really share: found by predicting each view of held-out patients from the others.

If a model has few factors, one factor may describe one view in the patients who have it and another view in the
others. This increases the evidence, but it gives wrong predictions for patients who lack one of the views. On held-out
patients, the other views then do not predict this view through the factor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from models.factors.linear_gaussian import LinearGaussian, NaturalParameters, gaussian_posterior

__all__ = ["split_unshared_factors"]

LEAST_GAIN = 1.64
"""Standard errors, over patients, by which a factor must improve the prediction of a view; a useless factor passes with
probability 5%."""

Array = NDArray[np.float64]


def split_unshared_factors(
    linear: LinearGaussian, parameters: Mapping[str, NaturalParameters]
) -> LinearGaussian:
    """Replace each factor of a view that the other views do not predict by a factor of this view alone.

    Parameters
    ----------
    linear
        The model of all training patients.
    parameters
        View -> precision (n, k, k) and linear term (n, k) of the training patients; 0 for patients without the view.
        Those of each patient come from a model with the same factors that was fitted without them.

    Returns
    -------
    LinearGaussian
        The same model with the split factors; factors without loadings are dropped.
    """
    n, k = len(next(iter(parameters.values()))[1]), linear.count
    mean, covariance = gaussian_posterior(list(parameters.values()), n, k)
    shared, unshared = {}, {}
    for name, view in linear.views.items():
        split, present = _unpredicted(name, parameters, k), parameters[name][1].any(axis=1)
        size = mean[present] ** 2 + covariance[present].diagonal(axis1=1, axis2=2)
        shared[name] = np.where(split, 0.0, view.loadings)
        unshared[name] = (view.loadings * np.sqrt(size.mean(axis=0) if len(size) else 1.0))[:, split]
    views = {}
    for name, view in linear.views.items():
        columns = [
            unshared[other] if other == name else np.zeros((len(view.mean), unshared[other].shape[1]))
            for other in unshared
        ]
        views[name] = replace(view, loadings=np.hstack([shared[name], *columns]))
    used = np.any([view.loadings.any(axis=0) for view in views.values()], axis=0)
    used[0] |= not used.any()
    views = {name: replace(view, loadings=view.loadings[:, used]) for name, view in views.items()}
    return LinearGaussian(views, int(used.sum()))


def _unpredicted(name: str, parameters: Mapping[str, NaturalParameters], k: int) -> NDArray[np.bool_]:
    """(k,) factors without which the other views predict `name` better; removed one by one, the worst first."""
    precision, linear = parameters[name]
    others = [terms for other, terms in parameters.items() if other != name]
    both = linear.any(axis=1) & np.any([terms[1].any(axis=1) for terms in others], axis=0) if others else []
    removed = np.zeros(k, dtype=bool)
    if not np.any(both):
        return removed
    predicted, _ = gaussian_posterior(
        [(terms[0][both], terms[1][both]) for terms in others], int(np.sum(both)), k
    )
    # Twice the log likelihood of a patient's view is 2 c's - s'Qs plus a constant, where s is 1 for each factor in use.
    c = predicted * linear[both]
    q = predicted[:, :, None] * predicted[:, None, :] * precision[both]
    candidates = q.any(axis=(0, 1))
    while (candidates & ~removed).any():
        gain = 2 * c - 2 * q @ ~removed + q.diagonal(axis1=1, axis2=2)
        error = gain.std(axis=0) * np.sqrt(len(gain))
        score = np.where(candidates & ~removed, gain.sum(axis=0) / np.maximum(error, 1e-12), np.inf)
        if score.min() > LEAST_GAIN:
            break
        removed[score.argmin()] = True
    return removed
