"""Make the explanation data of a model from its training patients, once, when its run ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from models.factors.loadings import Loadings, factor_names
from omics.common.files import read_parquet
from stratomics.evaluation.metrics import DISCRIMINATION
from stratomics.explanation.attribution import explain
from stratomics.explanation.levels import VIEW
from stratomics.explanation.reference import SHARES, TrainingReference, reference_patients

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.fitting.fitted import Fitted

__all__ = ["describe_training", "is_informative", "run_loadings"]

CHANCE = 0.5


def describe_training(
    fitted: Fitted, cohort: MuData, loadings: Loadings, *, informative: bool, seed: int
) -> TrainingReference:
    """Make the explanation data of a model.

    Parameters
    ----------
    fitted
        The final model.
    cohort
        Its training patients.
    loadings
        Loadings of the factors that the run reports.
    informative
        Whether out-of-fold predictions were better than chance.
    seed
        Of the draw of reference patients.

    Returns
    -------
    TrainingReference
        With quantiles of the contributions of each view, and of the predictions.
    """
    drawn = reference_patients(cohort, seed)
    reference = TrainingReference.of(fitted, drawn, loadings, informative=informative)
    found = explain(fitted, drawn, reference)
    quantiles = {"prediction": np.quantile(found.prediction, SHARES)}
    for column, item in enumerate(found.levels["views"].items):
        if item.kind == VIEW:
            quantiles[f"contribution.{item.view}"] = np.quantile(
                found.levels["views"].value[:, column], SHARES
            )
    return replace(reference, quantiles={**reference.quantiles, **quantiles})


def is_informative(metrics: Mapping[str, Any], kind: str, endpoint: str | None = None) -> bool:
    """Whether the 95% interval of the out-of-fold discrimination is above chance.

    Parameters
    ----------
    metrics
        Content of ``metrics.json``.
    kind
        Kind of the endpoint.
    endpoint
        Its name; by default the primary endpoint.

    Returns
    -------
    bool
        False also where there is no interval.

    Examples
    --------
    >>> is_informative({"endpoint": "os", "os": {"harrell_c": {"estimate": 0.6, "low": 0.49}}}, "survival")
    False
    """
    figure = metrics.get(endpoint or str(metrics["endpoint"]), {}).get(DISCRIMINATION[kind], {})
    return bool(figure.get("low", 0.0) > CHANCE)


def run_loadings(factors: Path) -> Loadings:
    """Read the loadings of the factors that a run reports.

    Parameters
    ----------
    factors
        Folder ``factors/`` of the run.

    Returns
    -------
    Loadings
        Empty if the run has none.
    """
    if not (factors / "loadings.parquet").is_file():
        return {}
    table = read_parquet(factors / "loadings.parquet")
    names = factor_names(table["factor"].nunique())
    return {
        str(view): rows.pivot(index="feature", columns="factor", values="loading")[names]
        for view, rows in table.groupby("view", sort=False)
    }
