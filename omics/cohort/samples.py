"""Check the samples table, and convert each covariate to a number or a category."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from omics.cohort.spec import ArmSpec, CohortSpec
from omics.cohort.stated_columns import same_label
from omics.common.errors import CohortError, nearest
from omics.readers.delimited_tables import raw_texts
from omics.readers.matrix import numbers
from omics.readers.notes import attach_warnings
from omics.readers.plain_tables import table_format

__all__ = ["checked_samples", "text_labels", "typed_samples", "with_labels"]

TEXTS = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
NA_LABEL = "NA"

MOSTLY = 0.5
"""Share of numbers among the values of a covariate above which a text is an error and not a category."""

FEWEST = 10
"""Number of patients from which a covariate with nearly as many categories as patients counts as an id."""

SHOWN = 5
"""Number of values that an error lists."""

DATE = re.compile(r"\d{4}-\d\d?-\d\d?([ T].*)?|\d\d?[./]\d\d?[./]\d{4}")


def checked_samples(samples: pd.DataFrame, spec: CohortSpec, file: str) -> pd.DataFrame:
    """Check the columns that `spec` names and convert them as :func:`typed_samples` does.

    Parameters
    ----------
    samples
        One row per patient, indexed by id.
    spec
        Specification of the cohort.
    file
        Named in errors.

    Returns
    -------
    DataFrame
        `samples` with converted columns.

    Raises
    ------
    CohortError
        If a column is missing, an endpoint has another role too, a covariate has dates, text among numbers or as many
        categories as patients, or an arm has no patient.
    """
    _check_columns(samples, spec, file)
    if spec.arm is not None:
        _check_arm(samples[spec.arm.column], spec.arm, file)
    typed = typed_samples(samples, spec, file)
    if spec.part is not None:
        _check_part(typed[spec.part], file)
    for name in spec.covariates:
        _check_categories(typed[name], file)
    return typed


def typed_samples(samples: pd.DataFrame, spec: CohortSpec, file: str) -> pd.DataFrame:
    """Convert each covariate to float64 or text, and the site and the part to text; a missing column is skipped.

    Parameters
    ----------
    samples
        One row per patient, indexed by id.
    spec
        Specification of the cohort.
    file
        Named in errors.

    Returns
    -------
    DataFrame
        `samples` with converted columns.
    """
    typed = {
        name: text_labels(samples[name]) if name in spec.categories else _covariate(samples[name], file)
        for name in spec.covariates
        if name in samples
    }
    if spec.site is not None and spec.site in samples:
        typed[spec.site] = text_labels(samples[spec.site])
    if spec.part is not None and spec.part in samples:
        typed[spec.part] = samples[spec.part].map(lambda word: str(word).strip().lower(), na_action="ignore")
    return samples.assign(**typed)


def text_labels(column: pd.Series[Any]) -> pd.Series[Any]:
    """Values as text, whole numbers without decimals, so that site 1 is '1' also in a column with empty cells."""
    present = column.dropna()
    if column.dtype.kind == "f" and (present % 1 == 0).all():
        column = column.astype("Int64")
    text: pd.Series[Any] = column.astype(str).astype(object)
    return text.where(column.notna())


def _check_columns(samples: pd.DataFrame, spec: CohortSpec, file: str) -> None:
    others = {"site": spec.site, "group": spec.group, "part": spec.part}
    if spec.arm is not None:
        chance = spec.arm.probability
        others |= {"arm": spec.arm.column, "strata": spec.arm.strata}
        others |= {"probability": chance if isinstance(chance, str) else None}
    for name in (*spec.covariates, *spec.categories, *others.values()):
        if name is not None and name not in samples.columns:
            raise CohortError(
                f"no such column; {nearest(name, map(str, samples.columns))}",
                "missing_column",
                file=file,
                column=name,
            )
    outcomes = {
        c for e in spec.endpoints.values() for c in (e.time, e.event, e.cause, e.column) if c is not None
    }
    for name in spec.covariates:
        if name in outcomes:
            raise CohortError(
                "a covariate is also an endpoint; remove it from covariates",
                "outcome_as_covariate",
                file=file,
                column=name,
            )

    for role, name in others.items():
        if name in outcomes:
            raise CohortError(
                f"the column is an endpoint and cannot be {role} too; name another column",
                "outcome_in_another_role",
                file=file,
                column=name,
            )


def _check_part(column: pd.Series[Any], file: str) -> None:
    wrong = ~column.isin(["train", "test"])
    if wrong.any():
        value = column[wrong].iloc[0]
        raise CohortError(
            "a patient has no part; give every patient one"
            if pd.isna(value)
            else f"{value!r} is neither train nor test",
            "unknown_part",
            file=file,
            column=str(column.name),
            patient=str(column.index[int(wrong.to_numpy().argmax())]),
        )


def _check_arm(column: pd.Series[Any], arm: ArmSpec, file: str) -> None:
    present = column.dropna()
    for role, value in (("control", arm.control), ("treated", arm.treated)):
        in_arm = same_label(present, value)
        if value is not None and len(present) and not in_arm.any():
            arms = ", ".join(sorted(map(str, present.unique()))[:SHOWN])
            raise CohortError(
                f"no patient is in the {role} arm {value!r}; found {arms}",
                f"no_{role}",
                file=file,
                column=arm.column,
            )


def _covariate(column: pd.Series[Any], file: str) -> pd.Series[Any]:
    present = column.dropna()
    if column.dtype.kind == "b" or present.map(lambda value: isinstance(value, bool)).all():
        column = column.map({True: 1.0, False: 0.0})
    if len(present) and present.map(lambda value: bool(DATE.fullmatch(str(value)))).all():
        raise CohortError(
            "dates are not numbers; give days since a date of your choice",
            "date_for_number",
            file=file,
            column=str(column.name),
        )
    share = float(pd.to_numeric(present, errors="coerce").notna().mean()) if len(present) else 1.0
    if column.dtype.kind in "fiumM" or share > MOSTLY:
        floats: pd.Series[Any] = numbers(column.to_frame(), file).iloc[:, 0]
        return floats
    text: pd.Series[Any] = column.astype(str).astype(object)
    return text.where(column.notna())


def _check_categories(column: pd.Series[Any], file: str) -> None:
    present = column.dropna()
    if column.dtype == object and len(present) >= FEWEST and present.nunique() > len(present) / 2:
        raise CohortError(
            f"{present.nunique()} categories in {len(present)} patients are too many; is it an id? remove it",
            "too_many_categories",
            file=file,
            column=str(column.name),
        )


def with_labels(samples: pd.DataFrame, spec: CohortSpec, file: Path) -> pd.DataFrame:
    """Read columns again in which NA may be a label, such as North America; `missing: {COLUMN: []}` states it.

    Parameters
    ----------
    samples
        One row per patient, as read.
    spec
        Specification of the cohort.
    file
        The file of the samples.

    Returns
    -------
    DataFrame
        `samples`, with NA as a label where it is one, or a warning.
    """
    said = []
    for name in dict.fromkeys([*spec.missing, spec.site, *spec.covariates]):
        if name is None or name not in samples or table_format(file) not in TEXTS:
            continue
        stated = spec.missing.get(name) == []
        if not stated and not _are_codes(samples[name]):
            continue
        texts = raw_texts(file, name)
        labels = texts == NA_LABEL
        if stated:
            samples = samples.assign(**{name: np.array([text or None for text in texts], dtype=object)})
        elif labels.any():
            said.append(f"{labels.sum()} cells 'NA' of {name}")
    if not said:
        return samples
    sentence = f"{' and '.join(said)} were read as missing, between labels of two letters; if NA is a label, declare "
    return attach_warnings(samples, {"na_in_codes": f"{sentence}missing: {{COLUMN: []}}"})


def _are_codes(column: pd.Series[Any]) -> bool:
    """Whether a column has empty cells, and all others have two capital letters."""
    present = column.dropna()
    two = column.dtype == object and len(present) < len(column) and len(set(present)) > 1
    return bool(two and present.astype(str).str.fullmatch(r"[A-Z]{2}").all())
