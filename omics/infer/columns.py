"""Guess which columns of the samples table are arm, site, group and covariates."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict

import pandas as pd

from omics.cohort.copies import PATIENT
from omics.cohort.samples import DATE
from omics.infer.guess import Guess, plain, present, words

__all__ = ["ArmEntry", "guess_arm", "guess_covariates", "guess_label", "guess_patients"]

ARM = ["arm", "allocation", "regimen", "treatment", "treated", "trt", "dose"]
MEASURE = {"g", "mg", "kg", "ml", "group"}
CONTROL = {
    "0",
    "control",
    "controls",
    "ctrl",
    "placebo",
    "standard",
    "soc",
    "observation",
    "untreated",
    "no",
    "false",
}
MOST_ARMS, FEWEST = 6, 0.05

LABELS = {
    "site": ["site", "center", "centre", "hospital", "clinic", "institution", "cohort", "study", "batch"],
    "group": ["family", "kindred", "pedigree", "household", "donor"],
}

BASELINE = (
    "age sex gender female male ethnicity weight height bmi smoking smoker ecog karnofsky sofa apache charlson "
    "comorbidity diabetes hypertension gestation parity diagnosis stage grade size histology tissue type subtype "
    "lymph nodal er her2 prior albumin nlr lactate creatinine bilirubin crp fcp ldh"
)
"""Words that name what is usually known about a patient before treatment."""

AFTERWARDS = {"post", "after", "end", "cycles", "score", "change", "followup"}


class ArmEntry(TypedDict):
    """Entry of the arm in ``cohort.yaml``.

    Attributes
    ----------
    column
        Its column.
    control
        The value of the control arm, as the column has it.
    randomised
        ``yes``, ``no`` or ``adaptive``.
    """

    column: str
    control: object
    randomised: str


def guess_arm(table: pd.DataFrame) -> tuple[Guess[ArmEntry] | None, bool]:
    """Find the column of the arm, and whether it is clearly the arm.

    It is clear where the name of the column has no other words; ``treatment_response`` or ``dose_reduction`` may be
    something else.
    """
    for word in ARM:
        for name in map(str, table.columns):
            name_words, values = words(name), present(table[name])
            shares = values.value_counts(normalize=True)
            if word not in name_words or not 1 < len(shares) <= MOST_ARMS or shares.min() < FEWEST:
                continue
            arms = sorted((plain(value) for value in shares.index), key=str)
            control = next((value for value in arms if str(value).lower() in CONTROL), None)
            control = arms[0] if control is None else control
            entry: ArmEntry = {"column": name, "control": control, "randomised": "no"}
            why = f"{name} has the values {', '.join(map(str, arms))}, and {control} is the control"
            why += "; a table does not show whether patients were randomised: write randomised: yes, or adaptive, if so"
            return Guess(entry, why, sure=False), set(name_words) <= {*ARM, *MEASURE}
    return None, False


def guess_label(role: str, table: pd.DataFrame, used: Iterable[str]) -> Guess[str] | None:
    """Find the column of the site, or of the group of related patients.

    Parameters
    ----------
    role
        ``"site"`` or ``"group"``.
    table
        One row per patient.
    used
        Columns that have another role.

    Returns
    -------
    Guess of str, or None
        The first column with a matching name and few values, each of several patients.
    """
    for word in LABELS[role]:
        for name in map(str, table.columns):
            kinds = present(table[name]).nunique()
            if word in words(name) and name not in set(used) and 1 < kinds <= len(table) / 2:
                return Guess(name, f"{name} has {kinds} values, by its name the {word}")
    return None


def guess_patients(table: pd.DataFrame, outcomes: Iterable[str]) -> Guess[str] | None:
    """Find the column with the patient of each row, in a table that has several rows of some patients.

    Parameters
    ----------
    table
        One row per sample.
    outcomes
        Columns of the endpoints, which do not differ between the rows of a patient.

    Returns
    -------
    Guess of str, or None
        The first column named like a patient whose values repeat, if the outcomes are the same within it.
    """
    for name in map(str, table.columns):
        column = table[name]
        repeated = column.notna() & column.duplicated(keep=False)
        if not PATIENT & set(words(name)) or column.dtype.kind not in "Oiu" or not repeated.any():
            continue
        rows = table.loc[repeated, list(outcomes)].groupby(column[repeated])
        different = rows.nunique(dropna=False)
        if not (different > 1).any(axis=None):
            several = int(column[repeated].nunique())
            return Guess(
                name, f"{several} patients have several rows by {name}, and a split must not part them"
            )
    return None


def guess_covariates(table: pd.DataFrame, used: Iterable[str]) -> tuple[Guess[list[str]], list[str]]:
    """Find columns that are known before treatment, by their names.

    Parameters
    ----------
    table
        One row per patient.
    used
        Columns that have another role.

    Returns
    -------
    tuple
        The covariates, and the other columns without a role.
    """
    taken, known = set(used), set(BASELINE.split())
    free = [name for name in map(str, table.columns) if name not in taken]
    chosen = [
        name
        for name in free
        if known & set(words(name)) and not AFTERWARDS & set(words(name)) and _is_informative(table[name])
    ]
    why = "known before treatment, by their names; list only what is known then"
    return Guess(chosen, why, sure=False), [name for name in free if name not in chosen]


def _is_informative(column: pd.Series[Any]) -> bool:
    """Whether most patients have a value of the column, and it has several values and no dates or ids."""
    values = present(column)
    if len(values) < len(column) / 2 or values.nunique() < 2:  # noqa: PLR2004  # two values differ
        return False
    if column.dtype.kind in "mM" or values.map(lambda value: bool(DATE.fullmatch(str(value)))).all():
        return False
    return column.dtype != object or values.nunique() <= len(values) / 3
