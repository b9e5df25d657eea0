"""How the prediction depends on the two inputs that matter most, alone and together."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from models.ensemble.inputs import COVARIATES
from stratomics.encoding.training_part import EncodedPatients
from stratomics.explanation.attribution import Explanation
from stratomics.explanation.exact.combine import delivered
from stratomics.explanation.levels import COVARIATE, FEATURE, ExplainedItem
from stratomics.explanation.result import Dependence

if TYPE_CHECKING:
    from datamodules.batch import Batch
    from stratomics.encoding.encoder import Encoder
    from stratomics.fitting.fitted import Fitted

__all__ = ["top_two_dependence"]

Array = NDArray[np.float64]

SHARES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
"""Shares at which values of an input are taken."""


def top_two_dependence(fitted: Fitted, patients: EncodedPatients, found: Explanation) -> Dependence | None:
    """Compute the dependence on the covariate or feature with the largest mean absolute contribution, and the next.

    Parameters
    ----------
    fitted
        The model.
    patients
        n patients over whom predictions are averaged.
    found
        Their explanation.

    Returns
    -------
    Dependence or None
        None with fewer than two inputs that vary.
    """
    level = found.levels["features"]
    size = np.abs(level.value).mean(axis=0)
    order = [n for n in np.argsort(-size, kind="stable") if level.items[n].kind in (COVARIATE, FEATURE)]
    inputs = [
        level.items[n] for n in order if size[n] > 0 and _places(fitted.encoders[0], level.items[n])[1]
    ][:2]
    if len(inputs) < 2:  # noqa: PLR2004  # two inputs
        return None
    first, second = (_grid(fitted, patients, item) for item in inputs)
    alone = tuple(
        np.array([_mean(fitted, patients, {item: at}, found.scale) for at in grid])
        for item, grid in zip(inputs, (first, second), strict=True)
    )
    together = np.array(
        [
            [_mean(fitted, patients, {inputs[0]: one, inputs[1]: two}, found.scale) for two in second]
            for one in first
        ]
    )
    names = (_name(inputs[0]), _name(inputs[1]))
    return Dependence(names, (first, second), (alone[0], alone[1]), together, _interaction(together))


def _name(item: ExplainedItem) -> str:
    return f"{item.name} ({item.view})" if item.view else item.name


def _interaction(together: Array) -> float:
    centred = together - together.mean()
    additive = centred.mean(axis=1, keepdims=True) + centred.mean(axis=0, keepdims=True)
    whole = float((centred**2).sum())
    return float(((centred - additive) ** 2).sum() / whole) if whole > 0 else 0.0


def _places(encoder: Encoder, item: ExplainedItem) -> tuple[str, list[int]]:
    """Source of an item, covariates or a view, and its columns; only the first column of a category."""
    if item.kind == COVARIATE:
        owners = encoder.harmonizer.covariates.owners
        return COVARIATES, [n for n, owner in enumerate(owners) if owner == item.name][:1]
    kept = encoder.harmonizer.features[item.view]
    return item.view, [n for n, name in enumerate(kept) if str(name) == item.name]


def _grid(fitted: Fitted, patients: EncodedPatients, item: ExplainedItem) -> Array:
    source, (place, *_) = _places(fitted.encoders[0], item)
    batch = patients.batch(0)
    values = batch.covariates if source == COVARIATES else batch.views[source]
    return np.unique(np.quantile(values[:, place], SHARES))


def _mean(fitted: Fitted, patients: EncodedPatients, at: dict[ExplainedItem, float], scale: str) -> float:
    """Mean prediction when all patients have certain values."""
    batches = [
        _with_values(patients.batch(number), encoder, at) for number, encoder in enumerate(fitted.encoders)
    ]
    members = [encoder.encode_batch(batch) for encoder, batch in zip(fitted.encoders, batches, strict=True)]
    changed = replace(patients, batches=batches, members=members)
    return float(delivered(fitted.scores(changed), scale).mean())


def _with_values(batch: Batch, encoder: Encoder, at: dict[ExplainedItem, float]) -> Batch:
    covariates, views, observed = batch.covariates.copy(), dict(batch.views), dict(batch.observed)
    for item, value in at.items():
        source, places = _places(encoder, item)
        if source == COVARIATES:
            covariates[:, places] = value
        else:
            views[source], observed[source] = views[source].copy(), observed[source].copy()
            views[source][:, places], observed[source][:, places] = value, True
    return replace(batch, covariates=covariates, views=views, observed=observed)
