"""Whether a control came out at chance, and what to say if it did not."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from stratomics.evaluation.cases import Cases
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.view_contributions import RANKS

__all__ = ["LEVEL", "control_row"]

CHANCE = 0.5
LEVEL = 0.01
"""How often a run of which everything is right would say that some control is off chance, at most."""


def control_row(cases: Cases, kind: str, weight: NDArray[np.float64], controls: int) -> dict[str, Any]:
    """Judge one of several `controls` by concordance or AUROC, whose chance is 0.5.

    Only better than chance is a fault: cross-validation of nothing comes out a little below it, since a patient who
    is left out moves the mean of those who train away from himself.

    Returns
    -------
    dict
        ``metric``, ``estimate``, ``low``, ``high`` (95%), one-sided ``p``, and ``off``, whether p is below LEVEL shared
        among the controls.
    """
    key = RANKS[kind]
    values = find_metric(key).function(cases, weight)
    low, high = np.nanquantile(values[1:], [0.025, 0.975])
    sd = float(np.nanstd(values[1:], ddof=1))
    p = float(norm.sf((values[0] - CHANCE) / sd)) if sd > 0 else 1.0
    return {
        "metric": key,
        "estimate": float(values[0]),
        "low": float(low),
        "high": float(high),
        "p": p,
        "off": p < LEVEL / controls,
    }
