"""Functions shared by the heads of discrete hazards: logits, null estimates, and curves between the cuts."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

from models.losses.discrete import interval_of

__all__ = ["log_cumulative_hazards", "logits", "null_logits"]

INTERVAL_SCALE = 0.3
"""Scale of the interval-specific outputs relative to the shared output; a ridge of 1 / INTERVAL_SCALE^2 on them."""


def logits(estimate: Tensor) -> Tensor:
    """(..., k) logits of k + 1 outputs: one deviation per interval, and last the part that all intervals share.

    A ridge on the outputs then penalises a proportional effect once rather than k times.
    """
    return estimate[..., -1:] + INTERVAL_SCALE * estimate[..., :-1]


def null_logits(died: Tensor, time: Tensor, entry: Tensor, cuts: Tensor, weight: Tensor) -> Tensor:
    """Return outputs that give every patient the hazards of the member's training patients.

    Parameters
    ----------
    died
        (n,) bool, True if the event occurred.
    time, entry
        (n,) time of event or censoring, and time of entry.
    cuts
        (k,) ends of the intervals, ascending; the first interval starts at 0.
    weight
        (members, n) weight of each patient.

    Returns
    -------
    Tensor
        (members, k + 1) outputs, as in :func:`logits`. Half an event and half a survivor are added to each interval.
    """
    begins = torch.cat([cuts.new_zeros(1), cuts[:-1]])
    exposure, before_entry = (((at[:, None] - begins) / (cuts - begins)).clamp(0, 1) for at in (time, entry))
    within = died[:, None] & (time[:, None] > begins) & (time[:, None] <= cuts)
    # A patient with the event in an interval counts as at risk in the whole interval.
    exposed = torch.where(within, torch.ones_like(exposure), exposure) - before_entry
    deaths, at_risk = (weight @ part.to(weight.dtype) for part in (within, exposed))
    deviation = torch.log((deaths + 0.5) / ((at_risk - deaths).clamp_min(0) + 0.5)) / INTERVAL_SCALE
    return torch.cat([deviation, torch.zeros_like(deviation[..., :1])], -1)


def log_cumulative_hazards(logit: Tensor, cuts: Tensor, times: Tensor) -> Tensor:
    """Log cumulative cause-specific hazards at given times.

    S is linear between the cuts. Within an interval, its decrease is divided among the causes in proportion to their
    hazards. Beyond the last cut the cumulative hazards are constant.

    Parameters
    ----------
    logit
        (..., n, causes, k) log odds of each cause against survival in each interval.
    cuts
        (k,) ends of the intervals, ascending; the first interval starts at 0.
    times
        (t,) times.

    Returns
    -------
    Tensor
        (..., n, causes, t).

    Examples
    --------
    >>> one = log_cumulative_hazards(torch.zeros(1, 1, 1), torch.tensor([2.0]), torch.tensor([1.0, 2.0, 9.0]))
    >>> torch.exp(-one.exp()).round(decimals=4).tolist()
    [[[0.75, 0.5, 0.5]]]
    """
    any_cause = torch.logsumexp(logit, -2, keepdim=True)
    share, lost = (logit - any_cause).exp(), softplus(any_cause)
    interval, passed = interval_of(times, cuts)
    current = interval.clamp_max(len(cuts) - 1)
    log_remaining = torch.log1p(-passed.clamp(0, 1)).clamp_min(-1e9).to(logit.dtype)
    within = torch.where(
        interval < len(cuts), lost[..., current] - softplus(any_cause[..., current] + log_remaining), 0.0
    )
    before = torch.cat([torch.zeros_like(logit[..., :1]), (share * lost).cumsum(-1)], -1)
    total = before[..., interval] + share[..., current] * within
    return total.clamp_min(torch.finfo(logit.dtype).tiny).log()
