"""Cohorts whose features are independent of the outcome, and the method that predicts them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from models.ensemble.inputs import COVARIATES
from omics.cohort.assemble import join_cohort
from omics.cohort.h5mu import allow_shared_feature_names
from omics.cohort.read import cohort_digest, cohort_spec
from omics.cohort.spec import CohortSpec, ViewSpec
from omics.common.seeds import named_generator

if TYPE_CHECKING:
    from mudata import MuData

    from models.prediction import Prediction
    from stratomics.encoding.training_part import NewPatients, TrainingPart

__all__ = ["Control", "noise_view", "permuted_features", "permuted_outcome"]

NOISE_FEATURES = 50
NOISE = "noise"


@dataclass(frozen=True)
class Control:
    """A negative control.

    Attributes
    ----------
    change
        Makes the cohort of the control from a cohort and a seed.
    predict
        Fits a training part of that cohort, and predicts new patients.
    """

    change: Callable[[MuData, int], MuData]
    predict: Callable[[TrainingPart, NewPatients], Prediction]


def _stratomics(part: TrainingPart, new: NewPatients) -> Prediction:
    from stratomics.fitting.fit import fit_part

    return fit_part(part).predict_encoded(new.patients)


def _ridge_on_views(part: TrainingPart, new: NewPatients) -> Prediction:
    from stratomics.candidates.candidate import calibrate_candidate
    from stratomics.candidates.linear import block_names, fit_on

    blocks = [name for name in block_names(part) if name != COVARIATES]
    return calibrate_candidate(part, fit_on(part, blocks)).candidate.predict(new.patients)


def _permute_outcomes(cohort: MuData, seed: int) -> MuData:
    """Assign to each patient all outcomes of a random patient."""
    columns = _outcome_columns(cohort_spec(cohort))
    permuted = cohort.obs.copy()
    order = named_generator(seed, "permuted_outcome").permutation(cohort.n_obs)
    for column in columns:
        permuted[column] = pd.Series(
            cohort.obs[column].to_numpy()[order], index=permuted.index, dtype=permuted[column].dtype
        )
    return _with_obs(cohort, permuted)


def _permute_features(cohort: MuData, seed: int) -> MuData:
    """Assign to the views of each patient the row of a random patient in the samples table."""
    order = named_generator(seed, "permuted_features").permutation(cohort.n_obs)
    return _with_obs(cohort, cohort.obs.iloc[order].set_axis(cohort.obs.index))


def _noise_only(cohort: MuData, seed: int) -> MuData:
    """Replace all views by one view of random numbers."""
    values = (
        named_generator(seed, "noise_view").normal(size=(cohort.n_obs, NOISE_FEATURES)).astype(np.float32)
    )
    names = [f"noise{number}" for number in range(NOISE_FEATURES)]
    view = pd.DataFrame(values, index=cohort.obs_names, columns=names)
    spec = dataclasses.replace(
        cohort_spec(cohort), views={NOISE: ViewSpec("generic", "numeric")}, exposure=None
    )
    return join_cohort(cohort.obs, {NOISE: view}, spec, cohort_digest(cohort))


permuted_outcome = Control(_permute_outcomes, _stratomics)
"""stratomics, with permuted outcomes."""

permuted_features = Control(_permute_features, _ridge_on_views)
"""Ridge regression on factors and components, with permuted views."""

noise_view = Control(_noise_only, _ridge_on_views)
"""Ridge regression on a view of random numbers."""


def _outcome_columns(spec: CohortSpec) -> list[str]:
    named = [
        column
        for endpoint in spec.endpoints.values()
        for column in (endpoint.time, endpoint.event, endpoint.cause, endpoint.entry, endpoint.column)
        if column is not None
    ]
    return list(dict.fromkeys(named))


def _with_obs(cohort: MuData, obs: pd.DataFrame) -> MuData:
    """Replace the samples table; the views are shared and not copied."""
    from mudata import MuData

    with allow_shared_feature_names():
        changed = MuData(dict(cohort.mod))
    changed.uns.update(cohort.uns)
    changed.obs = obs.loc[changed.obs_names]
    return changed
