"""Weighted Cox regression against lifelines."""

from __future__ import annotations

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter

from stratomics.evaluation.metrics.weighted_cox import weighted_cox


def test_weighted_cox_equals_lifelines() -> None:
    rng = np.random.default_rng(1)
    x, weight = rng.normal(size=(200, 2)) * [1.0, 30.0], rng.integers(0, 4, 200).astype(float)
    time, event = rng.exponential(np.exp(-x @ [0.5, 0.02])), rng.random(200) < 0.7
    kept = np.repeat(np.arange(200), weight.astype(int))
    # Weights and copies must agree, because Breslow counts tied copies like separate events.
    table = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "time": time, "event": event, "weight": weight})
    model = CoxPHFitter().fit(table[table["weight"] > 0], "time", "event", weights_col="weight", robust=True)
    ours = weighted_cox(x, event, time, weight[None], np.zeros(200, dtype=np.int64))
    np.testing.assert_allclose(ours[0], model.params_[["a", "b"]], rtol=1e-4)
    copied = weighted_cox(
        x[kept], event[kept], time[kept], np.ones((1, len(kept))), np.zeros(len(kept), dtype=int)
    )
    np.testing.assert_allclose(ours, copied, rtol=1e-8)
