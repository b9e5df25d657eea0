"""Harrell and Uno C of 100,000 patients, ours against scikit-survival, whose one run is enough."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

import numpy as np
from sksurv.metrics import concordance_index_censored, concordance_index_ipcw
from sksurv.util import Surv

from benchmarks.clock import cpu
from models.survival.kaplan_meier import StepFunction
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.metrics.concordance import harrell_c, uno_c

PATIENTS = 100_000


def rows() -> Iterator[str]:
    cases = patients(PATIENTS)
    outcome, one = Surv.from_arrays(cases.event, cases.time), np.ones((1, PATIENTS))
    risk = cases.risk[0]
    rivals = (
        ("Harrell C", harrell_c, lambda: concordance_index_censored(cases.event, cases.time, risk)[0]),
        ("Uno C", uno_c, lambda: concordance_index_ipcw(outcome, outcome, risk)[0]),
    )
    for name, ours, theirs in rivals:
        ours(cases, one)  # numba compiles, or reads what it compiled before
        seconds = statistics.median(cpu(lambda: ours(cases, one)) for _ in range(7))  # noqa: B023  # called at once
        found: list[float] = []
        others = cpu(lambda: found.append(theirs()))  # noqa: B023  # called at once
        apart = abs(float(ours(cases, one)[0]) - found[0])
        yield (
            f"{name}, n {PATIENTS}: ours {seconds:.3f} CPU s, scikit-survival {others:.1f} CPU s, "
            f"figures {apart:.0e} apart"
        )


def patients(n: int) -> SurvivalCases:
    """Exponential times of a risk seen through noise, about a third censored, nobody tied."""
    rng = np.random.default_rng(0)
    risk = rng.normal(size=(1, n))
    time, censored = rng.exponential(np.exp(-risk[0] - rng.normal(size=n))), rng.exponential(3.0, n)
    event, time = time < censored, np.minimum(time, censored)
    # Nobody dies at the very end, where scikit-survival has nobody to weigh by.
    event[np.argmax(time)] = False
    curves = (StepFunction(np.array([1.0]), np.full((n, 1), 0.5)),)
    fold = np.zeros((1, n), dtype=np.int64)
    return SurvivalCases(event, time, risk, fold, np.array([1.0]), 1.0, curves, np.full((1, n), np.inf))
