"""Calibration slope of the mixture, and coverage of sets and bounds, in new patients of simulated cohorts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from claims import Z
from claims import repetitions as sizes
from numpy.typing import NDArray

from models.linear.cox_net import CoxLikelihood
from models.linear.elastic_net import elastic_net
from models.linear.logistic_net import LogisticLikelihood
from omics.cohort.endpoints import Response
from omics.cohort.read import cohort_endpoints, read_cohort
from omics.common.seeds import named_generator
from omics.simulate.config import SimulationConfig
from omics.simulate.simulate_cohort import simulate, write_simulated
from stratomics.config import ExperimentConfig
from stratomics.evaluation.cases import cases_of
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.experiment.prepare import complete_for_cohort
from stratomics.fitting.fit import fit

NEW = 600
SIZES = (100, 200, 500)
FEATURES = {"rna": 100, "protein": 60, "metabolite": 30}


def in_new_patients(kind: str, n: int, seed: int, folder: Path) -> tuple[float, float, float]:
    """Slope of the outcome of new patients on their predicted log hazard or log odds, its information, and coverage.

    A slope of 1 is best. Its information is 0 if all predictions are equal. The coverage is that of the response sets,
    which is stated for each class, or of the lower bounds of survival.
    """
    strength = (0.5, 0.8, 1.2)[seed % 3]
    config = SimulationConfig(
        patients=n + NEW,
        seed=seed,
        features=FEATURES,
        missing_views=0.2,
        arm=False,
        signal=0.5,
        prognostic_strength=strength,
    )
    write_simulated(simulate(config), folder)
    place = folder / "cohort.yaml"
    spec = yaml.safe_load(place.read_text())
    spec["primary"] = next(
        name for name, one in spec["endpoints"].items() if ("time" in one) == (kind == "survival")
    )
    place.write_text(yaml.safe_dump(spec, sort_keys=False))
    cohort = read_cohort(folder)
    order = named_generator(seed, "new patients").permutation(cohort.n_obs)
    train, new = (cohort[np.sort(rows)].copy() for rows in (order[:n], order[n:]))
    experiment = complete_for_cohort(ExperimentConfig(endpoints=[]), train)
    predicted, outcome = fit(train, experiment, seed).predict(new), cohort_endpoints(new).primary()
    prediction, cases = predicted.patients, cases_of(predicted, new.obs_names.to_numpy(dtype=str), outcome)
    metric = "set_coverage" if kind == "response" else "bound_coverage"
    coverage = float(find_metric(metric).function(cases, np.ones((1, len(cases))))[0])
    if isinstance(outcome, Response):
        probability = prediction["response_probability"].to_numpy()
        x, likelihood = np.log(probability / (1 - probability)), LogisticLikelihood(outcome.positive)
    else:
        x, likelihood = prediction["risk"].to_numpy(), CoxLikelihood(outcome.event, outcome.time)
    if np.ptp(x) < 1e-9:
        return 0.0, 0.0, coverage
    centred = (x - x.mean())[:, None]
    slope = elastic_net(centred, likelihood, 0.0, 0.0)
    information = len(x) * centred[:, 0] @ likelihood.curvature(centred @ slope, centred)[:, 0]
    return float(slope[0]), float(information), coverage


@pytest.mark.timeout(4 * 3600)
@sizes(2, 17)
def test_the_slope_of_new_patients_is_near_one_and_sets_and_bounds_cover(
    repetitions: int, tmp_path: Path
) -> None:
    """Slopes in 17 cohorts of each size and kind, 102 in all; the small size has two of each.

    Where there is little to predict, all predictions are nearly equal and a slope may be anything. Slopes are therefore
    averaged with their information as weight, which is the slope in the patients of all cohorts together.
    """
    found = {}
    for kind in ("survival", "response"):
        for n in SIZES:
            folders = [tmp_path / f"{kind}{n}{seed}" for seed in range(repetitions)]
            rows = [in_new_patients(kind, n, seed, folder) for seed, folder in enumerate(folders)]
            found[kind, n] = np.array(rows)
            slope, error = pooled(found[kind, n])
            covers = found[kind, n][:, 2].mean()
            print(f"{kind}, {n}: slope {slope:.3f} ({error:.3f}), coverage {covers:.3f}")  # noqa: T201  # with -s
    every = np.concatenate(list(found.values()))
    slope, error = pooled(every)
    print(f"all: slope {slope:.3f} ({error:.3f})")  # noqa: T201  # shown with -s
    assert 0.95 - Z * error < slope < 1.10 + Z * error
    for kind in ("survival", "response"):
        covers = np.concatenate([found[kind, n][:, 2] for n in SIZES])
        error = covers.std(ddof=1) / np.sqrt(len(covers))
        print(f"{kind}: coverage {covers.mean():.3f} ({error:.3f})")  # noqa: T201  # shown with -s
        assert 0.88 - Z * error < covers.mean() < 0.92 + Z * error


def pooled(slopes: NDArray[np.float64]) -> tuple[float, float]:
    """Mean slope weighted by information, and its standard error over cohorts, from (cohorts, 3)."""
    slope, information, _ = slopes.T
    mean = float(information @ slope / information.sum())
    error = np.sqrt(((information * (slope - mean)) ** 2).sum()) / information.sum()
    return mean, float(error)
