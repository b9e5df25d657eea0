"""Factors and covariates of two cohorts on one scale: that of the factors in the report of a run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datamodules.harmonizer import Harmonizer
from models.factors import FACTOR_MODELS
from models.factors.factor_model import FactorModel
from omics.common.registry import resolve
from stratomics.runs.patients_table import covariates_of

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.runs.run_directory import RunDirectory

__all__ = ["SharedInputs", "reference_harmonizer", "same_profiles", "shared_inputs"]

Array = NDArray[np.float64]

FACTORS = "factors"
REFERENCE = "reference"
DIGITS = 6
"""Decimals in which the factors of the same measurements agree."""


@dataclass(frozen=True)
class SharedInputs:
    """Factors and covariates, by the reference harmonizer and factor model of a run.

    Attributes
    ----------
    training
        (n, K) patients of the run with the endpoint.
    other
        (m, K) all patients of the other cohort.
    block
        (K,) 0 for a factor, 1 for a covariate.
    """

    training: Array
    other: Array
    block: NDArray[np.int64]


def same_profiles(inputs: SharedInputs) -> int:
    """Count the patients of the other cohort with exactly the factors of one training patient.

    Patients without any view, who all have the same factors, do not count.

    Examples
    --------
    >>> one = np.array([[0.1], [0.2], [0.0], [0.0]])
    >>> same_profiles(SharedInputs(one, np.array([[0.2], [0.3], [0.0]]), np.zeros(1, dtype=np.int64)))
    1
    """
    columns = inputs.block == 0
    if not columns.any():
        return 0
    training, other = (
        np.unique(values[:, columns].round(DIGITS), axis=0, return_counts=True)
        for values in (inputs.training, inputs.other)
    )
    once = [set(map(tuple, values[counts == 1])) for values, counts in (training, other)]
    return len(once[0] & once[1])


def reference_harmonizer(run: RunDirectory) -> Harmonizer | None:
    """Load the harmonizer of the factors in the report of a run; None for a run without factors."""
    folder = run.path / FACTORS
    if not (folder / f"{REFERENCE}.harmonizer.json").is_file():
        return None
    return Harmonizer.load(folder, f"{REFERENCE}.harmonizer")


def shared_inputs(run: RunDirectory, harmonizer: Harmonizer, other: MuData) -> SharedInputs | None:
    """Compute factors and covariates of both cohorts.

    Factors of training patients are scored as those of new patients, by the same model. They use no outcome, except
    those of the supervised autoencoder.

    Parameters
    ----------
    run
        A finished run with factors.
    harmonizer
        Its reference harmonizer.
    other
        The other cohort.

    Returns
    -------
    SharedInputs or None
        None if the patients that the run evaluated are not those of its factors, as for an external design.
    """
    scores = run.factor_scores
    assert scores is not None
    patients = run.evaluated
    if not patients["sample_id"].isin(scores.index).all():
        return None
    kind = resolve(FACTOR_MODELS, str(run.config["factors"]["model"]), "factors.model")
    model: FactorModel = kind.load(run.path / FACTORS, f"{REFERENCE}.factors")
    batch = harmonizer.transform(other)
    covariates = harmonizer.covariates.transform(covariates_of(patients))
    factors = scores.loc[patients["sample_id"]].to_numpy(dtype=np.float64)
    training = np.hstack([factors, covariates])
    block = np.repeat([0, 1], [factors.shape[1], covariates.shape[1]])
    everyone = np.hstack([model.transform(batch).mean, batch.covariates])
    return SharedInputs(training.astype(np.float64), everyone.astype(np.float64), block.astype(np.int64))
