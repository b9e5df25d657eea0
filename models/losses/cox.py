"""The Cox partial likelihood: ties after Efron, case weights, strata, delayed entry."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["cox_efron"]

# Stands for log 0: finite, so that a masked patient leaves no NaN in a gradient.
_LOG_ZERO = -1e9


def cox_efron(
    log_hazard: Tensor,
    event: Tensor,
    time: Tensor,
    weight: Tensor | None = None,
    entry: Tensor | None = None,
    stratum: Tensor | None = None,
) -> Tensor:
    """Cox negative log partial likelihood an event, ties after Efron (1977, doi 10.2307/2286217).

    Parameters
    ----------
    log_hazard
        (..., n), higher means earlier event; leading dimensions are members.
    event
        (n,) bool.
    time
        (n,) > 0, in any order.
    weight
        (..., n): how much a patient counts, 0 for those left out. Everybody counts if left out. Tied events
        share the mean of their weights, as in R's survival (Therneau).
    entry
        (n,) < time, when each came under observation: he is at risk at t if ``entry < t <= time``. From 0 if
        left out.
    stratum
        (n,) int: patients are compared within their stratum only.

    Returns
    -------
    Tensor
        (...): the mean over events, by their weights; 0, connected to the graph, for a member without events.
        O(n log n) time, O(n) memory; with strata or entries a tree of intervals holds O(n log n) for the gradient.

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
    heavier = counts.log()
    at_risk = torch.where(counts > 0, eta + heavier, torch.full_like(eta, _LOG_ZERO))
    if entry is None and stratum is None:
        log_risk = torch.logcumsumexp(at_risk, -1)[..., last[tie]]
    else:
        left = _last_at_risk(time[order][last], entry, stratum, order, last)
        log_risk = _log_sum_over(at_risk, tie, left, len(size))[..., tie]
    deaths, heavy = (_sum_by(part, tie, len(size)) for part in (died.to(eta.dtype), died * counts))
    only = torch.where(died, eta + heavier, torch.full_like(eta, _LOG_ZERO))
    peak, mass = (part[..., tie] for part in _peak_and_mass(only, tie, len(size)))
    log_tied = peak + _log(mass)
    earlier = died.cumsum(-1) - died.long()
    rank = earlier - earlier[..., (last - size + 1)[tie]]
    share = torch.where(died, rank / deaths.clamp_min(1)[..., tie], torch.zeros_like(eta))
    log_left = log_risk + torch.log1p(-share * (log_tied - log_risk).clamp_max(0).exp())
    mean = (heavy / deaths.clamp_min(1))[..., tie]
    total = torch.where(died, mean * log_left - counts * eta, torch.zeros_like(eta)).sum(-1)
    events = heavy.sum(-1)
    return total / (events + (events == 0))


def _ties(time: Tensor, stratum: Tensor | None) -> tuple[Tensor, Tensor]:
    """(n,) tie that each patient is in, numbered in order, and the size of each."""
    new = time[1:] != time[:-1]
    if stratum is not None:
        new = new | (stratum[1:] != stratum[:-1])
    tie = torch.cat([new.new_zeros(min(len(time), 1)), new]).long().cumsum(0)
    return tie, torch.bincount(tie)


def _last_at_risk(
    ties: Tensor, entry: Tensor | None, stratum: Tensor | None, order: Tensor, last: Tensor
) -> Tensor:
    """(n,) the last tie, going back in time, of his own stratum at which a patient has entered."""
    came = torch.full_like(order, -1, dtype=ties.dtype) if entry is None else entry[order].to(ties.dtype)
    strata = torch.zeros_like(order) if stratum is None else stratum[order]
    # Entries stand before the ties of the same time: who enters at t is not yet at risk at t.
    mixed = torch.argsort(torch.cat([came, ties]), descending=True, stable=True)
    mixed = mixed[torch.argsort(torch.cat([strata, strata[last]])[mixed], stable=True)]
    passed = (mixed >= len(order)).long().cumsum(0)
    where = torch.empty_like(mixed)
    where[mixed] = torch.arange(len(mixed), device=mixed.device)
    return passed[where[: len(order)]] - 1


def _log_sum_over(value: Tensor, first: Tensor, last: Tensor, size: int) -> Tensor:
    """(..., size) log sum at each place of the exponentials of `value` (..., n), each of which covers first to last.

    A tree of intervals rather than a difference of two sums, which would lose a small crowd under a large one.
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
    """(..., groups) largest `value` (..., n) of each `group` (n,), and the sum of exponentials beside it."""
    where = group.expand_as(value)
    peak = value.new_full((*value.shape[:-1], groups), _LOG_ZERO)
    peak = peak.scatter_reduce(-1, where, value.detach(), "amax")
    return peak, _sum_by((value - peak.gather(-1, where)).exp(), group, groups)


def _log(mass: Tensor) -> Tensor:
    return mass.clamp_min(torch.finfo(mass.dtype).tiny).log()
