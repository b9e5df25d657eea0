"""Ids of patients in other spellings: a pattern that cuts the patient out of the name of a sample."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import CohortError
from omics.readers.anndata_parts import OBS

__all__ = ["check_id", "check_ids", "id_column", "matching_pattern", "patient_ids"]

PATTERNS = (
    r"^(TCGA-\w\w-\w{4})",
    r"^([^-]+)",
    r"^([^_]+)",
    r"^([^.]+)",
    r"^([^-]+-[^-]+)",
    r"^([^-]+-[^-]+-[^-]+)",
    r"^([^-]+-[^-]+-[^-]+-\d+)",
    r"^(.+)[-_.][^-_.]+$",
    r"^X(.+)$",
    r"^[^-_.]+[-_.](.+)$",
    r"(\d+)$",
)
"""Patterns that are tried on ids that do not match; the group is the patient."""

MOST = 0.8
"""Share of the ids that must be patients by a pattern."""


def check_id(value: Any, what: str, file: str) -> None:
    """Check the key `id`: the name of a column, or a mapping of `column` and `pattern`.

    Parameters
    ----------
    value
        The key.
    what
        What it belongs to, for the error.
    file
        Named in errors.

    Raises
    ------
    CohortError
        If it is of another type, or the pattern is no regular expression with one group.
    """
    if value is None or isinstance(value, str):
        return
    known = isinstance(value, dict) and value and set(value) <= {"column", "pattern"}
    if not known or not all(isinstance(part, str) for part in value.values()):
        raise CohortError(
            f"{what}: 'id' is {value!r}, and must be text, or {{column: NAME, pattern: '^(...)'}}",
            "wrong_type",
            file=file,
        )
    try:
        groups = re.compile(value.get("pattern", "()")).groups
    except re.error as error:
        raise CohortError(f"{what}: the pattern is not valid ({error})", "bad_pattern", file=file) from None
    if groups != 1:
        raise CohortError(
            f"{what}: the pattern {value['pattern']!r} has {groups} groups; put the patient into one pair of brackets, "
            "such as '^([^-]+)'",
            "bad_pattern",
            file=file,
        )


def id_column(value: Any) -> str | None:
    """Column of the key `id`; None for the first column."""
    return value.get("column") if isinstance(value, dict) else value


def patient_ids(names: pd.Index, value: Any, file: str) -> pd.Index:
    """Cut the patients out of names of samples by the pattern of the key `id`.

    Parameters
    ----------
    names
        Names of samples.
    value
        The key `id`.
    file
        Named in errors.

    Returns
    -------
    Index
        The patient of each name; the name itself where there is no pattern.

    Raises
    ------
    CohortError
        If a name does not match the pattern.
    """
    pattern = value.get("pattern") if isinstance(value, dict) else None
    if pattern is None:
        return names
    found = [re.search(pattern, str(name)) for name in names]
    for name, match in zip(names, found, strict=True):
        if match is None or not match[1]:
            raise CohortError(
                f"the id '{name}' does not match the pattern {pattern!r}; correct the pattern",
                "bad_pattern",
                file=file,
                patient=str(name),
            )
    return pd.Index([match[1] for match in found if match is not None], name=names.name)


def matching_pattern(names: Sequence[str], patients: pd.Index) -> str | None:
    """Pattern by which most names are patients of the samples table; None where there is none.

    Parameters
    ----------
    names
        Names of samples that are no patients.
    patients
        Ids of the samples table.

    Returns
    -------
    str or None
        The pattern.

    Examples
    --------
    >>> matching_pattern(["P1-01A", "P2-01A"], pd.Index(["P1", "P2", "P3"]))
    '^([^-]+)'
    """
    known = set(map(str, patients))
    for pattern in PATTERNS:
        found = [match[1] for name in names if (match := re.search(pattern, name))]
        if names and sum(patient in known for patient in found) >= MOST * len(names):
            return pattern
    return None


def check_ids(
    name: str,
    ids: pd.Index,
    features: pd.Index,
    texts: pd.DataFrame,
    patients: pd.Index,
    file: str,
    strict: bool = False,
) -> NDArray[np.bool_]:
    """Find the ids of a view that are patients of the samples table.

    Parameters
    ----------
    name
        Name of the view.
    ids, features
        Ids and names of features of the view.
    texts
        Its columns of text.
    patients
        Ids of the samples table.
    file
        Named in errors.
    strict
        Whether an id that is not among `patients` is an error.

    Returns
    -------
    ndarray
        (n,) bool: the id is among `patients`.

    Raises
    ------
    CohortError
        If no id is among `patients`, an unknown id is a patient in another spelling, or `strict`.
    """
    known: NDArray[np.bool_] = np.asarray(ids.isin(patients))
    unknown = ids[~known].astype(str)
    if not len(unknown):
        return known
    close = _similar_id(unknown, patients)
    if len(unknown) == len(ids):
        other = _where_ids_are(ids, features, texts, patients, close)
        raise CohortError(
            f"view '{name}' shares no id with the samples table{other}",
            "no_shared_ids",
            file=file,
        )
    if not strict and not close:
        return known
    hint = f"'{close[0]}' is '{close[1]}' there, spell ids the same" if close else "add or remove them"
    raise CohortError(
        f"{len(unknown)} patient id(s) of view '{name}' are not in the samples table; {hint}",
        "unknown_patient",
        file=file,
        patient=str(unknown[0]),
    )


def _where_ids_are(
    ids: pd.Index, features: pd.Index, texts: pd.DataFrame, patients: pd.Index, close: tuple[str, str] | None
) -> str:
    if features.isin(patients).any():
        return ", and ids match its columns: set orient"
    for column, cells in texts.items():
        if cells.astype(str).isin(patients).any():
            return _ids_in_column(str(column), cells, bool(texts.attrs.get(OBS)))
    for names, where in ((ids, ""), (features, ", orient: features_in_rows")):
        pattern = matching_pattern([str(one) for one in names], patients)
        if pattern is not None:
            return _ids_by_pattern(names, pattern, where)
    if close:
        return f": '{close[0]}' is '{close[1]}' there; spell ids the same"
    return f": it has '{ids[0]}' and the samples table '{patients[0]}'"


def _ids_in_column(column: str, cells: pd.Series[Any], is_obs: bool) -> str:
    if not is_obs:
        return f", and its column '{column}' does: declare id: {column}"
    rows = len(cells) / max(1, cells.nunique())
    if rows == 1:
        return f", and obs['{column}'] does: declare id: {column}"
    return (
        f", and obs['{column}'] does, with {rows:.3g} rows per patient: if they are cells, declare format: cells with "
        f"patient and cell_type; otherwise id: {column} and samples_per_patient: sum"
    )


def _ids_by_pattern(names: pd.Index, pattern: str, where: str) -> str:
    found = {str(one): match[1] for one in names if (match := re.search(pattern, str(one)))}
    again = len(found) > len(set(found.values()))
    example, patient = next(iter(found.items()))
    return f": '{example}' is '{patient}' there: declare id: {{pattern: '{pattern}'}}{where}" + (
        ", and samples_per_patient: first, mean or sum, since patients have several samples" if again else ""
    )


def _similar_id(unknown: pd.Index, patients: pd.Index) -> tuple[str, str] | None:
    """Find an unknown id and a patient's id that differ only in case, marks, leading zeros or a final ``.0``."""
    known = {_letters_and_digits(str(patient)): str(patient) for patient in patients}
    plain = ((one, _letters_and_digits(one)) for one in map(str, unknown))
    return next(((one, known[key]) for one, key in plain if key in known), None)


def _letters_and_digits(name: str) -> str:
    """Letters and digits of an id, in lower case, without leading zeros.

    Examples
    --------
    >>> bare = _letters_and_digits
    >>> bare("007.0") == bare("7"), bare("TCGA-02.A") == bare("tcga_02_a")
    (True, True)
    """
    word = re.sub(r"[\W_]", "", re.sub(r"\.0$", "", name)).lower()
    return word.lstrip("0") or word
