"""Permutation importance of covariates, views and blocks of features, on patients whom a member was fitted without."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.ensemble.inputs import COVARIATES
from omics.cohort.endpoints import Response, Survival
from omics.common.seeds import named_generator
from stratomics.candidates.candidate import held_out
from stratomics.encoding.training_part import EncodedPatients
from stratomics.evaluation.metrics.concordance import concordance
from stratomics.explanation.attribution import Level
from stratomics.explanation.levels import FEATURE
from stratomics.explanation.reference import TrainingReference

if TYPE_CHECKING:
    from datamodules.batch import Batch
    from stratomics.encoding.encoder import Encoder
    from stratomics.fitting.fitted import Fitted

__all__ = ["PermutedGroup", "importance_groups", "permutation_importance"]

Array = NDArray[np.float64]
T = TypeVar("T", bound=np.generic)

REPEATS, DRAWS, BLOCKS = 5, 500, 5


class PermutedGroup(NamedTuple):
    """Columns that are permuted together.

    Attributes
    ----------
    kind, name
        Kind (covariate, view or block), and name.
    source
        ``covariates`` or a view.
    columns
        Columns of the source; a member may not have all of them.
    """

    kind: str
    name: str
    source: str
    columns: frozenset[str]


def importance_groups(fitted: Fitted, features: Level, reference: TrainingReference) -> list[PermutedGroup]:
    """List what is permuted: each covariate, each view, and the blocks of the features with the largest contributions.

    Parameters
    ----------
    fitted
        The model.
    features
        Contributions of the training patients at the level of features.
    reference
        Training patients, with the blocks of correlated features.

    Returns
    -------
    list of PermutedGroup
        Up to five blocks of features.
    """
    harmonizer = fitted.encoders[0].harmonizer
    owned = list(zip(harmonizer.covariates.names, harmonizer.covariates.owners, strict=True))
    groups = [
        PermutedGroup(
            "covariate", name, COVARIATES, frozenset(column for column, owner in owned if owner == name)
        )
        for name in harmonizer.covariates.kinds
    ]
    for view in fitted.views:
        names = frozenset(n for e in fitted.encoders for n in map(str, e.harmonizer.features[view]))
        groups += [PermutedGroup("view", view, view, names)] if names else []
    kept = {view: [*map(str, names)] for view, names in harmonizer.features.items()}
    size = np.abs(features.value).mean(axis=0)
    seen: set[tuple[str, int]] = set()
    for column in np.argsort(-size, kind="stable"):
        item = features.items[column]
        if item.kind != FEATURE or item.name not in kept[item.view] or len(seen) == BLOCKS:
            continue
        labels = reference.correlated[item.view]
        label = int(labels[kept[item.view].index(item.name)])
        if (item.view, label) not in seen:
            seen.add((item.view, label))
            alike = frozenset(name for name, one in zip(kept[item.view], labels, strict=True) if one == label)
            groups.append(PermutedGroup("block", item.name, item.view, alike))
    return groups


def permutation_importance(
    fitted: Fitted,
    patients: EncodedPatients,
    outcome: Survival | Response,
    held_out_by: NDArray[np.int64],
    groups: Sequence[PermutedGroup],
    seed: int = 0,
) -> pd.DataFrame:
    """Measure how much discrimination is lost when values are exchanged between patients.

    Each patient is predicted by the member that was fitted without them. Values are exchanged within the patients whom
    a member leaves out, together with whether they were measured (Breiman 2001, doi 10.1023/A:1010933404324).

    Parameters
    ----------
    fitted
        The final model.
    patients
        Its n training patients, encoded as new patients.
    outcome
        Their primary endpoint.
    held_out_by
        (n,) number of the member that was fitted without the patient.
    groups
        What is permuted.
    seed
        Of permutations and of the bootstrap.

    Returns
    -------
    pandas.DataFrame
        Columns kind, name, view, features (their number), importance (discrimination lost), low and high (95% bootstrap
        interval over patients, given the model).
    """
    weights = _weights(len(outcome.observed), seed)
    whole = _discrimination(held_out(fitted.scores(patients), held_out_by), outcome, weights)
    rows = []
    for group in groups:
        lost = []
        for repeat in range(REPEATS):
            rng = named_generator(seed, "permuted", group.kind, group.name, repeat)
            changed = _permuted(fitted, patients, group, _within(held_out_by, rng))
            lost.append(
                whole - _discrimination(held_out(fitted.scores(changed), held_out_by), outcome, weights)
            )
        loss = np.mean(lost, axis=0)
        low, high = np.nanquantile(loss[1:], [0.025, 0.975])
        view = "" if group.source == COVARIATES else group.source
        row = {"kind": group.kind, "name": group.name, "view": view, "features": len(group.columns)}
        rows.append(row | {"importance": loss[0], "low": low, "high": high})
    return pd.DataFrame(rows)


def _within(folds: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """(n,) row whose values each patient gets: that of a patient of the same fold."""
    order = np.arange(len(folds))
    for fold in np.unique(folds):
        rows = np.flatnonzero(folds == fold)
        order[rows] = rng.permutation(rows)
    return order


def _permuted(
    fitted: Fitted, patients: EncodedPatients, group: PermutedGroup, order: NDArray[np.int64]
) -> EncodedPatients:
    batches = [
        _exchanged(patients.batch(number), group, order, encoder)
        for number, encoder in enumerate(fitted.encoders)
    ]
    members = [encoder.encode_batch(batch) for encoder, batch in zip(fitted.encoders, batches, strict=True)]
    return replace(patients, batches=batches, members=members)


def _exchanged(batch: Batch, group: PermutedGroup, order: NDArray[np.int64], encoder: Encoder) -> Batch:
    """Exchange the columns of a group between patients, together with whether values were measured."""
    if group.source == COVARIATES:
        places = np.flatnonzero([name in group.columns for name in batch.covariate_names])
        return replace(batch, covariates=_rows_exchanged(batch.covariates, places, order))
    places = np.flatnonzero(
        [str(name) in group.columns for name in encoder.harmonizer.features[group.source]]
    )
    values = _rows_exchanged(batch.views[group.source], places, order)
    measured = _rows_exchanged(batch.observed[group.source], places, order)
    return replace(
        batch,
        views={**batch.views, group.source: values},
        observed={**batch.observed, group.source: measured},
    )


def _rows_exchanged(values: NDArray[T], places: NDArray[np.int64], order: NDArray[np.int64]) -> NDArray[T]:
    changed = values.copy()
    changed[:, places] = values[order][:, places]
    return changed


def _weights(n: int, seed: int) -> Array:
    """(draws + 1, n) bootstrap weights of the patients; the first row has 1 for each."""
    rng = named_generator(seed, "importance")
    return np.vstack([np.ones(n), rng.multinomial(n, np.full(n, 1 / n), size=DRAWS).astype(np.float64)])


def _discrimination(score: Array, outcome: Survival | Response, weights: Array) -> Array:
    """(draws + 1,) concordance of the scores with survival, or area under the ROC curve of a response."""
    rows = outcome.observed
    of_rows = np.ascontiguousarray(weights[:, rows])
    if isinstance(outcome, Survival):
        event, time = outcome.event[rows], outcome.time[rows]
    else:
        # With an event before the end of follow-up for each response, concordance is the area under the ROC curve.
        event, time = outcome.positive[rows], np.where(outcome.positive[rows], 1.0, 2.0)
    right, pairs = concordance(score[rows], event, time, of_rows, of_rows)
    found: Array = np.divide(right, pairs, out=np.full_like(right, np.nan), where=pairs > 0)
    return found
