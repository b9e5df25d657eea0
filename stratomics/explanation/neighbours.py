"""The training patients nearest to a patient in the space of the factors, with their outcomes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datamodules.harmonizer import Harmonizer
from models.factors import FACTOR_MODELS
from models.factors.annotate import factor_scale
from models.factors.factor_model import FactorModel
from omics.common.registry import resolve
from stratomics.explanation.result import Neighbour
from stratomics.runs.run_directory import RunDirectory

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["nearest_patients"]

Array = NDArray[np.float64]


def nearest_patients(run: RunDirectory, cohort: MuData, k: int = 5) -> list[list[Neighbour]]:
    """Find the k nearest training patients of each patient.

    Distances are those of the factors that the run reports, each with the standard deviation that it explains. A factor
    without information on a patient is at its mean. A training patient is not their own neighbour.

    Parameters
    ----------
    run
        A finished run.
    cohort
        The patients.
    k
        Number of neighbours.

    Returns
    -------
    list of list of Neighbour
        For each patient the nearest first; none if the run has no factors.
    """
    folder = run.path / "factors"
    known = run.factor_scores
    if known is None or k < 1:
        return [[] for _ in range(cohort.n_obs)]
    kind = resolve(FACTOR_MODELS, str(run.config["factors"]["model"]), "factors.model")
    model: FactorModel = kind.load(folder, "reference.factors")
    scale = factor_scale(model.variance_explained())
    training = known.to_numpy() * scale
    names = known.index.to_numpy(dtype=str)
    new = model.transform(Harmonizer.load(folder, "reference.harmonizer").transform(cohort)).mean * scale
    found = []
    for patient, values in zip(map(str, cohort.obs_names), new, strict=True):
        distance = np.sqrt(((training - values) ** 2).sum(axis=1))
        others = [n for n in np.argsort(distance, kind="stable") if names[n] != patient][:k]
        found.append([_with_outcome(run, str(names[n]), float(distance[n])) for n in others])
    return found


def _with_outcome(run: RunDirectory, name: str, distance: float) -> Neighbour:
    rows = np.flatnonzero(run.sample_ids == name)
    if not len(rows) or not run.outcome.observed[rows[0]]:
        return Neighbour(name, distance)
    row = int(rows[0])
    if run.kind == "survival":
        survival = run.survival
        return Neighbour(name, distance, float(survival.time[row]), bool(survival.event[row]))
    return Neighbour(name, distance, response=bool(run.response.positive[row]))
