"""The weighted mean of what each patient costs: shared by the losses that are a mean per patient."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["mean_per_patient"]


def mean_per_patient(terms: Tensor, weight: Tensor | None = None) -> Tensor:
    """(...) weighted mean of (..., n); 0, connected to the graph, where nobody counts.

    Examples
    --------
    >>> mean_per_patient(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 0.0])).item()
    1.0
    """
    counts = torch.ones_like(terms) if weight is None else weight
    total = counts.sum(-1)
    return (counts * terms).sum(-1) / (total + (total == 0))
