"""Divide the patients of a batch among the processes that train one network together; one process gets all of them."""

from __future__ import annotations

import torch
from torch import Tensor, distributed
from torch.nn.functional import pad

__all__ = ["gather_ranks", "rank_slice"]


def rank_slice(n: int) -> slice:
    """Rows of this process among the `n` patients of a batch; every process has the same batch.

    Examples
    --------
    >>> rank_slice(5)
    slice(0, 5, None)
    """
    count, rank = _world()
    size = -(-n // count)
    return slice(min(rank * size, n), min((rank + 1) * size, n))


def gather_ranks(values: Tensor, n: int, dim: int = 0) -> Tensor:
    """Collect the network's output for all `n` patients; each process has computed it for its :func:`rank_slice`.

    Every process then computes the loss of the whole batch. This matters for losses that compare patients: the risk
    sets of a Cox loss contain patients of all processes. The gradient flows only through the patients of this process,
    multiplied by the number of processes. The processes then average their gradients (Li et al. 2020,
    doi 10.14778/3415478.3415530), which gives the gradient that a single process with all patients would have.

    Parameters
    ----------
    values
        Output for the patients of this process, along dimension `dim`.
    n
        Number of patients of all processes.
    dim
        Dimension of the patients.

    Returns
    -------
    Tensor
        Output for `n` patients along `dim`; `values` itself if there is one process.

    Examples
    --------
    >>> gather_ranks(torch.tensor([1.0, 2.0]), 2).tolist()
    [1.0, 2.0]
    """
    count, rank = _world()
    if count == 1:
        return values
    size = -(-n // count)
    # all_gather needs equal sizes; the last part may be smaller and is padded.
    missing = [0, 0] * (values.ndim - dim % values.ndim - 1) + [0, size - values.shape[dim]]
    padded = pad(values, missing).contiguous()
    parts = [torch.empty_like(padded) for _ in range(count)]
    distributed.all_gather(parts, padded.detach())
    parts[rank] = padded + (count - 1) * (padded - padded.detach())
    return torch.cat(parts, dim).narrow(dim, 0, n)


def _world() -> tuple[int, int]:
    """Return the number of processes that train together, and the rank of this one."""
    if not (distributed.is_available() and distributed.is_initialized()):
        return 1, 0
    return distributed.get_world_size(), distributed.get_rank()
