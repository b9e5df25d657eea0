"""Cox partial likelihood in torch: Efron's ties, case weights, strata, delayed entry."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["cox_efron"]

# Replaces log 0. It is finite, so that a masked patient gives no NaN in a gradient.
_LOG_ZERO = -1e9


def cox_efron(
    log_hazard: Tensor,
    event: Tensor,
    time: Tensor,
    weight: Tensor | None = None,
    entry: Tensor | None = None,
    stratum: Tensor | None = None,
) -> Tensor:
    """Cox negative log partial likelihood per event, with Efron's method for ties (1977, doi 10.2307/2286217).

    Parameters
    ----------
    log_hazard
        (..., n), higher means earlier event; leading dimensions are members.
    event
        (n,) bool.
    time
        (n,) > 0, in any order.
    weight
        (..., n) weight of each patient, 0 for held-out patients; 1 by default. Tied events share the mean
        of their weights, as in R's survival (Therneau).
    entry
        (n,) < time, entry under observation: a patient is at risk at t if ``entry < t <= time``; 0 by default.
    stratum
        (n,) int: patients are compared within their stratum event_risk.

    Returns
    -------
    Tensor
        (...) weighted mean over events; 0, connected to the graph, for a member without events. O(n log n) time and
        O(n) memory; O(n log n) memory with strata or entries, for the gradient of a tree of intervals.

    Examples
    --------
    >>> eta = torch.tensor([0.0, 0.0])
    >>> cox_efron(eta, torch.tensor([True, False]), torch.tensor([1.0, 2.0])).item()
    0.6931471824645996
    """
    order = torch.argsort(time, descending=True, stable=True)
    if stratum is not None:
        order = order[torch.argsort(stratum[order], stable=True)]
    tie, size = _ties(time[order], None if stratum is None else stratum[order])
    last = size.cumsum(0) - 1
    eta = log_hazard[..., order]
    counts = torch.ones_like(eta) if weight is None else weight[..., order]
    died = event[order] & (counts > 0)
    log_weight = counts.log()
    at_risk = torch.where(counts > 0, eta + log_weight, torch.full_like(eta, _LOG_ZERO))
    if entry is None and stratum is None:
        log_risk = torch.logcumsumexp(at_risk, -1)[..., last[tie]]
    else:
        left = _last_at_risk(time[order][last], entry, stratum, order, last)
        log_risk = _log_sum_over(at_risk, tie, left, len(size))[..., tie]
    deaths, event_weight = (_sum_by(part, tie, len(size)) for part in (died.to(eta.dtype), died * counts))
    event_risk = torch.where(died, eta + log_weight, torch.full_like(eta, _LOG_ZERO))
    peak, mass = (part[..., tie] for part in _peak_and_mass(event_risk, tie, len(size)))
    log_tied = peak + _log(mass)
    earlier = died.cumsum(-1) - died.long()
    rank = earlier - earlier[..., (last - size + 1)[tie]]
    share = torch.where(died, rank / deaths.clamp_min(1)[..., tie], torch.zeros_like(eta))
    log_left = log_risk + torch.log1p(-share * (log_tied - log_risk).clamp_max(0).exp())
    mean = (event_weight / deaths.clamp_min(1))[..., tie]
    total = torch.where(died, mean * log_left - counts * eta, torch.zeros_like(eta)).sum(-1)
    events = event_weight.sum(-1)
    return total / (events + (events == 0))


def _ties(time: Tensor, stratum: Tensor | None) -> tuple[Tensor, Tensor]:
    """(n,) index of each patient's tie, numbered in order, and the size of each tie."""
    new = time[1:] != time[:-1]
    if stratum is not None:
        new = new | (stratum[1:] != stratum[:-1])
    tie = torch.cat([new.new_zeros(min(len(time), 1)), new]).long().cumsum(0)
    return tie, torch.bincount(tie)


def _last_at_risk(
    ties: Tensor, entry: Tensor | None, stratum: Tensor | None, order: Tensor, last: Tensor
) -> Tensor:
    """(n,) last tie of the patient's stratum, going back in time, at which they had already entered."""
    entered = torch.full_like(order, -1, dtype=ties.dtype) if entry is None else entry[order].to(ties.dtype)
    strata = torch.zeros_like(order) if stratum is None else stratum[order]
    # Entries come before ties of the same time, since a patient who enters at t is not yet at risk at t.
    merged = torch.argsort(torch.cat([entered, ties]), descending=True, stable=True)
    merged = merged[torch.argsort(torch.cat([strata, strata[last]])[merged], stable=True)]
    passed = (merged >= len(order)).long().cumsum(0)
    position = torch.empty_like(merged)
    position[merged] = torch.arange(len(merged), device=merged.device)
    return passed[position[: len(order)]] - 1


def _log_sum_over(value: Tensor, first: Tensor, last: Tensor, size: int) -> Tensor:
    """(..., size) log of the sum of exp(`value`) over the entries whose range first to last includes each position.

    A tree of intervals is used, since a difference of two sums would lose a small risk set by rounding.
    """
    width = 1 << max(size - 1, 0).bit_length()
    low, high = first + width, last + width + 1
    levels = []
    while width:
        inside = low < high
        left, right = ((inside & (end & 1 == 1)).nonzero()[:, 0] for end in (low, high))
        nodes = torch.cat([low[left], high[right] - 1]) - width
        peak, mass = _peak_and_mass(value[..., torch.cat([left, right])], nodes, width)
        levels.append(peak + _log(mass))
        low, high, width = (low + 1) >> 1, high >> 1, width >> 1
    total = levels.pop()
    while levels:
        total = torch.logaddexp(total.repeat_interleave(2, -1), levels.pop())
    return total[..., :size]


def _sum_by(value: Tensor, group: Tensor, groups: int) -> Tensor:
    total = value.new_zeros((*value.shape[:-1], groups))
    return total.scatter_add(-1, group.expand_as(value), value)


def _peak_and_mass(value: Tensor, group: Tensor, groups: int) -> tuple[Tensor, Tensor]:
    """(..., groups) maximum of `value` (..., n) in each `group` (n,), and sum of the exponentials relative to it."""
    position = group.expand_as(value)
    peak = value.new_full((*value.shape[:-1], groups), _LOG_ZERO)
    peak = peak.scatter_reduce(-1, position, value.detach(), "amax")
    return peak, _sum_by((value - peak.gather(-1, position)).exp(), group, groups)


def _log(mass: Tensor) -> Tensor:
    return mass.clamp_min(torch.finfo(mass.dtype).tiny).log()
