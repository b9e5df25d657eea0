"""Pareto smoothed importance weights."""

from __future__ import annotations

import numpy as np
import torch
from scipy.special import softmax
from torch import Tensor

__all__ = ["pareto_shape"]


def pareto_shape(log_weights: Tensor) -> tuple[Tensor, Tensor]:
    """Fit a generalised Pareto distribution to the largest weights and replace them by its quantiles.

    Parameters
    ----------
    log_weights
        (n, s), up to a constant per row.

    Returns
    -------
    shape
        (n,) shape k of the tail; the weights are reliable below .7.
    smoothed
        (n, s) log weights whose tail is smoothed, at most 0.

    References
    ----------
    Vehtari A et al. J Mach Learn Res 2024;25(72), arXiv 1507.02646. Zhang J, Stephens MA. Technometrics 2009,
    doi 10.1198/tech.2009.08017.
    """
    centred = (log_weights - log_weights.amax(1, keepdim=True)).numpy()
    count = centred.shape[1]
    tail = int(np.ceil(min(0.2 * count, 3 * np.sqrt(count))))
    order = np.argsort(centred, axis=1)[:, -tail - 1 :]
    largest = np.take_along_axis(centred, order, 1)
    cut = np.exp(largest[:, :1])
    excess = np.maximum(np.exp(largest[:, 1:]) - cut, 1e-300)
    shape, scale = _fitted_pareto(excess)
    part = (np.arange(tail) + 0.5) / tail
    quantiles = scale[:, None] / shape[:, None] * np.expm1(-shape[:, None] * np.log1p(-part))
    smoothed = centred.copy()
    np.put_along_axis(smoothed, order[:, 1:], np.minimum(np.log(cut + quantiles), 0.0), 1)
    return torch.from_numpy(shape), torch.from_numpy(smoothed)


def _fitted_pareto(excess: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shape and scale for each row of sorted excesses, by the profile likelihood of Zhang and Stephens."""
    count = excess.shape[1]
    grid = np.arange(1, 30 + int(np.sqrt(count)) + 1)
    quartile = excess[:, int(count / 4 + 0.5) - 1]
    theta = 1 / excess[:, -1:] + (1 - np.sqrt(len(grid) / (grid - 0.5))) / (3 * quartile[:, None])
    k = np.log1p(-theta[:, :, None] * excess[:, None, :]).mean(2)
    profile = count * (np.log(-theta / k) - k - 1)
    weight = softmax(profile, axis=1)
    best = (theta * weight).sum(1) / weight.sum(1)
    shape = np.log1p(-best[:, None] * excess).mean(1)
    scale = -shape / best
    regularised = (shape * count + 5.0) / (count + 10.0)
    return regularised, scale
