"""Likelihoods of discrete hazards: time is cut into intervals, and the density is constant within an interval."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

from models.losses.mean import mean_per_patient

__all__ = ["competing_risks", "interval_of", "log_survival", "logistic_hazard"]


def logistic_hazard(
    logit: Tensor,
    event: Tensor,
    time: Tensor,
    cuts: Tensor,
    weight: Tensor | None = None,
    entry: Tensor | None = None,
) -> Tensor:
    """Negative log likelihood per patient of a discrete hazard in each interval.

    Gensheimer and Narasimhan 2019, doi 10.7717/peerj.6257. A patient censored within an interval has survived the
    share of it that has passed, by the constant density. A patient with delayed entry is conditioned on being alive
    at ``entry``.

    Parameters
    ----------
    logit
        (..., n, k) log odds of an event in each interval, given survival to its start; leading dimensions are
        members.
    event
        (n,) bool.
    time
        (n,) > 0; a time beyond the last cut is censored at this cut.
    cuts
        (k,) ends of the intervals, ascending; the first begins at 0.
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
    >>> logit, cuts = torch.zeros(2, 1), torch.tensor([2.0])
    >>> logistic_hazard(logit, torch.tensor([True, False]), torch.tensor([1.0, 2.0]), cuts).item()
    0.6931471824645996
    """
    return competing_risks(logit[..., None, :], event.long(), time, cuts, weight, entry)


def competing_risks(
    logit: Tensor,
    cause: Tensor,
    time: Tensor,
    cuts: Tensor,
    weight: Tensor | None = None,
    entry: Tensor | None = None,
) -> Tensor:
    """Negative log likelihood per patient of cause-specific hazards, by softmax in each interval.

    Tutz and Schmid 2016, doi 10.1007/978-3-319-28158-2, chapter 8: an interval ends with one of the causes, or with
    survival, which has logit 0.

    Parameters
    ----------
    logit
        (..., n, causes, k) log odds of each cause against survival.
    cause
        (n,) int, 0 censored, 1 to causes.
    time, cuts, weight, entry
        As in :func:`logistic_hazard`, which is the case of one cause.

    Returns
    -------
    Tensor
        (...) weighted mean. O(n causes k) time and memory.
    """
    # The log odds of an event of any cause.
    any_cause = torch.logsumexp(logit, -2)
    interval, passed = interval_of(time, cuts)
    died = (cause > 0) & (interval < len(cuts))
    flat = logit.flatten(-2)
    index = (cause - 1).clamp_min(0) * len(cuts) + interval.clamp_max(len(cuts) - 1)
    end_of_life = _at(flat, index) - softplus(_at(any_cause, interval.clamp_max(len(cuts) - 1)))
    last = torch.where(died, end_of_life, _within(any_cause, interval, passed))
    total = _before(any_cause, interval) + last
    if entry is not None:
        total = total - log_survival(any_cause, entry, cuts)
    return mean_per_patient(-total, weight)


def log_survival(logit: Tensor, time: Tensor, cuts: Tensor) -> Tensor:
    """Log survival at given times; S is linear between the cuts and constant beyond the last one.

    Parameters
    ----------
    logit
        (..., n, k) log odds of an event in each interval.
    time
        (n,) or (1,) times.
    cuts
        (k,) ends of the intervals, ascending; the first interval starts at 0.

    Returns
    -------
    Tensor
        (..., n) log S.

    Examples
    --------
    >>> log_survival(torch.zeros(1, 2), torch.tensor([1.0]), torch.tensor([2.0, 4.0])).exp().item()
    0.75
    """
    interval, passed = interval_of(time, cuts)
    return _before(logit, interval) + _within(logit, interval, passed)


def interval_of(time: Tensor, cuts: Tensor) -> tuple[Tensor, Tensor]:
    """Interval of each time, and the share of the interval that has passed.

    Parameters
    ----------
    time
        (n,) times.
    cuts
        (k,) ends of the intervals, ascending; the first interval starts at 0.

    Returns
    -------
    tuple of Tensor
        (n,) index of the interval, k beyond the last cut, and (n,) share.
    """
    interval = torch.bucketize(time, cuts)
    begins = torch.cat([cuts.new_zeros(1), cuts])
    ends = torch.cat([cuts, cuts.new_tensor([torch.inf])])
    return interval, (time - begins[interval]) / (ends - begins)[interval]


def _before(logit: Tensor, interval: Tensor) -> Tensor:
    """(..., n) log probability of surviving all intervals before that of the patient."""
    earlier = torch.arange(logit.shape[-1], device=logit.device) < interval[:, None]
    return -torch.where(earlier, softplus(logit), torch.zeros_like(logit)).sum(-1)


def _within(logit: Tensor, interval: Tensor, passed: Tensor) -> Tensor:
    """(..., n) log probability of surviving the share `passed` of the interval: log(1 - passed * hazard)."""
    k = logit.shape[-1]
    current = _at(logit, interval.clamp_max(k - 1))
    log_remaining = torch.log1p(-passed.clamp(0, 1)).clamp_min(-1e9).to(logit.dtype)
    term = softplus(current + log_remaining) - softplus(current)
    return torch.where(interval < k, term, torch.zeros_like(term))


def _at(values: Tensor, index: Tensor) -> Tensor:
    return values.gather(-1, index[:, None].expand(*values.shape[:-1], 1))[..., 0]
