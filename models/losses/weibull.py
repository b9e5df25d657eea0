"""Likelihood of a mixture of Weibull distributions, all its parameters the patient's own."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from models.losses.mean import mean_per_patient

__all__ = ["unbounded_log_shape", "weibull_log_survival", "weibull_mixture"]

LARGEST_LOG_SHAPE = 2.0
LARGEST_LOG_SCALE = 10.0
"""Shapes between exp(-2) and exp(2), scales within exp(10) of the unit of time: approached, never reached."""

STEEPEST = 30.0
"""Beyond exp(30) a cumulative hazard goes on in a straight line, so that it stays finite and has a slope."""


def weibull_mixture(
    estimate: Tensor, event: Tensor, time: Tensor, weight: Tensor | None = None, entry: Tensor | None = None
) -> Tensor:
    """Negative log likelihood a patient of a Weibull mixture under censoring.

    Nagpal, Li and Dubrawski 2021, doi 10.1109/JBHI.2021.3052441; the likelihood itself rather than their bound.

    Parameters
    ----------
    estimate
        (..., n, 3 k): logits of the k components, then their log shapes, then their log scales; leading
        dimensions are members. Shapes and scales are held within bounds, smoothly.
    event
        (n,) bool.
    time
        (n,) > 0, in a unit of about the median, so that a log scale of 0 is a good start.
    weight
        (..., n): how much a patient counts, 0 for those left out. Everybody counts if left out.
    entry
        (n,) < time, when each came under observation; 0 if left out.

    Returns
    -------
    Tensor
        (...): the weighted mean; 0, connected to the graph, for a member without patients. O(n k) time and memory.

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
        came = entry > 0
        alive = weibull_log_survival(estimate, torch.where(came, entry, torch.ones_like(entry)))
        terms = terms - torch.where(came, alive, torch.zeros_like(alive))
    return mean_per_patient(-terms, weight)


def weibull_log_survival(estimate: Tensor, time: Tensor) -> Tensor:
    """(..., n) log S at `time` (n,) > 0, for estimates as :func:`weibull_mixture` takes them.

    Examples
    --------
    >>> weibull_log_survival(torch.zeros(1, 3), torch.tensor([2.0])).tolist()
    [-2.0]
    """
    log_weight, log_shape, log_scale = _parameters(estimate)
    return torch.logsumexp(log_weight - _exp(log_shape.exp() * (time.log()[:, None] - log_scale)), -1)


def unbounded_log_shape(shape: float) -> float:
    """Output that gives a `shape` between exp(-2) and exp(2).

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
