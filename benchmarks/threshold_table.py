"""A threshold table: twelve cuts, 2,685 patients, 1,000 bootstraps and 1,000 permutations; and one hazard ratio."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

import numpy as np
import pandas as pd
from lifelines import CoxPHFitter

from benchmarks.clock import cpu
from omics.cohort.endpoints import Survival
from stratomics.enrichment.effects.effect import measure_of
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.selection.cut_search import search_cuts
from stratomics.enrichment.selection.cuts import marker_cuts
from stratomics.enrichment.selection.threshold_table import threshold_table

PATIENTS, CUTS = 2_685, (4, 5, 6, 8, 10, 11, 12, 14, 15, 18, 20, 25)


def rows() -> Iterator[str]:
    trial, marker = patients(PATIENTS)
    measure, cuts = measure_of(trial), marker_cuts(trial, marker, CUTS)
    search_cuts(measure, cuts, 0, draws=20)  # numba compiles, or loads its cache
    seconds = [
        cpu(lambda: (threshold_table(trial, measure, cuts), search_cuts(measure, cuts, 0))) for _ in range(3)
    ]
    yield f"hazard ratio: {statistics.median(seconds):.1f} CPU s (target: at most 15)"
    for name in ("rmst", "survival"):
        other = measure_of(trial, name, 4.0)
        yield f"{name} at 4 years: {cpu(lambda: search_cuts(other, cuts, 0)):.1f} CPU s"  # noqa: B023  # called at once
    count = (
        np.random.default_rng(0)
        .multinomial(PATIENTS, np.full(PATIENTS, 1 / PATIENTS), size=100)
        .astype(float)
    )
    ours = statistics.median(cpu(lambda: measure.effects(count)) for _ in range(5)) / len(count)
    table = pd.DataFrame(
        {"t": trial.survival.time, "e": trial.survival.event, "x": trial.treated.astype(float)}
    )
    theirs = statistics.median(cpu(lambda: CoxPHFitter().fit(table, "t", "e")) for _ in range(5))
    yield f"one hazard ratio: stratomics {1e3 * ours:.2f} CPU ms, lifelines {1e3 * theirs:.0f} CPU ms"


def patients(n: int) -> tuple[Trial, np.ndarray]:
    """A marker with the skewness of Ki-67, a tenth with events, times in hundredths of a year."""
    rng = np.random.default_rng(0)
    marker, treated = np.round(rng.gamma(1.4, 9.6, n)), rng.permutation(n) % 2 == 0
    time = rng.exponential(30 * np.exp(-0.02 * marker + treated * (0.2 + 0.02 * marker)))
    censored = rng.uniform(1.0, 7.4, n)
    outcome = Survival(np.minimum(time, censored).round(2), time < censored, np.ones(n, dtype=np.bool_))
    return Trial(treated, outcome, np.full(n, 0.5)), marker
