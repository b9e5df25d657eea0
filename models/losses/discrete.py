"""Likelihoods of discrete hazards: time cut into intervals, an event spread evenly within its own."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import softplus

from models.losses.mean import mean_per_patient

__all__ = ["competing_risks", "log_survival", "logistic_hazard", "place"]


def logistic_hazard(
    logit: Tensor,
    event: Tensor,
    time: Tensor,
    cuts: Tensor,
    weight: Tensor | None = None,
    entry: Tensor | None = None,
) -> Tensor:
    """Negative log likelihood a patient of a hazard in each interval.

    Gensheimer and Narasimhan 2019, doi 10.7717/peerj.6257. Who is censored within an interval has survived the
    share of its hazard that had passed, as the constant density within an interval says; who came late is known
    to have been alive at ``entry``.

    Parameters
    ----------
    logit
        (..., n, k) log odds of an event in each interval for those alive at its beginning; leading dimensions
        are members.
    event
        (n,) bool.
    time
        (n,) > 0. Who lives beyond the last cut is censored there, whatever happened to him later.
    cuts
        (k,) ends of the intervals, ascending; the first begins at 0.
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
    """Negative log likelihood a patient of cause-specific hazards, by softmax in each interval.

    Tutz and Schmid 2016, doi 10.1007/978-3-319-28158-2, chapter 8: an interval ends in one of the causes or in
    survival, whose logit is 0.

    Parameters
    ----------
    logit
        (..., n, causes, k).
    cause
        (n,) int, 0 censored, 1 to causes.
    time, cuts, weight, entry
        As for :func:`logistic_hazard`, which is this with one cause.

    Returns
    -------
    Tensor
        (...): the weighted mean. O(n causes k) time and memory.
    """
    # The log odds of an event of any cause.
    any_cause = torch.logsumexp(logit, -2)
    interval, passed = place(time, cuts)
    died = (cause > 0) & (interval < len(cuts))
    own = logit.flatten(-2)
    where = (cause - 1).clamp_min(0) * len(cuts) + interval.clamp_max(len(cuts) - 1)
    end_of_life = _at(own, where) - softplus(_at(any_cause, interval.clamp_max(len(cuts) - 1)))
    last = torch.where(died, end_of_life, _within(any_cause, interval, passed))
    total = _before(any_cause, interval) + last
    if entry is not None:
        total = total - log_survival(any_cause, entry, cuts)
    return mean_per_patient(-total, weight)


def log_survival(logit: Tensor, time: Tensor, cuts: Tensor) -> Tensor:
    """(..., n) log S for logits (..., n, k) at `time` (n,) or (1,), in a straight line of S between the cuts.

    Beyond the last cut nothing is known: S keeps its value there.

    Examples
    --------
    >>> log_survival(torch.zeros(1, 2), torch.tensor([1.0]), torch.tensor([2.0, 4.0])).exp().item()
    0.75
    """
    interval, passed = place(time, cuts)
    return _before(logit, interval) + _within(logit, interval, passed)


def place(time: Tensor, cuts: Tensor) -> tuple[Tensor, Tensor]:
    """(n,) interval of each time, k beyond the last cut, and which share of it had passed."""
    interval = torch.bucketize(time, cuts)
    begins = torch.cat([cuts.new_zeros(1), cuts])
    ends = torch.cat([cuts, cuts.new_tensor([torch.inf])])
    return interval, (time - begins[interval]) / (ends - begins)[interval]


def _before(logit: Tensor, interval: Tensor) -> Tensor:
    """(..., n) log probability of living through all intervals before each patient's own."""
    earlier = torch.arange(logit.shape[-1], device=logit.device) < interval[:, None]
    return -torch.where(earlier, softplus(logit), torch.zeros_like(logit)).sum(-1)


def _within(logit: Tensor, interval: Tensor, passed: Tensor) -> Tensor:
    """(..., n) log probability of living through the share `passed` of the interval: log(1 - passed * hazard)."""
    k = logit.shape[-1]
    own = _at(logit, interval.clamp_max(k - 1))
    left = torch.log1p(-passed.clamp(0, 1)).clamp_min(-1e9).to(logit.dtype)
    term = softplus(own + left) - softplus(own)
    return torch.where(interval < k, term, torch.zeros_like(term))


def _at(values: Tensor, index: Tensor) -> Tensor:
    return values.gather(-1, index[:, None].expand(*values.shape[:-1], 1))[..., 0]
