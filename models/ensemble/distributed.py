"""Patients of a batch shared out among processes that train one network together; alone one has them all."""

from __future__ import annotations

import torch
from torch import Tensor, distributed
from torch.nn.functional import pad

__all__ = ["gather_ranks", "rank_slice"]


def rank_slice(n: int) -> slice:
    """Give this process's share of the `n` patients of a batch, the same batch in every process.

    Examples
    --------
    >>> rank_slice(5)
    slice(0, 5, None)
    """
    count, rank = _together()
    size = -(-n // count)
    return slice(min(rank * size, n), min((rank + 1) * size, n))


def gather_ranks(own: Tensor, n: int, dim: int = 0) -> Tensor:
    """Put together what the network says of all `n` patients, each process having seen its :func:`rank_slice`.

    So each process has the loss of the whole batch, whatever that compares: the risk sets of a Cox loss do not end
    where a share does. The gradient runs through a process's own patients alone, as many times as there are processes,
    whose mean, which they take next (Li et al. 2020, doi 10.14778/3415478.3415530), is then the gradient of one process
    that has them all.

    Parameters
    ----------
    own
        The patients of this process along dimension `dim`.
    n
        Of all processes.
    dim
        Dimension of the patients.

    Returns
    -------
    Tensor
        `n` patients along `dim`; `own` itself where there is one process.

    Examples
    --------
    >>> gather_ranks(torch.tensor([1.0, 2.0]), 2).tolist()
    [1.0, 2.0]
    """
    count, rank = _together()
    if count == 1:
        return own
    size = -(-n // count)
    # Shares are sent in one size; the last may be smaller.
    missing = [0, 0] * (own.ndim - dim % own.ndim - 1) + [0, size - own.shape[dim]]
    mine = pad(own, missing).contiguous()
    parts = [torch.empty_like(mine) for _ in range(count)]
    distributed.all_gather(parts, mine.detach())
    parts[rank] = mine + (count - 1) * (mine - mine.detach())
    return torch.cat(parts, dim).narrow(dim, 0, n)


def _together() -> tuple[int, int]:
    """How many processes train together, and which of them this is."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return 1, 0
    return distributed.get_world_size(), distributed.get_rank()
