"""Scores of several numbers of analytes, learned from one set of patients: scaling, selection, weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DataError
from omics.common.registry import check_choice
from stratomics.strata.panel.assay.prices import Prices
from stratomics.strata.panel.forms import FORMS
from stratomics.strata.panel.scaling import AnalyteScaling
from stratomics.strata.panel.selection import SELECTIONS, SelectionTask
from stratomics.strata.panel.target import PanelTarget
from stratomics.strata.panel.values import AssayValues

__all__ = ["PanelScore", "PanelSettings", "ScorePath"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class PanelSettings:
    """How panels are learned.

    Attributes
    ----------
    form
        A name in FORMS.
    select
        A name in SELECTIONS.
    max_missing, min_prevalence
        Analytes that are measured or detected in fewer patients are not considered; as in the harmonization of a run.
    inner_folds
        Folds of a training set; their held-out scores calibrate the panel.
    """

    form: str = "linear"
    select: str = "path"
    max_missing: float = 0.5
    min_prevalence: float = 0.1
    inner_folds: int = 5

    def __post_init__(self) -> None:
        check_choice(FORMS, self.form, "form")
        check_choice(SELECTIONS, self.select, "select")


@dataclass(frozen=True)
class PanelScore:
    """The score of one number of analytes: ``sum(weights * inputs) - center``.

    Attributes
    ----------
    form
        A name in FORMS.
    limit, location, scale
        (m,) of each analyte, as in :class:`stratomics.strata.panel.scaling.AnalyteScaling`.
    columns
        (m,) columns of the analytes among those that the score was learned from.
    weights
        Weight of each input of the form.
    center
        Mean of the sum in the training patients.
    """

    form: str
    columns: NDArray[np.int64]
    limit: Array
    location: Array
    scale: Array
    weights: Array
    center: float

    def __call__(self, values: Array) -> Array:
        """Scores (n,) of patients, from the values (n, m) of the analytes of the panel in their order."""
        scaling = AnalyteScaling(np.arange(len(self.columns)), self.limit, self.location, self.scale)
        x = scaling.transform(values)
        inputs = FORMS[self.form].inputs(x, x * self.scale + self.location)
        score: Array = inputs @ self.weights - self.center
        return score


@dataclass(frozen=True)
class ScorePath:
    """Number of analytes -> the score of as many analytes; panels are nested where the selection is."""

    scores: Mapping[int, PanelScore]

    @classmethod
    def fit(
        cls,
        patients: AssayValues,
        target: PanelTarget,
        numbers: Sequence[int],
        prices: Prices,
        settings: PanelSettings,
        generator: np.random.Generator,
    ) -> Self:
        """Learn scaling, selection and weights from training patients.

        Parameters
        ----------
        patients
            The training patients.
        target
            What the panel predicts, observed in all of them.
        numbers
            Numbers of analytes.
        prices
            Price of each analyte.
        settings
            How panels are learned.
        generator
            Random numbers of the selection.

        Raises
        ------
        DataError
            If no analyte varies, or is measured and detected in enough patients.
        """
        scaling = AnalyteScaling.fit(patients, settings.max_missing, settings.min_prevalence)
        if not len(scaling.kept):
            raise DataError(
                "no analyte varies, or is measured and detected in enough patients; see harmonize.max_missing"
            )
        form, x = FORMS[settings.form], scaling.transform(patients.values)
        raw = x * scaling.scale + scaling.center
        task = SelectionTask(x, target, max(numbers), prices.take(scaling.kept), generator)
        order = form.order(task, settings.select, raw)
        scores = {}
        for number in numbers:
            chosen = order[: number - number % 2 if form.in_pairs else number]
            inputs = form.inputs(x[:, chosen], raw[:, chosen])
            weights = form.weights(inputs, target) if len(chosen) else np.zeros(0)
            scores[number] = PanelScore(
                settings.form,
                scaling.kept[chosen],
                scaling.limit[chosen],
                scaling.center[chosen],
                scaling.scale[chosen],
                weights,
                float((inputs @ weights).mean()) if len(chosen) else 0.0,
            )
        return cls(scores)

    def estimates(self, patients: AssayValues) -> dict[int, Array]:
        """Score patients (n,) with the analytes of training, by number of analytes."""
        return {number: score(patients.values[:, score.columns]) for number, score in self.scores.items()}
