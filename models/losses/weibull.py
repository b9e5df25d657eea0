"""Likelihood of a mixture of Weibull distributions whose parameters depend on the patient."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from models.losses.mean import mean_per_patient

__all__ = ["unbounded_log_shape", "weibull_log_survival", "weibull_mixture"]

LARGEST_LOG_SHAPE = 2.0
LARGEST_LOG_SCALE = 10.0
"""Shapes are between exp(-2) and exp(2), scales between exp(-10) and exp(10) units of time; tanh keeps them inside."""

STEEPEST = 30.0
"""A cumulative hazard above exp(30) is continued linearly, so that it stays finite and has a gradient."""


def weibull_mixture(
    estimate: Tensor, event: Tensor, time: Tensor, weight: Tensor | None = None, entry: Tensor | None = None
) -> Tensor:
    """Negative log likelihood per patient of a Weibull mixture with censoring.

    Nagpal, Li and Dubrawski 2021, doi 10.1109/JBHI.2021.3052441; here the exact likelihood, not their bound.

    Parameters
    ----------
    estimate
        (..., n, 3 k): logits of the k components, then their log shapes, then their log scales; leading
        dimensions are members. Shapes and scales are bounded smoothly.
    event
        (n,) bool.
    time
        (n,) > 0, in a unit of about the median, so that a log scale of 0 is a good initial value.
    weight
        (..., n) weight of each patient, 0 for held-out patients; 1 by default.
    entry
        (n,) < time, entry under observation; 0 by default.

    Returns
    -------
    Tensor
        (...) weighted mean; 0, connected to the graph, for a member without patients. O(n k) time and memory.

    Examples
    --------
    >>> weibull_mixture(torch.zeros(1, 3), torch.tensor([True]), torch.tensor([2.0])).item()
    2.0
    """
    log_weight, log_shape, log_scale = _parameters(estimate)
    age = log_shape.exp() * (time.log()[:, None] - log_scale)
    log_survival = -_exp(age)
    log_density = log_shape - time.log()[:, None] + age + log_survival
    terms = torch.logsumexp(log_weight + torch.where(event[:, None], log_density, log_survival), -1)
    if entry is not None:
        late = entry > 0
        alive = weibull_log_survival(estimate, torch.where(late, entry, torch.ones_like(entry)))
        terms = terms - torch.where(late, alive, torch.zeros_like(alive))
    return mean_per_patient(-terms, weight)


def weibull_log_survival(estimate: Tensor, time: Tensor) -> Tensor:
    """Log survival of a Weibull mixture.

    Parameters
    ----------
    estimate
        (..., n, 3 k) as in :func:`weibull_mixture`.
    time
        (n,) > 0.

    Returns
    -------
    Tensor
        (..., n) log S.

    Examples
    --------
    >>> weibull_log_survival(torch.zeros(1, 3), torch.tensor([2.0])).tolist()
    [-2.0]
    """
    log_weight, log_shape, log_scale = _parameters(estimate)
    return torch.logsumexp(log_weight - _exp(log_shape.exp() * (time.log()[:, None] - log_scale)), -1)


def unbounded_log_shape(shape: float) -> float:
    """Return the output of the network that gives a `shape` between exp(-2) and exp(2).

    Examples
    --------
    >>> round(unbounded_log_shape(1.0), 6)
    0.0
    """
    return LARGEST_LOG_SHAPE * math.atanh(math.log(shape) / LARGEST_LOG_SHAPE)


def _parameters(estimate: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    logit, shape, scale = estimate.chunk(3, -1)
    return torch.log_softmax(logit, -1), _within(shape, LARGEST_LOG_SHAPE), _within(scale, LARGEST_LOG_SCALE)


def _within(value: Tensor, bound: float) -> Tensor:
    return bound * torch.tanh(value / bound)


def _exp(value: Tensor) -> Tensor:
    low = value.clamp_max(STEEPEST)
    return low.exp() * (1 + (value - low))
