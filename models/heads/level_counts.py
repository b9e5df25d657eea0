"""How often each member met each level."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from models.heads.head import ResponseTarget

__all__ = ["level_frequencies"]


def level_frequencies(target: ResponseTarget, levels: int) -> NDArray[np.float64]:
    """(members, levels) frequencies among the patients of each member, a half added to each level."""
    own = torch.nn.functional.one_hot(target.level, levels).to(target.weight)
    counts = (target.weight @ own + 0.5).double()
    frequency: NDArray[np.float64] = (counts / counts.sum(-1, keepdim=True)).numpy()
    return frequency
