"""What heads of discrete hazards share: their outputs, where estimates start, and the curves between the cuts."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

from models.losses.discrete import place

__all__ = ["log_cumulative_hazards", "logits", "null_logits"]

OWN = 0.3
"""How loud an interval's own effects are beside those that all intervals share: a ridge of 1 / OWN^2 on them."""


def logits(estimate: Tensor) -> Tensor:
    """(..., k) logits of k + 1 outputs: what all intervals share, the last, and what each has of its own.

    A ridge on the outputs then costs a proportional effect once rather than k times.
    """
    return estimate[..., -1:] + OWN * estimate[..., :-1]


def null_logits(died: Tensor, time: Tensor, entry: Tensor, cuts: Tensor, weight: Tensor) -> Tensor:
    """(members, k + 1) outputs that give each member the hazards of its own patients, a half added to each side."""
    begins = torch.cat([cuts.new_zeros(1), cuts[:-1]])
    lived, absent = (((at[:, None] - begins) / (cuts - begins)).clamp(0, 1) for at in (time, entry))
    within = died[:, None] & (time[:, None] > begins) & (time[:, None] <= cuts)
    # Who dies within an interval was at risk of it whole.
    exposed = torch.where(within, torch.ones_like(lived), lived) - absent
    deaths, at_risk = (weight @ part.to(weight.dtype) for part in (within, exposed))
    own = torch.log((deaths + 0.5) / ((at_risk - deaths).clamp_min(0) + 0.5)) / OWN
    return torch.cat([own, torch.zeros_like(own[..., :1])], -1)


def log_cumulative_hazards(logit: Tensor, cuts: Tensor, times: Tensor) -> Tensor:
    """(..., n, causes, t) log cumulative cause-specific hazards at `times`, for logits (..., n, causes, k).

    S is a straight line between the cuts, and causes share its fall within an interval as they share its hazard.
    Beyond the last cut hazards stand still, since nothing is known there.

    Examples
    --------
    >>> one = log_cumulative_hazards(torch.zeros(1, 1, 1), torch.tensor([2.0]), torch.tensor([1.0, 2.0, 9.0]))
    >>> torch.exp(-one.exp()).round(decimals=4).tolist()
    [[[0.75, 0.5, 0.5]]]
    """
    any_cause = torch.logsumexp(logit, -2, keepdim=True)
    share, lost = (logit - any_cause).exp(), softplus(any_cause)
    interval, passed = place(times, cuts)
    own = interval.clamp_max(len(cuts) - 1)
    left = torch.log1p(-passed.clamp(0, 1)).clamp_min(-1e9).to(logit.dtype)
    within = torch.where(interval < len(cuts), lost[..., own] - softplus(any_cause[..., own] + left), 0.0)
    before = torch.cat([torch.zeros_like(logit[..., :1]), (share * lost).cumsum(-1)], -1)
    total = before[..., interval] + share[..., own] * within
    return total.clamp_min(torch.finfo(logit.dtype).tiny).log()
