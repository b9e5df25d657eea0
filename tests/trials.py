"""Real trials of ../shared for the tests of enrichment, and small ones to break."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from omics.endpoints import Response, Survival
from stratomics.enrichment.trial import Trial
from stratomics.enrichment.trial_table import trial_of

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden" / "enrichment.json").read_text())

Find = Callable[[str], Path]


def actg175(shared: Find) -> pd.DataFrame:
    """Any drug against ZDV alone; response: 50 CD4 cells more in week 20."""
    table = pd.read_csv(shared("trials/actg175.csv"))
    drug, response = (table["arms"] > 0).astype(int), (table["cd420"] - table["cd40"] >= 50).astype(int)
    return table.assign(drug=drug, response=response)


def big198(shared: Find) -> tuple[Trial, Any]:
    """Letrozole (1) against tamoxifen (2), and Ki-67."""
    table = pd.read_csv(shared("trials/big198_ki67.csv"))
    trial = trial_of(table, "trt", "2", time="time", event="event")[0]
    return trial, table["ki67"].to_numpy(dtype=np.float64)


def survival_trial(seed: int, n: int = 120, *, ties: bool = False) -> Trial:
    """Exponential times, about a third censored."""
    rng = np.random.default_rng(seed)
    treated = rng.permutation(n) % 2 == 0
    time, censored = rng.exponential(np.where(treated, 1.5, 1.0)), rng.exponential(2.5, n)
    event, seen = time < censored, np.minimum(time, censored)
    if ties:
        seen = np.ceil(4 * seen) / 4
    return Trial(treated, Survival(seen, event, np.ones(n, dtype=np.bool_)), np.full(n, 0.5))


def response_trial(seed: int, n: int = 200) -> Trial:
    rng = np.random.default_rng(seed)
    treated = rng.permutation(n) % 2 == 0
    positive = rng.random(n) < np.where(treated, 0.5, 0.3)
    return Trial(treated, Response(positive, np.ones(n, dtype=np.bool_)), np.full(n, 0.5))
