"""Coverage of the 95% intervals of cross-validated metrics for the metric of the final model in new patients."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pytest
from claims import at_least
from claims import repetitions as sizes
from numpy.typing import NDArray
from scipy.special import expit

from models.linear.cox_net import CoxLikelihood
from models.linear.group_ridge import ridge
from models.linear.logistic_net import LogisticLikelihood
from models.survival.breslow import BreslowBaseline
from models.survival.kaplan_meier import StepFunction
from stratomics.evaluation.cases import Cases, ResponseCases, SurvivalCases
from stratomics.evaluation.comparison import compare
from stratomics.evaluation.metrics.metric import find_metric

Array = NDArray[np.float64]

NEW, DRAWS, FULL = 1000, 300, 400
FOLDS, REPEATS = 5, 5
METRICS = {"response": ("log_loss", "auroc", "brier"), "survival": ("ibs", "harrell_c")}
PENALTIES = {"stratomics": np.r_[np.ones(3), np.full(20, 10.0)], "clinical": np.ones(3)}
"""Method -> ridge penalty of each of its inputs: covariates and features, or covariates alone."""
END = 2.0
"""Time at which follow-up ends."""
GRID = np.linspace(0.05, 0.95 * END, 100)
LEAST, MEAN = 0.89, (0.93, 0.97)
"""Least coverage of each interval, and limits of the mean coverage of all intervals of one kind and size."""
ERROR = float(np.sqrt(0.05 * 0.95 / FULL))
"""Monte Carlo standard error of one coverage: 1.1%."""


class Patients:
    """n patients with three covariates, twenty features of which ten matter, and an outcome."""

    def __init__(self, rng: np.random.Generator, kind: str, n: int) -> None:
        self.x = rng.standard_normal((n, 23))
        truth = 0.5 * self.x[:, 0] + self.x[:, 3:13].sum(axis=1) / np.sqrt(10)
        self.kind = kind
        if kind == "response":
            self.event, self.time = rng.random(n) < expit(truth), np.zeros(n)
        else:
            time, censored = rng.exponential(np.exp(-truth)), np.minimum(rng.exponential(3.0, n), END)
            self.event, self.time = time < censored, np.minimum(time, censored)

    def predicted(self, penalties: Array, train: NDArray[np.bool_], new: Array) -> Array:
        """(m, 1) probabilities, or (m, 101) log hazard and survival on GRID, by a model of the rows `train`."""
        x, new = self.x[train][:, : len(penalties)], new[:, : len(penalties)]
        event, time = self.event[train], self.time[train]
        if self.kind == "response":
            likelihood = LogisticLikelihood(event)
            slope, _ = ridge(x, penalties, likelihood)
            return expit(likelihood.intercept(x @ slope) + new @ slope)[:, None]
        slope, _ = ridge(x, penalties, CoxLikelihood(event, time))
        baseline = BreslowBaseline.fit(x @ slope, event, time)
        curve = StepFunction(baseline.times, baseline.survival(new @ slope))
        return np.column_stack([new @ slope, curve(GRID)])

    def cases(self, predicted: Array, fold: NDArray[np.int64]) -> Cases:
        """Join predictions (repeats, n, 1 or 101) with the outcome."""
        if self.kind == "response":
            return ResponseCases(self.event, predicted[..., 0], fold)
        curves = tuple(StepFunction(GRID, values) for values in predicted[..., 1:])
        end = np.full(fold.shape, np.inf)
        return SurvivalCases(self.event, self.time, predicted[..., 0], fold, GRID, END / 2, curves, end)


def cross_validated(patients: Patients, rng: np.random.Generator) -> dict[str, Cases]:
    """Each method by repeated cross-validation, stratified by the outcome."""
    n = len(patients.x)
    fold = np.empty((REPEATS, n), dtype=np.int64)
    for numbers in fold:
        order = rng.permutation(n)
        order = order[np.argsort(patients.event[order], kind="stable")]
        numbers[order] = np.arange(n) % FOLDS
    cases = {}
    for name, penalties in PENALTIES.items():
        parts = np.empty((REPEATS, n, 1 if patients.kind == "response" else 101))
        for predicted, numbers in zip(parts, fold, strict=True):
            for number in range(FOLDS):
                test = numbers == number
                predicted[test] = patients.predicted(penalties, ~test, patients.x[test])
        cases[name] = patients.cases(parts, fold)
    return cases


def in_new_patients(patients: Patients, new: Patients) -> Mapping[str, Cases]:
    """Each method, fitted to all patients, in new patients."""
    everyone, fold = np.ones(len(patients.x), dtype=bool), np.zeros((1, NEW), dtype=np.int64)
    return {
        name: new.cases(patients.predicted(penalties, everyone, new.x)[None], fold)
        for name, penalties in PENALTIES.items()
    }


def covered(kind: str, n: int, seed: int) -> dict[tuple[str, str], bool]:
    """Metric, and method or difference -> whether the interval includes the value in new patients."""
    rng = np.random.default_rng([seed, n])
    patients, new = Patients(rng, kind, n), Patients(rng, kind, NEW)
    comparison = compare(cross_validated(patients, rng), "e", kind, METRICS[kind][0], DRAWS, seed)
    results, truth = {}, in_new_patients(patients, new)
    for metric in METRICS[kind]:
        value = {
            name: float(find_metric(metric).function(cases, np.ones((1, NEW)))[0])
            for name, cases in truth.items()
        }
        value["difference"] = value["stratomics"] - value["clinical"]
        intervals = {name: comparison.estimates[name][metric] for name in truth}
        intervals["difference"] = comparison.differences["clinical"][metric]
        results |= {
            (metric, name): one["low"] <= value[name] <= one["high"] for name, one in intervals.items()
        }
    return results


@pytest.mark.timeout(4 * 3600)
@sizes(6, FULL)
@pytest.mark.parametrize("n", [100, 300])
@pytest.mark.parametrize("kind", ["response", "survival"])
def test_intervals_cover_the_metrics_of_the_final_model_in_new_patients(
    kind: str, n: int, repetitions: int
) -> None:
    one = [covered(kind, n, seed) for seed in range(repetitions)]
    coverage = {key: sum(result[key] for result in one) / repetitions for key in one[0]}
    for key, share in coverage.items():
        print(f"{kind}, n {n}, {key[0]} of {key[1]}: {share:.3f}")  # noqa: T201  # with -s
    mean = float(np.mean(list(coverage.values())))
    print(f"{kind}, n {n}, mean {mean:.3f}")  # noqa: T201  # with -s
    least = at_least(LEAST, repetitions, len(coverage)) / repetitions
    assert min(coverage.values()) >= least, min(coverage, key=coverage.__getitem__)
    if repetitions == FULL:
        assert MEAN[0] - ERROR <= mean <= MEAN[1] + ERROR
