"""Likelihoods of a response: binary, ordered levels, unordered classes."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid, softplus

from models.losses.mean import mean_per_patient

__all__ = ["binary_cross_entropy", "cumulative_logit", "level_log_probability", "multinomial"]


def binary_cross_entropy(logit: Tensor, positive: Tensor, weight: Tensor | None = None) -> Tensor:
    """Negative log likelihood per patient of a binary response.

    Parameters
    ----------
    logit
        (..., n) log odds of the positive class; leading dimensions are members.
    positive
        (n,) bool.
    weight
        (..., n) weight of each patient, 0 for held-out patients; 1 by default.

    Returns
    -------
    Tensor
        (...) weighted mean; 0, connected to the graph, for a member without patients.

    Examples
    --------
    >>> binary_cross_entropy(torch.zeros(2), torch.tensor([True, False])).item()
    0.6931471824645996
    """
    # softplus is log(1 + exp(x)) without overflow and without loss of small terms.
    return mean_per_patient(softplus(torch.where(positive, -logit, logit)), weight)


def cumulative_logit(estimate: Tensor, level: Tensor, weight: Tensor | None = None) -> Tensor:
    """Negative log likelihood per patient of ordered levels (McCullagh 1980, doi 10.1111/j.2517-6161.1980.tb01109.x).

    The log odds of a level above 0 are ``estimate[..., 0]``. The log odds of a level above k are lower by
    ``softplus(estimate[..., j] - estimate[..., 0])`` for each j up to k, so that thresholds are always in order.

    Parameters
    ----------
    estimate
        (..., n, levels - 1) as described above.
    level
        (n,) int, 0 is the lowest level.
    weight
        (..., n) as in :func:`binary_cross_entropy`.

    Returns
    -------
    Tensor
        (...) weighted mean. O(n levels) time and memory.

    Examples
    --------
    >>> cumulative_logit(torch.tensor([[0.0], [0.0]]), torch.tensor([0, 1])).item()
    0.6931471824645996
    """
    return mean_per_patient(-_at_level(level_log_probability(estimate), level), weight)


def level_log_probability(estimate: Tensor) -> Tensor:
    """(..., n, levels) log probability of each level, for estimates of :func:`cumulative_logit`."""
    apart = estimate[..., 1:] - estimate[..., :1]
    gaps = torch.cat([torch.zeros_like(estimate[..., :1]), softplus(apart)], -1)
    above = estimate[..., :1] - gaps.cumsum(-1)
    # P(a) - P(b) = P(a) P(-b) (1 - exp(b - a)), and the last factor is the sigmoid of the argument of `softplus`.
    beyond = logsigmoid(above)
    below = logsigmoid(-above)
    none = torch.zeros_like(beyond[..., :1])
    ends = torch.cat([none, beyond], -1) + torch.cat([below, none], -1)
    return ends + torch.cat([none, logsigmoid(apart), none], -1)


def multinomial(logit: Tensor, level: Tensor, weight: Tensor | None = None) -> Tensor:
    """Negative log likelihood per patient of unordered classes (softmax cross-entropy).

    Parameters
    ----------
    logit
        (..., n, classes); a constant per patient has no effect.
    level
        (n,) int, index of the class.
    weight
        (..., n) as in :func:`binary_cross_entropy`.

    Returns
    -------
    Tensor
        (...) weighted mean. O(n classes) time and memory.

    Examples
    --------
    >>> multinomial(torch.zeros(2, 4), torch.tensor([0, 3])).item()
    1.3862943649291992
    """
    return mean_per_patient(-_at_level(torch.log_softmax(logit, -1), level), weight)


def _at_level(terms: Tensor, level: Tensor) -> Tensor:
    """(..., n) entry of the level of each patient."""
    return terms.gather(-1, level[:, None].expand(*terms.shape[:-1], 1))[..., 0]
