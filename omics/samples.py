"""The samples table: every declared column is there, and a covariate is a number or a category, once for all."""

from __future__ import annotations

from typing import Any

import pandas as pd

from omics.errors import CohortError, nearest
from omics.readers.matrix import numbers
from omics.spec import CohortSpec

__all__ = ["checked_samples"]

MOSTLY = 0.5
"""Share of a covariate's values that are numbers, from which the others are slips and not categories."""

FEWEST = 10
"""Patients from which a category as rich as the cohort is an id, and no category."""


def checked_samples(samples: pd.DataFrame, spec: CohortSpec, file: str) -> pd.DataFrame:
    """Check the columns that `spec` names, and settle each covariate as float64 or text.

    Raises
    ------
    CohortError
        A missing column, an endpoint among the covariates, text among numbers, as many categories as patients.
    """
    _check_columns(samples, spec, file)
    settled = {name: _covariate(samples[name], file) for name in spec.covariates}
    return samples.assign(**settled)


def _check_columns(samples: pd.DataFrame, spec: CohortSpec, file: str) -> None:
    arm = None if spec.arm is None else spec.arm.column
    for name in (*spec.covariates, spec.site, spec.group, spec.part, arm):
        if name is not None and name not in samples.columns:
            raise CohortError(
                f"no such column; {nearest(name, map(str, samples.columns))}",
                "missing_column",
                file=file,
                column=name,
            )
    outcomes = {c for e in spec.endpoints.values() for c in (e.time, e.event, e.column) if c is not None}
    for name in spec.covariates:
        if name in outcomes:
            raise CohortError(
                "a covariate is also an endpoint; remove it from covariates",
                "outcome_as_covariate",
                file=file,
                column=name,
            )


def _covariate(column: pd.Series[Any], file: str) -> pd.Series[Any]:
    present = column.dropna()
    if column.dtype.kind == "b" or present.map(lambda value: isinstance(value, bool)).all():
        column = column.map({True: 1.0, False: 0.0})
    share = float(pd.to_numeric(present, errors="coerce").notna().mean()) if len(present) else 1.0
    if column.dtype.kind in "fiumM" or share > MOSTLY:
        floats: pd.Series[Any] = numbers(column.to_frame(), file).iloc[:, 0]
        return floats
    if len(present) >= FEWEST and present.nunique() > len(present) / 2:
        raise CohortError(
            f"{present.nunique()} categories in {len(present)} patients tell nothing; is it an id? remove it",
            "too_many_categories",
            file=file,
            column=str(column.name),
        )
    text: pd.Series[Any] = column.astype(str).astype(object)
    return text.where(column.notna())
