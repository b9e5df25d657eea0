"""Small sets of patients with known analytes, for tests of panels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from omics.cohort.endpoints import Response, Survival
from stratomics.strata.panel.assay.prices import PriceList
from stratomics.strata.panel.learn import Learning
from stratomics.strata.panel.target import EndpointTarget
from stratomics.strata.panel.values import AnalyteName, AssayValues

Array = NDArray[np.float64]


def analytes(count: int, view: str = "rna") -> tuple[AnalyteName, ...]:
    """Names of analytes of one view."""
    return tuple(AnalyteName(view, f"g{number}") for number in range(count))


def values_of(x: Array, names: tuple[AnalyteName, ...] | None = None) -> AssayValues:
    """Values that were all measured and detected."""
    return AssayValues(analytes(x.shape[1]) if names is None else names, x, np.ones(x.shape, dtype=np.bool_))


def response_of(logit: Array, rng: np.random.Generator) -> Response:
    """Draw responses."""
    positive = rng.random(len(logit)) < 1 / (1 + np.exp(-logit))
    return Response(positive, np.ones(len(logit), dtype=np.bool_))


def survival_of(log_hazard: Array, rng: np.random.Generator) -> Survival:
    """Draw survival times, about a third of them censored."""
    time, end = rng.exponential(np.exp(-log_hazard)), rng.uniform(0.2, 4.0, len(log_hazard))
    return Survival(np.minimum(time, end), time < end, np.ones(len(time), dtype=np.bool_))


def planted(n: int, p: int, effects: Array, seed: int, kind: str = "response") -> Learning:
    """Patients whose outcome depends on the first analytes only."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, p))
    linear = x[:, : len(effects)] @ effects
    outcome = response_of(linear, rng) if kind == "response" else survival_of(linear, rng)
    values = values_of(x)
    return Learning(values, EndpointTarget(outcome), PriceList.equal().of(values.names))
