"""Likelihoods of a response: yes or no, ordered levels, classes without order."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus

from models.losses.mean import mean_per_patient

__all__ = ["binary_cross_entropy", "cumulative_logit", "level_log_probability", "multinomial"]


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
    # A log of 1 + exp that neither overflows nor loses a small term.
    return mean_per_patient(softplus(torch.where(positive, -logit, logit)), weight)


def cumulative_logit(estimate: Tensor, level: Tensor, weight: Tensor | None = None) -> Tensor:
    """Negative log likelihood a patient of ordered levels (McCullagh 1980, doi 10.1111/j.2517-6161.1980.tb01109.x).

    The log odds of being above level 0 are ``estimate[..., 0]``; those of being above level k are lower by
    ``softplus(estimate[..., j] - estimate[..., 0])`` for each j up to k, so that thresholds are always in order.

    Parameters
    ----------
    estimate
        (..., n, levels - 1).
    level
        (n,) int, 0 the lowest.
    weight
        (..., n) as for :func:`binary_cross_entropy`.

    Returns
    -------
    Tensor
        (...): the weighted mean. O(n levels) time and memory.

    Examples
    --------
    >>> cumulative_logit(torch.tensor([[0.0], [0.0]]), torch.tensor([0, 1])).item()
    0.6931471824645996
    """
    return mean_per_patient(-_own(level_log_probability(estimate), level), weight)


def level_log_probability(estimate: Tensor) -> Tensor:
    """(..., n, levels) log probability of each level, for estimates as :func:`cumulative_logit` takes them."""
    apart = estimate[..., 1:] - estimate[..., :1]
    gaps = torch.cat([torch.zeros_like(estimate[..., :1]), softplus(apart)], -1)
    above = estimate[..., :1] - gaps.cumsum(-1)
    # P(a) - P(b) = P(a) P(-b) (1 - exp(b - a)), and the last factor is the sigmoid of what `softplus` was given.
    beyond = logsigmoid(above)
    below = logsigmoid(-above)
    none = torch.zeros_like(beyond[..., :1])
    ends = torch.cat([none, beyond], -1) + torch.cat([below, none], -1)
    return ends + torch.cat([none, logsigmoid(apart), none], -1)


def multinomial(logit: Tensor, level: Tensor, weight: Tensor | None = None) -> Tensor:
    """Negative log likelihood a patient of classes without order.

    Parameters
    ----------
    logit
        (..., n, classes), free up to a constant of each patient.
    level
        (n,) int, the class.
    weight
        (..., n) as for :func:`binary_cross_entropy`.

    Returns
    -------
    Tensor
        (...): the weighted mean. O(n classes) time and memory.

    Examples
    --------
    >>> multinomial(torch.zeros(2, 4), torch.tensor([0, 3])).item()
    1.3862943649291992
    """
    return mean_per_patient(-_own(torch.log_softmax(logit, -1), level), weight)


def _own(terms: Tensor, level: Tensor) -> Tensor:
    """(..., n) entry of each patient's own level."""
    return terms.gather(-1, level[:, None].expand(*terms.shape[:-1], 1))[..., 0]
