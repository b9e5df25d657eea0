"""Survival cases made up for tests of metrics."""

from __future__ import annotations

import numpy as np

from models.survival.kaplan_meier import StepFunction
from stratomics.evaluation.cases import SurvivalCases


def made_up(
    n: int = 60, repeats: int = 2, folds: int = 3, seed: int = 0, ties: bool = True, noise: float = 1.0
) -> SurvivalCases:
    """Exponential times of a risk seen exactly in the first repeat; curves of that risk, on the grid."""
    rng = np.random.default_rng(seed)
    risk = noise * rng.normal(size=(repeats, n))
    if ties:
        risk = risk.round(1)
    time, censored = rng.exponential(np.exp(-risk[0])), rng.exponential(1.5, size=n)
    event, time = time < censored, np.minimum(time, censored)
    time = np.ceil(time * 20) if ties else time
    # Nobody dies at the very end, where nobody is left to weigh by.
    event[time == time.max()] = False
    grid = np.linspace(time.min(), time.max(), 102)[1:-1]
    fold = np.array([rng.permutation(np.arange(n) % folds) for _ in range(repeats)])
    return with_survival(event, time, risk, fold, grid, exponential(grid, risk, time.mean()))


def exponential(times: np.ndarray, risk: np.ndarray, scale: float) -> np.ndarray:
    """(..., times) survival of the hazard ``exp(risk - 1) / scale``."""
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
    """Cases whose curves have the values (repeats, n, steps) from those steps on."""
    curves = tuple(StepFunction(steps, values) for values in survival)
    grid = np.linspace(time.min(), time.max(), 102)[1:-1]
    horizon = float(np.median(time[event]))
    return SurvivalCases(event, time, risk, fold, grid, horizon, curves, np.full(risk.shape, np.inf), bound)
