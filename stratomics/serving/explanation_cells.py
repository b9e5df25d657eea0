"""Explanations in the response of a served model: one JSON text per patient."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from stratomics.explanation.attribution import Explanation, explain
from stratomics.explanation.levels import FEATURE

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.explanation.reference import TrainingReference
    from stratomics.fitting.fitted import Fitted

__all__ = ["explanation_cells"]

FEATURES = 10
"""Features with the largest contributions that a response names."""


def explanation_cells(fitted: Fitted, patients: MuData, reference: TrainingReference) -> list[str]:
    """Explain the predictions of the patients of a request.

    Parameters
    ----------
    fitted
        The served model.
    patients
        n patients.
    reference
        Its training patients.

    Returns
    -------
    list of str
        For each patient a JSON object: ``scale``, ``prediction``, ``reference``, ``contributions`` of covariates and
        views, which add up to the prediction minus the reference, and the ten ``features`` with the largest
        contributions. Each has ``name``, ``view``, ``contribution`` and ``stable``.
    """
    found = explain(fitted, patients, reference)
    return [json.dumps(_of_patient(found, row)) for row in range(len(found.sample_ids))]


def _of_patient(found: Explanation, row: int) -> dict[str, object]:
    level = found.levels["features"]
    features = np.flatnonzero([item.kind == FEATURE for item in level.items])
    largest = features[np.argsort(-np.abs(level.value[row, features]), kind="stable")][:FEATURES]
    return {
        "scale": found.scale,
        "prediction": float(found.prediction[row]),
        "reference": found.reference,
        "contributions": _items(found, "views", row, range(len(found.levels["views"].items))),
        "features": _items(found, "features", row, map(int, largest)),
    }


def _items(found: Explanation, level: str, row: int, columns: Iterable[int]) -> list[dict[str, object]]:
    of_level = found.levels[level]
    return [
        {
            "kind": of_level.items[column].kind,
            "name": of_level.items[column].name,
            "view": of_level.items[column].view,
            "contribution": float(of_level.value[row, column]),
            "stable": bool(of_level.stable[row, column]),
        }
        for column in columns
    ]
