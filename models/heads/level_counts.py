"""Frequencies of the levels of a response among the training patients of each member."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from models.heads.head import ResponseTarget

__all__ = ["level_frequencies"]


def level_frequencies(target: ResponseTarget, levels: int) -> NDArray[np.float64]:
    """Frequencies of the levels among the training patients of each member.

    Parameters
    ----------
    target
        Levels (n,) and weights (members, n) of the patients.
    levels
        Number of levels.

    Returns
    -------
    ndarray
        (members, levels) frequencies, with half a patient added to each level.
    """
    indicator = torch.nn.functional.one_hot(target.level, levels).to(target.weight)
    counts = (target.weight @ indicator + 0.5).double()
    frequency: NDArray[np.float64] = (counts / counts.sum(-1, keepdim=True)).numpy()
    return frequency
