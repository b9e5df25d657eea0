"""Enrich a table of a trial by one column: the threshold table of a marker or of a score from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Unpack

import numpy as np
import pandas as pd

from omics.common.errors import ConfigError
from stratomics.enrichment.analysis import EnrichOptions, enrich, excluded_patients
from stratomics.enrichment.one_row_per_patient import refuse_repeated_patients
from stratomics.enrichment.read_trial import column_of, numbers, trial_of, truth_of
from stratomics.enrichment.result import EnrichmentResult
from stratomics.enrichment.selection.cuts import Score, marker_cuts

__all__ = ["TrialColumns", "enrich_table"]


@dataclass(frozen=True, kw_only=True)
class TrialColumns:
    """Columns of a trial in a table.

    Attributes
    ----------
    score
        The score; higher for patients who are expected to benefit more.
    arm, control, treated
        Column of the arm, its value in the control arm, and its values in the treated arm if there are several.
    time, event, response
        Columns of time and event, or of the response.
    covariates
        Columns that adjust the mean benefit.
    toxicity
        Column that is 1 where toxicity occurred.
    randomised
        ``"yes"``, ``"adaptive"`` or ``"no"``.
    id
        Column of the ids of patients; None to look for one.
    """

    score: str
    arm: str
    control: str
    treated: Sequence[str] = ()
    time: str | None = None
    event: str | None = None
    response: str | None = None
    covariates: Sequence[str] = ()
    toxicity: str | None = None
    randomised: str = "yes"
    id: str | None = None


def enrich_table(
    table: pd.DataFrame,
    columns: TrialColumns,
    cuts: Sequence[float] | None = None,
    shares: Sequence[float] | None = None,
    **options: Unpack[EnrichOptions],
) -> EnrichmentResult:
    """Enrich a trial by one column of a table. Nothing is written.

    Parameters
    ----------
    table
        One row per patient.
    columns
        Its columns.
    cuts
        Raw values of the score to cut at.
    shares
        Shares of the patients of highest score, in place of `cuts`; the default shares if both are left out.
    **options
        As in :func:`stratomics.enrichment.analysis.enrich`.

    Returns
    -------
    EnrichmentResult
        With a warning if patients are excluded.

    Raises
    ------
    ConfigError
        If both `cuts` and `shares` are given.
    InputError
        If a column is missing or has invalid values, or a patient has several rows.
    """
    if cuts is not None and shares is not None:
        raise ConfigError(
            "cuts and shares exclude each other; give raw values of the score, or shares of the patients"
        )
    refuse_repeated_patients(table, columns.id, (columns.score, columns.arm))
    trial, rows = trial_of(
        table,
        columns.arm,
        columns.control,
        columns.treated,
        time=columns.time,
        event=columns.event,
        response=columns.response,
        randomised=columns.randomised,
    )
    excluded, table = excluded_patients(len(table) - len(trial)), table.iloc[rows]
    score = numbers(column_of(table, columns.score), columns.score)
    x = [numbers(column_of(table, name), name) for name in columns.covariates]
    toxicity = columns.toxicity
    result = enrich(
        trial,
        Score.marker(columns.score, score),
        marker_cuts(trial, score, cuts, shares),
        covariates=np.column_stack(x) if x else None,
        toxic=None if toxicity is None else truth_of(column_of(table, toxicity), toxicity),
        **options,
    )
    return replace(result, warnings=(*result.warnings, *excluded))
