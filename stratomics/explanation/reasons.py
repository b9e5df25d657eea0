"""Reasons for a prediction: the stable contributions of a patient, with their values and places in training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit

from models.ensemble.inputs import COVARIATES
from stratomics.explanation.attribution import Explanation, Level
from stratomics.explanation.exact.combine import LOG_ODDS
from stratomics.explanation.levels import ALL, COVARIATE, FEATURE, VIEW, ExplainedItem
from stratomics.explanation.reference import TrainingReference, percentile
from stratomics.explanation.result import FeatureReason, Rationale, Reason

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.fitting.fitted import Fitted

__all__ = ["rationales"]

Array = NDArray[np.float64]

FOR, AGAINST = 3, 2
"""Largest numbers of reasons that are named."""

FEATURES = 3
"""Features that are named within a reason."""


def rationales(
    explanation: Explanation, cohort: MuData, fitted: Fitted, reference: TrainingReference
) -> list[Rationale]:
    """Find the reasons for the prediction of each patient.

    Parameters
    ----------
    explanation
        Of the patients.
    cohort
        The same patients.
    fitted
        The model.
    reference
        Training patients.

    Returns
    -------
    list of Rationale
        In the order of the patients.
    """
    reader = _Reader(explanation, fitted.prepared(cohort), fitted, reference)
    return [reader.rationale(row) for row in range(len(explanation.sample_ids))]


class _Reader:
    """Looks up values, percentiles and features of the patients."""

    def __init__(
        self, explanation: Explanation, cohort: MuData, fitted: Fitted, reference: TrainingReference
    ) -> None:
        self.explanation, self.cohort, self.fitted, self.reference = explanation, cohort, fitted, reference
        self.batch = fitted.encoders[0].harmonizer.transform(cohort)
        level = explanation.levels["features"]
        self.columns = {
            view: np.array([n for n, item in enumerate(level.items) if item == (FEATURE, item.name, view)])
            for view in fitted.views
        }

    def rationale(self, row: int) -> Rationale:
        found, level = self.explanation, self.explanation.levels["views"]
        due = found.prediction[row] - found.reference
        order = np.argsort(-np.abs(level.value[row]), kind="stable")
        named = [n for n in order if level.stable[row, n] and level.items[n].kind in (COVARIATE, VIEW)]
        support = [n for n in named if level.value[row, n] * due > 0][:FOR]
        opposing = [n for n in named if level.value[row, n] * due < 0][:AGAINST]
        contributors = np.array([item.kind in (COVARIATE, VIEW) for item in level.items])
        unstable = contributors & (level.value[row] != 0) & ~level.stable[row]
        share = self.reference.quantiles.get("prediction")
        return Rationale(
            str(found.sample_ids[row]),
            found.scale,
            float(found.prediction[row]),
            found.reference,
            None if share is None else _one(percentile(share, found.prediction[[row]])),
            *self._chances(row),
            self._all_views(row),
            tuple(self._reason(row, n) for n in support),
            tuple(self._reason(row, n) for n in opposing),
            float(due - level.value[row, [*support, *opposing]].sum()),
            int(unstable.sum()),
            float(found.ranks[row]) if np.isfinite(found.ranks[row]) else None,
            tuple(view for view in self.fitted.views if not self.batch.present(view)[row]),
        )

    def _chances(self, row: int) -> tuple[float | None, float | None, float | None]:
        """Time, probability of the patient and of the reference: survival at the first time, or response."""
        found = self.explanation
        if found.scale == LOG_ODDS:
            return None, float(expit(found.prediction[row])), float(expit(found.reference))
        if found.times is None or found.survival is None or found.over_time is None:
            return None, None, None
        chance = float(found.survival[row, 0])
        return float(found.times[0]), chance, chance - float(found.over_time[row, :, 0].sum())

    def _all_views(self, row: int) -> Reason | None:
        level = self.explanation.levels["sources"]
        column = level.items.index(ExplainedItem(VIEW, ALL))
        if not level.stable[row, column]:
            return None
        return self._plain(level, row, column, None, None, ())

    def _reason(self, row: int, column: int) -> Reason:
        level = self.explanation.levels["views"]
        item = level.items[column]
        value, share = self._covariate(row, item.name) if item.kind == COVARIATE else self._view(row, column)
        total = float(level.value[row, column])
        features = self._features(row, item.view, total) if item.kind == VIEW else ()
        return self._plain(level, row, column, value, share, features)

    def _plain(
        self,
        level: Level,
        row: int,
        column: int,
        value: float | str | None,
        share: float | None,
        features: tuple[FeatureReason, ...],
    ) -> Reason:
        item = level.items[column]
        models = len(self.fitted.encoders) + int(self.explanation.folds[row])
        return Reason(
            item.name,
            item.kind,
            float(level.value[row, column]),
            float(level.sd[row, column]),
            (round(float(level.agreement[row, column]) * models), models),
            value,
            share,
            features,
        )

    def _covariate(self, row: int, name: str) -> tuple[float | str | None, float | None]:
        if name not in self.cohort.obs or pd.isna(self.cohort.obs[name].iloc[row]):
            return None, None
        value = self.cohort.obs[name].iloc[row]
        quantiles = self.reference.quantiles.get(f"{COVARIATES}.{name}")
        if quantiles is None:
            return str(value), None
        number = float(pd.to_numeric(value, errors="coerce"))
        return number, _one(percentile(quantiles, np.array([number])))

    def _view(self, row: int, column: int) -> tuple[None, float | None]:
        level = self.explanation.levels["views"]
        quantiles = self.reference.quantiles.get(f"contribution.{level.items[column].view}")
        return None, None if quantiles is None else _one(percentile(quantiles, level.value[row, [column]]))

    def _features(self, row: int, view: str, total: float) -> tuple[FeatureReason, ...]:
        """Blocks of features with the largest stable contributions in the direction of the view."""
        level, columns = self.explanation.levels["features"], self.columns[view]
        if not len(columns):
            return ()
        names = np.array([level.items[n].name for n in columns])
        value, stable = level.value[row, columns], level.stable[row, columns]
        block = self._blocks(view, names)
        sums = np.bincount(block, value)
        forward = value * np.sign(total) * stable
        reasons = []
        for number in np.argsort(-sums * np.sign(total), kind="stable"):
            inside = np.flatnonzero(block == number)
            lead = inside[np.argmax(forward[inside])]
            if sums[number] * total > 0 and forward[lead] > 0:
                measured = self._measured(row, view, names[lead])
                reasons.append(
                    FeatureReason(str(names[lead]), len(inside) - 1, float(sums[number]), *measured)
                )
            if len(reasons) == FEATURES:
                break
        return tuple(reasons)

    def _blocks(self, view: str, names: NDArray[np.str_]) -> NDArray[np.int64]:
        """(p,) number of the block of correlated features; a feature that the first member lacks is alone."""
        known = self._kept(view).get_indexer(pd.Index(names))
        labels = self.reference.correlated[view]
        blocks = np.where(known >= 0, labels[known] if len(labels) else 0, -1)
        blocks[blocks < 0] = labels.max(initial=-1) + 1 + np.arange((blocks < 0).sum())
        return blocks

    def _kept(self, view: str) -> pd.Index:
        return self.fitted.encoders[0].harmonizer.features[view].astype(str)

    def _measured(self, row: int, view: str, name: str) -> tuple[float | None, float | None]:
        """Value of a feature on the scale of the cohort, and its percentile in training."""
        place = self._kept(view).get_indexer(pd.Index([name]))[0]
        if place < 0 or not self.batch.observed[view][row, place]:
            return None, None
        table = self.cohort[view]
        patient, feature = table.obs_names.get_indexer([self.explanation.sample_ids[row]])[0], table.var_names
        column = feature.get_indexer([name])[0]
        quantiles = self.reference.quantiles.get(f"view.{view}")
        share = None
        if quantiles is not None:
            share = _one(
                percentile(quantiles[:, place], self.batch.views[view][row, [place]].astype(np.float64))
            )
        if patient < 0 or column < 0:
            return None, share
        return float(table[[patient], [column]].to_df().iloc[0, 0]), share


def _one(values: Array) -> float:
    return float(values[0])
