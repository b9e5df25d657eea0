"""Simulated cases of a survival endpoint, for tests of metrics."""

from __future__ import annotations

import numpy as np

from models.survival.kaplan_meier import StepFunction
from stratomics.evaluation.cases import SurvivalCases


def made_up(
    n: int = 60, repeats: int = 2, folds: int = 3, seed: int = 0, ties: bool = True, noise: float = 1.0
) -> SurvivalCases:
    """Exponential times with a log hazard that is the risk of the first repeat; curves of the risk, on the grid."""
    rng = np.random.default_rng(seed)
    risk = noise * rng.normal(size=(repeats, n))
    if ties:
        risk = risk.round(1)
    time, censored = rng.exponential(np.exp(-risk[0])), rng.exponential(1.5, size=n)
    event, time = time < censored, np.minimum(time, censored)
    time = np.ceil(time * 20) if ties else time
    # The last patient is censored, because the censoring weights are undefined at the last event.
    event[time == time.max()] = False
    grid = np.linspace(time.min(), time.max(), 102)[1:-1]
    fold = np.array([rng.permutation(np.arange(n) % folds) for _ in range(repeats)])
    return with_survival(event, time, risk, fold, grid, exponential(grid, risk, time.mean()))


def exponential(times: np.ndarray, risk: np.ndarray, scale: float) -> np.ndarray:
    """(..., times) survival with hazard ``exp(risk - 1) / scale``."""
    return np.exp(-times * np.exp(risk - 1)[..., None] / scale)


def with_survival(
    event: np.ndarray,
    time: np.ndarray,
    risk: np.ndarray,
    fold: np.ndarray,
    steps: np.ndarray,
    survival: np.ndarray,
    bound: np.ndarray | None = None,
) -> SurvivalCases:
    """Cases with curves that have the values (repeats, n, steps) from each step on."""
    curves = tuple(StepFunction(steps, values) for values in survival)
    grid = np.linspace(time.min(), time.max(), 102)[1:-1]
    horizon = float(np.median(time[event]))
    return SurvivalCases(event, time, risk, fold, grid, horizon, curves, np.full(risk.shape, np.inf), bound)
