"""Permutation importance of covariates, views and blocks of features, on the test patients of outer folds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from models.ensemble.inputs import COVARIATES
from omics.cohort.endpoints import Response, Survival
from omics.common.seeds import named_generator
from stratomics.encoding.training_part import EncodedPatients
from stratomics.evaluation.metrics.concordance import concordance
from stratomics.explanation.attribution import Level
from stratomics.explanation.exact.combine import LOG_HAZARD, LOG_ODDS, delivered
from stratomics.explanation.levels import FEATURE
from stratomics.explanation.reference import TrainingReference

if TYPE_CHECKING:
    from datamodules.batch import Batch
    from stratomics.encoding.encoder import Encoder
    from stratomics.fitting.fitted import Fitted

__all__ = ["PermutedGroup", "importance_groups", "importance_over_folds", "permutation_importance"]

Array = NDArray[np.float64]
T = TypeVar("T", bound=np.generic)

REPEATS, BLOCKS = 2, 5


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
        Contributions of patients at the level of features.
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
    groups: Sequence[PermutedGroup],
    seed: int = 0,
) -> pd.DataFrame:
    """Measure how much discrimination is lost when values are exchanged between patients.

    Values are exchanged together with whether they were measured (Breiman 2001, doi 10.1023/A:1010933404324).

    Parameters
    ----------
    fitted
        A model that was fitted without the patients.
    patients
        n patients.
    outcome
        Their primary endpoint.
    groups
        What is permuted.
    seed
        Of permutations.

    Returns
    -------
    pandas.DataFrame
        Columns kind, name, view, features (their number), importance (discrimination lost, mean over two permutations;
        NaN if no two patients can be compared).
    """
    whole, rows = _discrimination(fitted, patients, outcome), []
    for group in groups:
        lost = []
        for repeat in range(REPEATS):
            rng = named_generator(seed, "permuted", group.kind, group.name, repeat)
            changed = _permuted(fitted, patients, group, rng.permutation(len(patients.sample_ids)))
            lost.append(whole - _discrimination(fitted, changed, outcome))
        view = "" if group.source == COVARIATES else group.source
        row = {"kind": group.kind, "name": group.name, "view": view, "features": len(group.columns)}
        rows.append(row | {"importance": float(np.mean(lost))})
    return pd.DataFrame(rows)


def importance_over_folds(folds: pd.DataFrame, fitted: Fitted, reference: TrainingReference) -> pd.DataFrame:
    """Average the importance over the outer folds of a run.

    The 95% interval is that of Student's t with the variance of Nadeau and Bengio (2003, doi 10.1023/A:1024068626366),
    which adds the ratio of test to training patients, since folds share training patients.

    Parameters
    ----------
    folds
        From :func:`permutation_importance` for each fold, with columns repeat, fold, and ratio (of the number of test
        patients to that of training patients).
    fitted, reference
        The final model and its training patients, whose blocks of correlated features are reported.

    Returns
    -------
    pandas.DataFrame
        Columns kind, name, view, features, folds (with a value; of a block, in which it was among the first five, and 0
        is counted for the others), importance, low and high (NaN with one fold).
    """
    table = folds[np.isfinite(folds["importance"])]
    table = table.assign(fold=table.groupby(["repeat", "fold"]).ngroup())
    ratios = table.groupby("fold")["ratio"].first()
    own = table["kind"] != "block"
    groups, rows = [table[own], _block_rows(table[~own], fitted, reference)], []
    for (kind, name, view), values in pd.concat(groups).groupby(["kind", "name", "view"], sort=False):
        lost = values.groupby("fold")["importance"].sum()
        every = lost.reindex(ratios.index, fill_value=0.0) if kind == "block" else lost
        rows.append(
            {
                "kind": kind,
                "name": name,
                "view": view,
                "features": int(values["features"].max()),
                "folds": len(lost),
                **_interval(every.to_numpy(dtype=np.float64), ratios[every.index].to_numpy(dtype=np.float64)),
            }
        )
    found = pd.DataFrame(rows)
    blocks = found[found["kind"] == "block"].sort_values(
        ["folds", "importance"], ascending=False, kind="stable"
    )
    return pd.concat([found[found["kind"] != "block"], blocks[:BLOCKS]], ignore_index=True)


def _block_rows(table: pd.DataFrame, fitted: Fitted, reference: TrainingReference) -> pd.DataFrame:
    """Give the blocks of all folds the name and the size of a block of the final model: that of most folds."""
    kept = fitted.encoders[0].harmonizer.features
    label_of = {
        (view, str(name)): int(label)
        for view, labels in reference.correlated.items()
        for name, label in zip(kept[view], labels, strict=True)
    }
    keys = [
        (view, label_of.get((view, name), name))
        for view, name in zip(table["view"], table["name"], strict=True)
    ]
    block = pd.Series([f"{view}\0{label}" for view, label in keys], index=table.index, dtype=object)
    sizes = {view: np.bincount(labels) for view, labels in reference.correlated.items() if len(labels)}
    size = [int(sizes[view][label]) if isinstance(label, int) else 1 for view, label in keys]
    name = table["name"].groupby(block).transform(lambda names: names.value_counts(sort=True).index[0])
    return table.assign(name=name, features=size)


def _interval(values: Array, ratios: Array) -> dict[str, float]:
    """Mean and 95% interval over folds."""
    count = len(values)
    if count < 2:  # noqa: PLR2004  # one fold has no spread
        return {"importance": float(values.mean()), "low": np.nan, "high": np.nan}
    error = np.sqrt((1 / count + ratios.mean()) * values.var(ddof=1))
    half = float(student.ppf(0.975, count - 1) * error)
    mean = float(values.mean())
    return {"importance": mean, "low": mean - half, "high": mean + half}


def _permuted(
    fitted: Fitted, patients: EncodedPatients, group: PermutedGroup, order: NDArray[np.int64]
) -> EncodedPatients:
    batches = [
        _exchanged(patients.batch(number), group, order, encoder)
        for number, encoder in enumerate(fitted.encoders)
    ]
    # Scores need the inputs alone.
    members = [
        replace(member, blocks=encoder.inputs(batch, encoder.factor_model.transform(batch)))
        for member, encoder, batch in zip(patients.members, fitted.encoders, batches, strict=True)
    ]
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


def _discrimination(fitted: Fitted, patients: EncodedPatients, outcome: Survival | Response) -> float:
    """Concordance of the predictions with survival, or area under the ROC curve of a response."""
    rows = outcome.observed
    scale = LOG_HAZARD if isinstance(outcome, Survival) else LOG_ODDS
    score = delivered(fitted.scores(patients), scale)[rows]
    if isinstance(outcome, Survival):
        event, time = outcome.event[rows], outcome.time[rows]
    else:
        # With an event before the end of follow-up for each response, concordance is the area under the ROC curve.
        event, time = outcome.positive[rows], np.where(outcome.positive[rows], 1.0, 2.0)
    ones = np.ones((1, len(score)))
    right, pairs = concordance(score, event, time, ones, ones)
    return float(right[0] / pairs[0]) if pairs[0] > 0 else float("nan")
