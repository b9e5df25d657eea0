"""What panels of the benefit are compared with: the effects that the full model and clinical covariates predict."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from datamodules.covariates import CovariateEncoder
from models.linear.group_ridge import group_ridge
from omics.cohort.endpoints import Survival
from omics.common.seeds import named_generator
from stratomics.evaluation.comparison import OURS
from stratomics.evaluation.treatment_interaction import relative_effects
from stratomics.strata.panel.calibration import calibrate
from stratomics.strata.panel.learn import Learning, folds_of

if TYPE_CHECKING:
    import pandas as pd

    from stratomics.runs.run_directory import RunDirectory
    from stratomics.strata.panel.nested import NestedDesign

__all__ = ["CLINICAL_EFFECT", "clinical_effects", "model_effects"]

Array = NDArray[np.float64]

CLINICAL_EFFECT = "clinical_effect"
"""Name of the regression of the benefit on the clinical covariates."""


def model_effects(run: RunDirectory, sample_ids: NDArray[np.str_]) -> Array:
    """Benefit that the delivered model predicts out of fold.

    Parameters
    ----------
    run
        A run with arms.
    sample_ids
        (n,) ids of evaluated patients.

    Returns
    -------
    numpy.ndarray
        (repeats, n) log odds ratio of a response, or minus the log hazard ratio up to the horizon of the run.
    """
    survival = run.kind == Survival.kind
    effects = relative_effects(
        run.predictions[OURS], run.horizon if survival else None, None if survival else run.endpoint
    )
    wide = effects.pivot(index="repeat", columns="sample_id", values="relative")[list(sample_ids)]
    ratio = wide.to_numpy(dtype=np.float64)
    return -ratio if survival else ratio


def clinical_effects(
    nested: NestedDesign,
    samples: pd.DataFrame,
    evaluated: pd.DataFrame,
    covariates: Sequence[str],
    inner_folds: int,
    seed: int,
) -> Array:
    """Benefit that clinical covariates alone predict, learned in each outer fold as a panel is.

    Parameters
    ----------
    nested
        Patients, folds, and the benefit as target.
    samples, evaluated
        Samples tables of the patients to learn from and of the n evaluated ones, in their order in `nested`.
    covariates
        Columns of both tables.
    inner_folds
        Folds of a training set, whose held-out scores calibrate the effect.
    seed
        Seed of the folds.

    Returns
    -------
    numpy.ndarray
        (repeats, n) log odds ratio of a response, or minus the log hazard ratio.
    """
    repeats = sorted({fold.repeat for fold in nested.folds})
    effects = np.zeros((len(repeats), len(evaluated)))
    for fold in nested.folds:
        part, rows = nested.learning.take(fold.train), samples.iloc[fold.train]
        generator = named_generator(seed, "panel", CLINICAL_EFFECT, fold.repeat, fold.number)
        inner = folds_of(part.target.label, part.groups, inner_folds, generator)
        held_out = np.zeros(len(rows))
        for out in range(inner_folds):
            inside = inner != out
            kept = part.take(np.flatnonzero(inside))
            held_out[~inside] = _scores(kept, rows[inside], rows[~inside], covariates)
        calibration = calibrate(held_out, part.target, inner)
        score = _scores(part, rows, evaluated.iloc[fold.test], covariates)
        effects[repeats.index(fold.repeat), fold.test] = calibration.level(score)
    return effects


def _scores(part: Learning, training: pd.DataFrame, new: pd.DataFrame, covariates: Sequence[str]) -> Array:
    """(m,) scores of new patients by a ridge regression on the covariates of the training patients."""
    encoder = CovariateEncoder().fit(training, covariates)
    x = encoder.transform(training).astype(np.float64)
    block = np.zeros(x.shape[1], dtype=np.int64)
    coefficients = group_ridge(part.target.inputs(x), block, part.target.likelihood()).coefficients
    scores: Array = encoder.transform(new).astype(np.float64) @ coefficients
    return scores
