"""Likelihoods as functions ``(estimate, outcome) -> loss``, one value a member."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

__all__ = ["binary_cross_entropy", "cox_efron"]

# Stands for log 0: finite, so that a masked patient leaves no NaN in a gradient.
_LOG_ZERO = -1e9


def binary_cross_entropy(logit: Tensor, positive: Tensor, weight: Tensor | None = None) -> Tensor:
    """Negative log likelihood a patient of a yes or no.

    Parameters
    ----------
    logit
        (..., n) log odds of the positive class; leading dimensions are members.
    positive
        (n,) bool.
    weight
        (..., n): how much a patient counts, 0 for those left out. Everybody counts if left out.

    Returns
    -------
    Tensor
        (...): the weighted mean; 0, connected to the graph, for a member without patients.

    Examples
    --------
    >>> binary_cross_entropy(torch.zeros(2), torch.tensor([True, False])).item()
    0.6931471824645996
    """
    counts = torch.ones_like(logit) if weight is None else weight
    total = counts.sum(-1)
    # A log of 1 + exp that neither overflows nor loses a small term.
    terms = softplus(torch.where(positive, -logit, logit))
    return (counts * terms).sum(-1) / (total + (total == 0))


def cox_efron(log_hazard: Tensor, event: Tensor, time: Tensor, weight: Tensor | None = None) -> Tensor:
    """Cox negative log partial likelihood a event, ties after Efron (1977, doi 10.2307/2286217).

    Parameters
    ----------
    log_hazard
        (..., n), higher means earlier event; leading dimensions are members.
    event
        (n,) bool.
    time
        (n,) > 0, in any order.
    weight
        (..., n): 1 for patients that count, 0 for those left out. Everybody counts if left out.

    Returns
    -------
    Tensor
        (...): the mean over events; 0, connected to the graph, for a member without events.
        O(n log n) time, O(n) memory.

    Examples
    --------
    >>> eta = torch.tensor([0.0, 0.0])
    >>> cox_efron(eta, torch.tensor([True, False]), torch.tensor([1.0, 2.0])).item()
    0.6931471824645996
    """
    order = torch.argsort(time, descending=True, stable=True)
    eta = log_hazard[..., order]
    counts = torch.ones_like(eta, dtype=torch.bool) if weight is None else weight[..., order] > 0
    died = event[order] & counts
    _, tie, size = torch.unique_consecutive(time[order], return_inverse=True, return_counts=True)
    last = size.cumsum(0) - 1
    at_risk = torch.where(counts, eta, torch.full_like(eta, _LOG_ZERO))
    log_risk = torch.logcumsumexp(at_risk, -1)[..., last[tie]]
    log_tied, deaths = _tied(eta, died, tie, len(size))
    earlier = died.cumsum(-1) - died.long()
    rank = earlier - earlier[..., (last - size + 1)[tie]]
    share = torch.where(died, rank / deaths.clamp_min(1), torch.zeros_like(eta))
    log_left = log_risk + torch.log1p(-share * (log_tied - log_risk).clamp_max(0).exp())
    total = torch.where(died, log_left - eta, torch.zeros_like(eta)).sum(-1)
    return total / died.sum(-1).clamp_min(1)


def _tied(eta: Tensor, died: Tensor, tie: Tensor, ties: int) -> tuple[Tensor, Tensor]:
    """Log sum of hazards, and the number, of those who die at each patient's time."""
    where = tie.expand_as(eta)
    shape = (*eta.shape[:-1], ties)
    only = torch.where(died, eta, torch.full_like(eta, _LOG_ZERO))
    peak = eta.new_full(shape, _LOG_ZERO).scatter_reduce(-1, where, only.detach(), "amax").gather(-1, where)
    mass = torch.where(died, (only - peak).exp(), torch.zeros_like(eta))
    total = eta.new_zeros(shape).scatter_add(-1, where, mass).gather(-1, where)
    deaths = eta.new_zeros(shape).scatter_add(-1, where, died.to(eta.dtype)).gather(-1, where)
    return peak + total.clamp_min(torch.finfo(eta.dtype).tiny).log(), deaths
