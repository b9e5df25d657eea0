"""Cohorts whose features tell nothing of the outcome, and the method that has to find nothing in them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from models.ensemble.inputs import COVARIATES
from omics.cohort.h5mu import shared_names
from omics.cohort.read import cohort_digest, cohort_spec, join_cohort
from omics.cohort.spec import CohortSpec, ViewSpec
from omics.common.seeds import named_generator

if TYPE_CHECKING:
    from mudata import MuData

    from models.prediction import Prediction
    from stratomics.fitting.training_part import NewPatients, TrainingPart

__all__ = ["Control", "noise_view", "permuted_features", "permuted_outcome"]

NOISE_FEATURES = 50
NOISE = "noise"


@dataclass(frozen=True)
class Control:
    """A control: what it does to a cohort, given a seed, and by which method patients are then predicted."""

    spoil: Callable[[MuData, int], MuData]
    predict: Callable[[TrainingPart, NewPatients], Prediction]


def _ours(part: TrainingPart, new: NewPatients) -> Prediction:
    from stratomics.fitting.fit import fit_part

    return fit_part(part).predict_encoded(new.sample_ids, new.members, new.arms)


def _ridge_on_views(part: TrainingPart, new: NewPatients) -> Prediction:
    from stratomics.baselines.late_fusion import fit_on, without

    return fit_on(part, without(COVARIATES)).predict(new)


def _outcomes_dealt_anew(cohort: MuData, seed: int) -> MuData:
    """Give each patient somebody's outcomes, all of them of the same person."""
    columns = _outcome_columns(cohort_spec(cohort))
    dealt = cohort.obs.copy()
    order = named_generator(seed, "permuted_outcome").permutation(cohort.n_obs)
    for column in columns:
        dealt[column] = pd.Series(
            cohort.obs[column].to_numpy()[order], index=dealt.index, dtype=dealt[column].dtype
        )
    return _with_obs(cohort, dealt)


def _samples_dealt_anew(cohort: MuData, seed: int) -> MuData:
    """Give each patient the row of the samples table of somebody, and leave him his views."""
    order = named_generator(seed, "permuted_features").permutation(cohort.n_obs)
    return _with_obs(cohort, cohort.obs.iloc[order].set_axis(cohort.obs.index))


def _noise_alone(cohort: MuData, seed: int) -> MuData:
    """Give each patient one view of random numbers, and no other."""
    values = (
        named_generator(seed, "noise_view").normal(size=(cohort.n_obs, NOISE_FEATURES)).astype(np.float32)
    )
    names = [f"noise{number}" for number in range(NOISE_FEATURES)]
    view = pd.DataFrame(values, index=cohort.obs_names, columns=names)
    spec = dataclasses.replace(cohort_spec(cohort), views={NOISE: ViewSpec("generic", "numeric")})
    return join_cohort(cohort.obs, {NOISE: view}, spec, cohort_digest(cohort))


permuted_outcome = Control(_outcomes_dealt_anew, _ours)
"""The whole method, where nobody's outcome is his own."""

permuted_features = Control(_samples_dealt_anew, _ridge_on_views)
"""A ridge regression on factors and components, where nobody's views are his own."""

noise_view = Control(_noise_alone, _ridge_on_views)
"""The same on a view of random numbers."""


def _outcome_columns(spec: CohortSpec) -> list[str]:
    named = [
        column
        for endpoint in spec.endpoints.values()
        for column in (endpoint.time, endpoint.event, endpoint.cause, endpoint.entry, endpoint.column)
        if column is not None
    ]
    return list(dict.fromkeys(named))


def _with_obs(cohort: MuData, obs: pd.DataFrame) -> MuData:
    """Give the same views, which are shared and not copied, beside another samples table."""
    from mudata import MuData

    with shared_names():
        changed = MuData(dict(cohort.mod))
    changed.uns.update(cohort.uns)
    changed.obs = obs.loc[changed.obs_names]
    return changed
