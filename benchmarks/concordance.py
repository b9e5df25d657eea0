"""Harrell and Uno C of 100,000 patients, compared with a single run of scikit-survival."""

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
    comparisons = (
        ("Harrell C", harrell_c, lambda: concordance_index_censored(cases.event, cases.time, risk)[0]),
        ("Uno C", uno_c, lambda: concordance_index_ipcw(outcome, outcome, risk)[0]),
    )
    for name, ours, theirs in comparisons:
        ours(cases, one)  # numba compiles, or loads its cache
        seconds = statistics.median(cpu(lambda: ours(cases, one)) for _ in range(7))  # noqa: B023  # called at once
        reference: list[float] = []
        others = cpu(lambda: reference.append(theirs()))  # noqa: B023  # called at once
        difference = abs(float(ours(cases, one)[0]) - reference[0])
        yield (
            f"{name}, n {PATIENTS}: stratomics {seconds:.3f} CPU s, scikit-survival {others:.1f} CPU s, "
            f"difference of the estimates {difference:.0e}"
        )


def patients(n: int) -> SurvivalCases:
    """Exponential times with a noisy risk score, about a third censored, without ties."""
    rng = np.random.default_rng(0)
    risk = rng.normal(size=(1, n))
    time, censored = rng.exponential(np.exp(-risk[0] - rng.normal(size=n))), rng.exponential(3.0, n)
    event, time = time < censored, np.minimum(time, censored)
    # The last patient is censored: at an event there, scikit-survival cannot compute its weights.
    event[np.argmax(time)] = False
    curves = (StepFunction(np.array([1.0]), np.full((n, 1), 0.5)),)
    fold = np.zeros((1, n), dtype=np.int64)
    return SurvivalCases(event, time, risk, fold, np.array([1.0]), 1.0, curves, np.full((1, n), np.inf))
