"""How ``metrics.json`` was made: figures of other people's packages for the cases that it holds.

SurvivalEVAL 0.9.0 (GPL-3), torchsurv 0.2.0 (MIT), uncertainty-calibration 0.1.4 (MIT):
``pip install --no-deps SurvivalEVAL torchsurv uncertainty-calibration patsy`` beside torch, pandas and scikit-learn,
then ``python tests/golden/make_metrics.py tests/golden/metrics.json``.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

N = 300


def patients() -> dict[str, Any]:
    """Curves ``exp(-(t / scale)^shape)`` that cross and are not calibrated, without ties."""
    rng = np.random.default_rng(7)
    x = rng.normal(size=N)
    time, censored = rng.exponential(np.exp(-x)), rng.exponential(2.0, N)
    return {
        "event": (time < censored).tolist(),
        "time": np.minimum(time, censored).round(6).tolist(),
        "scale": np.exp(-1.3 * x + rng.normal(0, 0.4, N)).round(6).tolist(),
        "shape": rng.uniform(0.8, 1.6, N).round(6).tolist(),
        "probability": rng.uniform(0.02, 0.98, N).round(6).tolist(),
        "positive": (rng.random(N) < 0.5).tolist(),
    }


def figures(data: dict[str, Any]) -> dict[str, Any]:
    """Each package's figures; imported here, since the tests collect this file and go without them."""
    import torch
    from SurvivalEVAL.evaluations.calibration.distributional.distribution_calibration import d_calibration
    from SurvivalEVAL.evaluations.calibration.distributional.km_calibration import km_calibration
    from SurvivalEVAL.evaluations.calibration.single_time.integrated_calibration_index import (
        integrated_calibration_index,
    )
    from SurvivalEVAL.evaluations.discrimination.distributional.time_dependent_concordance import (
        concordance_time_dependent,
    )
    from torchsurv.metrics.auc import Auc
    from torchsurv.metrics.brier_score import BrierScore
    from torchsurv.metrics.cindex import ConcordanceIndex
    from torchsurv.stats.ipcw import get_ipcw

    event, time = np.array(data["event"]), np.array(data["time"])
    scale, shape = np.array(data["scale"]), np.array(data["shape"])

    def survival(at: np.ndarray) -> np.ndarray:
        return np.exp(-((at[None] / scale[:, None]) ** shape[:, None]))

    own = np.exp(-((time / scale) ** shape))
    horizon = float(np.median(time[event]))
    statistic, p, counts = d_calibration(own, event)
    ici = integrated_calibration_index(1 - survival(np.array([horizon]))[:, 0], time, event, horizon)
    fine = np.linspace(0, time.max(), 4001)
    kaplan = km_calibration(survival(fine).mean(axis=0), fine, time, event)
    antolini = concordance_time_dependent(1 - survival(time[event]), time, event)
    died, when = torch.tensor(event), torch.tensor(time, dtype=torch.float32)
    at = np.quantile(time, [0.2, 0.4, 0.6, 0.8])
    grid = torch.tensor(at, dtype=torch.float32)
    weight, weight_at = get_ipcw(died, when), get_ipcw(died, when, grid)
    alive = torch.tensor(survival(at), dtype=torch.float32)
    risk = torch.tensor(-np.log(scale), dtype=torch.float32)
    return {
        "SurvivalEVAL": {
            "d_calibration": {"statistic": float(statistic), "p": float(p), "counts": counts.tolist()},
            "ici": float(ici["ICI"]),
            "km_calibration_squared": float(kaplan),
            "antolini_c": float(antolini[0]),
        },
        "torchsurv": {
            "times": at.tolist(),
            "brier": BrierScore()(alive, died, when, grid, weight=weight, weight_new_time=weight_at).tolist(),
            "auc": Auc()(1 - alive, died, when, "cumulative", weight, grid, weight_at).tolist(),
            "harrell_c": float(ConcordanceIndex()(risk, died, when)),
            "uno_c": float(ConcordanceIndex()(risk, died, when, weight=weight)),
        },
        "uncertainty-calibration": {"squared_ece": _ece(data)},
    }


def _ece(data: dict[str, Any]) -> float:
    """Unbiased squared calibration error over ten bins of equal size."""
    import calibration as uncertainty

    pairs = list(zip(data["probability"], data["positive"], strict=True))
    bins = uncertainty.utils.get_equal_bins(data["probability"], num_bins=10)
    return float(uncertainty.utils.unbiased_square_ce(uncertainty.utils.bin(pairs, bins)))


if __name__ == "__main__":
    data = patients()
    names = ("SurvivalEVAL", "torchsurv", "uncertainty-calibration", "torch", "numpy")
    content = {
        "made_by": "tests/golden/make_metrics.py",
        "versions": {name: version(name) for name in names},
        "data": data,
        "figures": figures(data),
    }
    Path(sys.argv[1]).write_text(json.dumps(content, indent=1) + "\n")
