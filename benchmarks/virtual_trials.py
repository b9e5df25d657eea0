"""10,000 virtual trials of 500 patients, each plan in each of the five effect scenarios."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator

from benchmarks.clock import cpu
from stratomics.enrichment.design import AdaptiveEnrichment, Assay, Setting, StepRate, obrien_fleming
from stratomics.enrichment.virtual import (
    AdaptiveTrial,
    AllComers,
    EnrichmentTrial,
    LogHazardRatio,
    NormalPrior,
    StratifiedTrial,
    virtual_trials,
)

TRIALS, PATIENTS = 10_000, 500


def rows() -> Iterator[str]:
    # Baseline hazards with 60 steps, as of a recalibrated curve; an imperfect assay; some loss to follow-up.
    monthly = tuple(0.02 + 0.06 * math.exp(-month / 12.0) for month in range(60))
    hazard = StepRate(tuple(float(month) for month in range(60)), monthly)
    setting = Setting(
        Assay(0.4, 0.85, 0.9), hazard, hazard.scaled(0.7), StepRate.constant(30.0), dropout=0.005
    )
    prior = NormalPrior(LogHazardRatio(math.log(0.6), 0.15), LogHazardRatio(math.log(0.9), 0.12))
    plans = {
        "all comers, one look": AllComers(PATIENTS, 300),
        "all comers, three looks": AllComers(PATIENTS, 300, obrien_fleming(3)),
        "enrichment": EnrichmentTrial(PATIENTS, 300),
        "stratified": StratifiedTrial(PATIENTS, 300),
        "adaptive": AdaptiveTrial(PATIENTS, AdaptiveEnrichment(0.4, (90, 200))),
        "adaptive, split by patients": AdaptiveTrial(PATIENTS, AdaptiveEnrichment(0.4, (90, 150)), split=6.0),
    }
    for name, plan in plans.items():
        start = time.perf_counter()
        seconds = cpu(lambda: virtual_trials({name: plan}, setting, prior, TRIALS, seed=0))  # noqa: B023  # called at once
        wall = time.perf_counter() - start
        yield (
            f"{name}: {TRIALS} trials of {PATIENTS} patients, {wall / 5:.1f} s ({seconds / 5:.1f} CPU s) per scenario, "
            f"{wall:.1f} s ({seconds:.1f} CPU s) for all five"
        )
