"""Simulated trials of two randomised doses: gains of twins, and their intervals, against the truth.

``--log-cli-level=INFO`` shows the figures.
"""

from __future__ import annotations

import logging

import numpy as np
from claims import Z, at_least, at_most, repetitions
from twin_trials import Gains, Setting, gains

log = logging.getLogger(__name__)

ENDPOINTS = ("survival", "response")


def results(count: int, setting: Setting) -> dict[str, list[Gains]]:
    """Gains of all trials, by endpoint."""
    rng = np.random.default_rng(1)
    trials = [gains(rng, setting) for _ in range(count)]
    return {name: [one[name] for one in trials] for name in ENDPOINTS}


def report(name: str, found: list[Gains]) -> tuple[float, float, int, float]:
    """Bias of the mean gain, its standard error, trials whose mean is covered, share of patients covered; logged."""
    apart = np.array([one.predicted - one.truth for one in found])
    error = float(apart.std(ddof=1) / np.sqrt(len(apart)))
    covered, patients = (
        sum(one.covers_mean for one in found),
        float(np.mean([one.covered for one in found])),
    )
    truth, penalised = (
        float(np.mean([getattr(one, key) for one in found])) for key in ("truth", "penalised")
    )
    log.info(
        "%s: truth %.4f, bias %.4f (SE %.4f), penalised %.4f, mean covered %.4f, patients %.4f",
        name, truth, apart.mean(), error, penalised, covered / len(found), patients,
    )  # fmt: skip
    return float(apart.mean()), error, covered, patients


@repetitions(12, 600, quick=True)
def test_gains_are_nearly_unbiased_with_one_and_with_three_measures(repetitions: int) -> None:
    for measures in (1, 3):
        found = results(repetitions, Setting(-0.7, 1.0, measures=measures))
        for name in ENDPOINTS:
            bias, error, covered, patients = report(f"{name}, {measures} measures", found[name])
            assert abs(bias) < 0.015 + Z * error
            assert at_least(0.85, repetitions, 8) <= covered <= at_most(0.95, repetitions, 8)
            assert patients > 0.65
            # The penalised regression alone finds less than two thirds.
            truth, penalised = (
                np.mean([getattr(one, key) for one in found[name]]) for key in ("truth", "penalised")
            )
            assert penalised < 0.65 * truth + Z * error


@repetitions(12, 600, quick=True)
def test_without_an_effect_gains_are_0_also_where_clearance_goes_with_the_disease(repetitions: int) -> None:
    for disease in (0.0, 0.8):
        found = results(repetitions, Setting(0.0, 0.0, disease))
        for name in ENDPOINTS:
            bias, error, covered, _ = report(f"{name}, disease {disease}", found[name])
            assert abs(bias) < Z * error
            assert at_least(0.85, repetitions, 8) <= covered <= at_most(0.95, repetitions, 8)
