"""Weighted mean over patients, shared by the losses that are a mean per patient."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["mean_per_patient"]


def mean_per_patient(terms: Tensor, weight: Tensor | None = None) -> Tensor:
    """Weighted mean over patients.

    Parameters
    ----------
    terms
        (..., n) loss of each patient.
    weight
        (..., n) weight of each patient; 1 by default.

    Returns
    -------
    Tensor
        (...) means; 0, connected to the graph, where all weights are 0.

    Examples
    --------
    >>> mean_per_patient(torch.tensor([1.0, 3.0]), torch.tensor([1.0, 0.0])).item()
    1.0
    """
    counts = torch.ones_like(terms) if weight is None else weight
    total = counts.sum(-1)
    return (counts * terms).sum(-1) / (total + (total == 0))
