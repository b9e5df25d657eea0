"""Levels of attribution that add up: covariates and views, factors and components, features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.ensemble.inputs import ARM, COVARIATES, FACTORS, view_block
from models.factors.linear_model import LinearFactorModel
from stratomics.explanation.exact.member_parts import MemberParts, feature_block

if TYPE_CHECKING:
    from datamodules.batch import Batch
    from models.factors.factor_model import FactorModel
    from stratomics.encoding.training_part import EncodedPatients
    from stratomics.explanation.reference import TrainingReference
    from stratomics.fitting.fitted import Fitted

__all__ = ["ALL", "COMPONENTS", "LEVELS", "OTHER_FACTORS", "REST", "SINGLE", "ExplainedItem", "Levels"]

Array = NDArray[np.float64]

LEVELS = ("sources", "views", "parts", "features")
"""Names of the levels. The first sums the second: all covariates together, and all views together."""

COVARIATE, VIEW, FACTOR, COMPONENTS, SINGLE, FEATURE, REST, OTHER_FACTORS = (
    "covariate",
    "view",
    "factor",
    "components",
    "single features",
    "feature",
    "not assigned",
    "other factors",
)
"""Kinds of items."""

ALL = "all"
"""Name of all covariates, or all views, together."""


class ExplainedItem(NamedTuple):
    """Something that contributes to a prediction.

    Attributes
    ----------
    kind
        covariate, arm, view, factor, other factors (which members do not share), components (of one view alone), single
        features (that a candidate reads directly), feature, or not assigned (to features: the mean of the reference).
    name
        Of the covariate, view, factor or feature.
    view
        View of the item; empty if it has none.
    """

    kind: str
    name: str
    view: str = ""


@dataclass(frozen=True)
class Levels:
    """The items of a model, by level.

    Attributes
    ----------
    fitted
        The model.
    reference
        Training patients, who name the factors.
    """

    fitted: Fitted
    reference: TrainingReference

    @cached_property
    def items(self) -> dict[str, list[ExplainedItem]]:
        """Level -> its items."""
        harmonizer = self.fitted.encoders[0].harmonizer
        own = [ExplainedItem(COVARIATE, name) for name in harmonizer.covariates.kinds]
        arm = [ExplainedItem(ARM, ARM)] if self.fitted.wide_deep.layout.arms else []
        own += arm
        views = [ExplainedItem(VIEW, view, view) for view in self.fitted.views]
        factors = [ExplainedItem(FACTOR, name) for name in self.reference.factors] + [
            ExplainedItem(OTHER_FACTORS, OTHER_FACTORS)
        ]
        parts = [
            ExplainedItem(kind, view, view) for view in self.fitted.views for kind in (COMPONENTS, SINGLE)
        ]
        features = [
            ExplainedItem(FEATURE, name, view) for view, names in self._features.items() for name in names
        ]
        rest = [ExplainedItem(REST, view, view) for view in self.fitted.views] + [
            ExplainedItem(REST, FACTORS)
        ]
        return {
            "sources": [ExplainedItem(COVARIATE, ALL), *arm, ExplainedItem(VIEW, ALL)],
            "views": [*own, *views, ExplainedItem(REST, FACTORS)],
            "parts": [*own, *factors, *parts],
            "features": [*own, *features, *rest],
        }

    @cached_property
    def _features(self) -> dict[str, list[str]]:
        """View -> features that at least one member keeps."""
        found: dict[str, dict[str, None]] = {view: {} for view in self.fitted.views}
        for encoder in self.fitted.encoders:
            for view, names in encoder.harmonizer.features.items():
                found[view] |= dict.fromkeys(map(str, names))
        return {view: list(names) for view, names in found.items()}

    @cached_property
    def _place(self) -> dict[str, dict[ExplainedItem, int]]:
        return {level: {item: n for n, item in enumerate(items)} for level, items in self.items.items()}

    @cached_property
    def _columns(self) -> list[dict[str, NDArray[np.int64]]]:
        """For each member, view -> place of each of its features among the items of the level of features."""
        first = {
            view: self._place["features"][ExplainedItem(FEATURE, names[0], view)]
            for view, names in self._features.items()
            if names
        }
        return [
            {
                view: first[view] + pd.Index(self._features[view]).get_indexer(names.astype(str))
                for view, names in encoder.harmonizer.features.items()
                if len(names)
            }
            for encoder in self.fitted.encoders
        ]

    def of_members(self, patients: EncodedPatients, parts: Sequence[MemberParts]) -> dict[str, Array]:
        """Sum contributions to inputs by item.

        Parameters
        ----------
        patients
            n patients.
        parts
            Contributions of each member.

        Returns
        -------
        dict
            Level -> (members, n, items); the sum over items is the same at all levels.
        """
        n = len(patients.sample_ids)
        totals = {name: np.zeros((len(parts), n, len(items))) for name, items in self.items.items()}
        for member, part in enumerate(parts):
            one = {name: values[member] for name, values in totals.items()}
            self._covariates(one, part, member)
            self._factors(one, part, patients.batch(member), member)
            for view in self.fitted.views:
                self._view(one, part, patients.batch(member), member, view)
        totals["sources"] = self._sources(totals["views"])
        return totals

    def _sources(self, of_views: Array) -> Array:
        """(members, n, items) sums of the contributions of all covariates and of all views."""
        kinds = [VIEW if item.kind == REST else item.kind for item in self.items["views"]]
        of_kind = [np.flatnonzero([kind == item.kind for kind in kinds]) for item in self.items["sources"]]
        sums: Array = np.stack([of_views[:, :, columns].sum(axis=2) for columns in of_kind], axis=2)
        return sums

    def _covariates(self, totals: dict[str, Array], part: MemberParts, member: int) -> None:
        owners = self.fitted.encoders[member].harmonizer.covariates.owners
        values, _ = part.of(COVARIATES, len(owners))
        for name, total in totals.items():
            if name == "sources":
                continue
            for column, owner in enumerate(owners):
                total[:, self._place[name][ExplainedItem(COVARIATE, owner)]] += values[:, column]
            if (place := self._place[name].get(ExplainedItem(ARM, ARM))) is not None:
                total[:, place] += part.of(ARM, 1)[0].sum(axis=1)

    def _factors(self, totals: dict[str, Array], part: MemberParts, batch: Batch, member: int) -> None:
        model, match = self.fitted.encoders[member].factor_model, self.reference.members[member]
        width = self.reference.members[member].blocks[FACTORS].shape[1]
        values, slopes = part.of(FACTORS, width)
        found = match.partner >= 0
        places = np.array(
            [self._place["parts"][ExplainedItem(FACTOR, name)] for name in self.reference.factors], dtype=int
        )
        of_factors = values[:, match.partner[found]]
        totals["parts"][:, places[found]] += of_factors
        other = self._place["parts"][ExplainedItem(OTHER_FACTORS, OTHER_FACTORS)]
        totals["parts"][:, other] += values.sum(axis=1) - of_factors.sum(axis=1)
        by_view = _contributions(model, batch, slopes)
        rest = values.sum(axis=1)
        for view, of_features in by_view.items():
            rest = rest - self._add_features(totals["features"], of_features, member, view)
            totals["views"][:, self._place["views"][ExplainedItem(VIEW, view, view)]] += of_features.sum(
                axis=1
            )
        for level in ("views", "features"):
            totals[level][:, self._place[level][ExplainedItem(REST, FACTORS)]] += rest

    def _view(
        self, totals: dict[str, Array], part: MemberParts, batch: Batch, member: int, view: str
    ) -> None:
        """Components of one view alone, and its features that a candidate reads directly."""
        direct, _ = part.of(feature_block(view), batch.views[view].shape[1])
        place = self._place["views"][ExplainedItem(VIEW, view, view)]
        totals["views"][:, place] += self._add_features(totals["features"], direct, member, view)
        totals["parts"][:, self._place["parts"][ExplainedItem(SINGLE, view, view)]] += direct.sum(axis=1)
        model = self.fitted.encoders[member].components.get(view)
        if model is None:
            return
        width = part.values[view_block(view)].shape[1] if view_block(view) in part.values else 0
        values, slopes = part.of(view_block(view), width)
        whole = values.sum(axis=1)
        totals["views"][:, place] += whole
        totals["parts"][:, self._place["parts"][ExplainedItem(COMPONENTS, view, view)]] += whole
        alone = replace(batch, views={view: batch.views[view]}, observed={view: batch.observed[view]})
        of_features = _contributions(model, alone, slopes).get(view)
        assigned = (
            0.0 if of_features is None else self._add_features(totals["features"], of_features, member, view)
        )
        totals["features"][:, self._place["features"][ExplainedItem(REST, view, view)]] += whole - assigned

    def _add_features(self, total: Array, values: Array, member: int, view: str) -> Array:
        """Add contributions of the features of a view, and return their sum (n,)."""
        if values.shape[1]:
            total[:, self._columns[member][view]] += values
        added: Array = values.sum(axis=1)
        return added


def _contributions(model: FactorModel, batch: Batch, slopes: Array) -> dict[str, Array]:
    """Contributions of features through factors; none if the factors are no sum over features."""
    if not isinstance(model, LinearFactorModel) or not slopes.any():
        return {}
    count = model.linear.count
    direction = np.zeros((len(slopes), count))
    direction[:, : slopes.shape[1]] = slopes[:, :count]
    return model.contributions(batch, direction)
