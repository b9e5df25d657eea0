"""The smallest change of one factor or covariate that changes the decision: it describes the model, not biology."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.ensemble.inputs import COVARIATES, FACTORS
from omics.common.errors import ConfigError, nearest
from stratomics.encoding.training_part import EncodedPatients
from stratomics.explanation.reference import TrainingReference
from stratomics.explanation.result import Change

if TYPE_CHECKING:
    from models.prediction import Prediction
    from stratomics.fitting.fitted import Fitted

__all__ = ["Decision", "decision_of", "smallest_changes"]

Array = NDArray[np.float64]

STEPS = 41
"""Values that are tried between the 1st and the 99th percentile of the training patients."""


@dataclass(frozen=True)
class Decision:
    """Something that is decided from a prediction.

    Attributes
    ----------
    name
        What is decided, in a few words.
    of
        Predictions of n patients -> (n,) decision of each, as text.
    """

    name: str
    of: Callable[[pd.DataFrame], NDArray[np.str_]]


def decision_of(
    columns: Sequence[str], reference: TrainingReference, rule: Decision | None = None
) -> Decision:
    """Choose the decision: the locked rule, else the response set, else the side of the median training prediction.

    Parameters
    ----------
    columns
        Columns of the predictions.
    reference
        Training patients.
    rule
        The locked rule of the run.

    Returns
    -------
    Decision
        The decision.
    """
    if rule is not None:
        return rule
    if "response_set" in columns:
        return Decision("response set", lambda table: table["response_set"].to_numpy(dtype=str))
    median = float(np.median(reference.quantiles["prediction"]))

    def side(table: pd.DataFrame) -> NDArray[np.str_]:
        values = (
            table["risk"] if "risk" in table else np.log(table["response_probability"].clip(1e-12, 1 - 1e-12))
        )
        if "risk" not in table:
            values = values - np.log1p(-table["response_probability"].clip(1e-12, 1 - 1e-12))
        return np.where(values.to_numpy() > median, "above the median", "at or below the median")

    return Decision("prediction above or below the median of the training patients", side)


def smallest_changes(
    fitted: Fitted,
    patients: EncodedPatients,
    reference: TrainingReference,
    decision: Decision,
    modifiable: Sequence[str] = (),
) -> list[Change]:
    """Find the smallest change along each factor and each modifiable covariate that changes the decision.

    Parameters
    ----------
    fitted
        The model.
    patients
        One patient.
    reference
        Training patients; changes stay between their 1st and 99th percentile.
    decision
        The decision.
    modifiable
        Covariates that can be changed.

    Returns
    -------
    list of Change
        The smallest first; empty if no single change within training changes the decision.

    Raises
    ------
    ConfigError
        If the model has no such covariate.
    """
    kinds = fitted.encoders[0].harmonizer.covariates.kinds
    for name in modifiable:
        if name not in kinds:
            raise ConfigError(f"the model has no covariate '{name}'; {nearest(name, kinds)}")
    before = str(decision.of(_table(fitted.predict_encoded(patients)))[0])
    found = []
    tried = [
        *_along_factors(patients, reference),
        *_along_covariates(fitted, patients, reference, modifiable),
    ]
    for name, value, values, sizes, changed in tried:
        after = decision.of(_table(fitted.predict_encoded(changed)))
        other = np.flatnonzero(after != before)
        if len(other):
            best = other[np.argmin(sizes[other])]
            found.append(Change(name, value, values[best], float(sizes[best]), before, str(after[best])))
    return sorted(found, key=lambda change: change.size)


Trial = tuple[str, float | str, Sequence[float | str], Array, EncodedPatients]


def _along_factors(patients: EncodedPatients, reference: TrainingReference) -> Iterator[Trial]:
    for k, name in enumerate(reference.factors):
        grid = _grid(reference.quantiles[f"factor.{name}"])
        columns = [(member.partner[k], member.sign[k]) for member in reference.members]
        own = [
            m.blocks[FACTORS][0, p] * s for m, (p, s) in zip(patients.members, columns, strict=True) if p >= 0
        ]
        if not own or not len(grid):
            continue
        value, many = float(np.mean(own)), patients.take(np.zeros(len(grid), dtype=np.int64))
        for member, (partner, sign) in zip(many.members, columns, strict=True):
            if partner >= 0:
                member.blocks[FACTORS][:, partner] += sign * (grid - value)
        spread = max(float(np.std(reference.quantiles[f"factor.{name}"])), np.finfo(np.float64).tiny)
        yield name, value, grid.tolist(), np.abs(grid - value) / spread, many


def _along_covariates(
    fitted: Fitted, patients: EncodedPatients, reference: TrainingReference, names: Sequence[str]
) -> Iterator[Trial]:
    row = int(patients.cohort.obs_names.get_loc(str(patients.sample_ids[0])))
    obs = patients.cohort.obs.iloc[[row]]
    for name in names:
        quantiles = reference.quantiles.get(f"{COVARIATES}.{name}")
        values: list[float | str]
        if quantiles is None:
            levels = {
                label.removeprefix(f"{name}=")
                for e in fitted.encoders
                for label in e.harmonizer.covariates.names
                if label.startswith(f"{name}=")
            }
            values = sorted(levels)
            sizes = np.ones(len(values))
        else:
            grid = _grid(quantiles)
            values, spread = grid.tolist(), max(float(np.std(quantiles)), np.finfo(np.float64).tiny)
            sizes = np.abs(grid - float(obs[name].iloc[0])) / spread
        if not len(values) or pd.isna(obs[name].iloc[0]):
            continue
        frame = pd.concat([obs] * len(values), ignore_index=True).assign(**{name: values})
        many = patients.take(np.zeros(len(values), dtype=np.int64))
        batches = []
        for member, encoder, batch in zip(many.members, fitted.encoders, many.batches, strict=True):
            coded = encoder.harmonizer.covariates.transform(frame)
            member.blocks[COVARIATES][:] = coded
            batches.append(replace(batch, covariates=coded))
        given = obs[name].iloc[0]
        yield (
            name,
            given if isinstance(given, str) else float(given),
            values,
            sizes,
            replace(many, batches=batches),
        )


def _levels(fitted: Fitted, name: str) -> set[str]:
    """Levels of a category that have a column in some member."""
    start = f"{name}="
    labels = {label for encoder in fitted.encoders for label in encoder.harmonizer.covariates.names}
    return {label.removeprefix(start) for label in labels if label.startswith(start)}


def _grid(quantiles: Array) -> Array:
    low, high = np.quantile(quantiles, [0.01, 0.99])
    return np.linspace(low, high, STEPS) if high > low else np.zeros(0)


def _table(prediction: Prediction) -> pd.DataFrame:
    return prediction.patients
