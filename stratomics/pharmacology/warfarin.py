"""Maintenance dose of warfarin by published equations: IWPC 2009, with and without genotype, and Gage 2008."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import InputError, nearest
from omics.common.registry import check_choice

__all__ = ["ALGORITHMS", "FIXED_DOSE", "gage", "iwpc", "iwpc_clinical", "warfarin_dose"]

Array = NDArray[np.float64]

FIXED_DOSE = 35.0
"""mg per week for all: the usual starting dose of 5 mg a day."""

DAYS = 7.0

VKORC1 = {"GG": 0.0, "AG": 1.0, "AA": 2.0}
"""Genotype at -1639 -> number of A alleles."""

IWPC_CYP2C9 = {
    "*1/*1": 0.0,
    "*1/*2": 0.5211,
    "*1/*3": 0.9357,
    "*2/*2": 1.0616,
    "*2/*3": 1.9206,
    "*3/*3": 2.3312,
}
IWPC_VKORC1 = {0.0: 0.0, 1.0: 0.8677, 2.0: 1.6974}
UNKNOWN_CYP2C9, UNKNOWN_VKORC1 = 0.2188, 0.4854

ASIAN, BLACK, WHITE = "Asian", "Black", "White"

OPTIONAL: dict[str, object] = {
    "amiodarone": 0.0,
    "inducer": 0.0,
    "smoker": 0.0,
    "dvt_or_pe": 0.0,
    "target_inr": 2.5,
    "cyp2c9": "",
    "vkorc1": "",
    "race": "",
}
"""Columns that may be missing, and the value of a missing cell: medication and habits that are not mentioned count as
absent, as the consortium counted them."""

REQUIRED = ("age", "height_cm", "weight_kg")


def iwpc(patients: pd.DataFrame) -> Array:
    """Dose by the pharmacogenetic equation of the International Warfarin Pharmacogenetics Consortium.

    N Engl J Med 2009;360:753, doi 10.1056/NEJMoa0809329. The equation has terms for an unknown genotype.

    Parameters
    ----------
    patients
        Columns of :func:`warfarin_dose`.

    Returns
    -------
    array
        (n,) square root of the dose in mg per week.
    """
    alleles, cyp2c9 = _a_alleles(patients), _cyp2c9(patients)
    vkorc1 = alleles.map(IWPC_VKORC1).fillna(UNKNOWN_VKORC1)
    metabolism = cyp2c9.map(IWPC_CYP2C9).fillna(UNKNOWN_CYP2C9)
    race = patients["race"]
    root = (
        5.6044
        - 0.2614 * _decade(patients)
        + 0.0087 * patients["height_cm"]
        + 0.0128 * patients["weight_kg"]
        - vkorc1
        - metabolism
        - 0.1092 * (race == ASIAN)
        - 0.2760 * (race == BLACK)
        - 0.1032 * ~race.isin([ASIAN, BLACK, WHITE])
        + 1.1816 * patients["inducer"]
        - 0.5503 * patients["amiodarone"]
    )
    return _from_root(root)


def iwpc_clinical(patients: pd.DataFrame) -> Array:
    """Dose by the clinical equation of the consortium, without genotype; as :func:`iwpc`."""
    race = patients["race"]
    root = (
        4.0376
        - 0.2546 * _decade(patients)
        + 0.0118 * patients["height_cm"]
        + 0.0134 * patients["weight_kg"]
        - 0.6752 * (race == ASIAN)
        + 0.4060 * (race == BLACK)
        + 0.0443 * ~race.isin([ASIAN, BLACK, WHITE])
        + 1.2799 * patients["inducer"]
        - 0.5695 * patients["amiodarone"]
    )
    return _from_root(root)


def gage(patients: pd.DataFrame) -> Array:
    """Dose by Gage et al. 2008, Clin Pharmacol Ther 84:326, doi 10.1038/clpt.2008.10; NaN without both genotypes.

    The body surface is that of DuBois and DuBois.

    Parameters
    ----------
    patients
        Columns of :func:`warfarin_dose`.

    Returns
    -------
    array
        (n,) mg per week.
    """
    cyp2c9 = _cyp2c9(patients)
    known = cyp2c9.isin(IWPC_CYP2C9)
    surface = 0.007184 * patients["height_cm"] ** 0.725 * patients["weight_kg"] ** 0.425
    logarithm = (
        0.9751
        - 0.3238 * _a_alleles(patients)
        + 0.4317 * surface
        - 0.4008 * cyp2c9.str.count(r"\*3").where(known)
        - 0.00745 * patients["age"]
        - 0.2066 * cyp2c9.str.count(r"\*2").where(known)
        + 0.2029 * patients["target_inr"]
        - 0.2538 * patients["amiodarone"]
        + 0.0922 * patients["smoker"]
        - 0.0901 * (patients["race"] == BLACK)
        + 0.0664 * patients["dvt_or_pe"]
    )
    dose: Array = DAYS * np.exp(logarithm.to_numpy(dtype=np.float64))
    return dose


def fixed(patients: pd.DataFrame) -> Array:
    """Return the same dose for all."""
    return np.full(len(patients), FIXED_DOSE)


ALGORITHMS: dict[str, Callable[[pd.DataFrame], Array]] = {
    "gage": gage,
    "iwpc": iwpc,
    "iwpc clinical": iwpc_clinical,
    "fixed": fixed,
}
"""Name -> equation."""


def warfarin_dose(patients: pd.DataFrame, algorithm: str = "iwpc") -> pd.Series[float]:
    """Maintenance dose of warfarin in mg per week. Research use; not for the dosing of patients.

    Parameters
    ----------
    patients
        One row per patient: ``age`` in years, ``height_cm``, ``weight_kg``; and, where known, ``race`` (White, Asian,
        Black), ``vkorc1`` (genotype at -1639, such as AG), ``cyp2c9`` (diplotype), ``amiodarone``, ``inducer`` (of
        enzymes), ``smoker``, ``dvt_or_pe`` (0 or 1), ``target_inr``.
    algorithm
        A name of ALGORITHMS.

    Returns
    -------
    Series
        mg per week, in the order of `patients`; NaN where the equation has no dose: a measurement is missing, `gage`
        without genotype, or a root of the IWPC equation that is not positive, as in small patients of high age.

    Raises
    ------
    InputError
        If a column is missing, or the algorithm is unknown.

    Examples
    --------
    >>> patient = {"age": 65, "height_cm": 170, "weight_kg": 75, "vkorc1": "GG", "cyp2c9": "*1/*1", "race": "White"}
    >>> round(warfarin_dose(pd.DataFrame([patient])).iloc[0], 4)
    np.float64(41.9256)
    """
    check_choice(ALGORITHMS, algorithm, "dose algorithm")
    for name in REQUIRED:
        if name not in patients:
            raise InputError(f"no column '{name}'; {nearest(name, map(str, patients.columns))}")
    complete = patients.assign(**{name: patients.get(name) for name in OPTIONAL if name not in patients})
    for name, value in OPTIONAL.items():
        kind = str if isinstance(value, str) else float
        filled = [value if pd.isna(cell) else cell for cell in complete[name]]
        complete[name] = pd.Series(filled, index=complete.index, dtype=object).astype(kind)
    return pd.Series(ALGORITHMS[algorithm](complete), index=patients.index, name="mg_per_week", dtype=float)


def _decade(patients: pd.DataFrame) -> pd.Series[float]:
    """Completed decades of age: 6 from 60 to 69 years."""
    decade: pd.Series[float] = np.floor(patients["age"] / 10.0)
    return decade


def _a_alleles(patients: pd.DataFrame) -> pd.Series[float]:
    """Count the A alleles at VKORC1 -1639; NaN where unknown."""
    letters = patients["vkorc1"].map(lambda text: "".join(sorted(re.sub(r"[^AG]", "", str(text)))))
    alleles: pd.Series[float] = letters.map(VKORC1)
    return alleles


def _cyp2c9(patients: pd.DataFrame) -> pd.Series[str]:
    return patients["cyp2c9"].map(lambda text: "/".join(sorted(re.split(r"[/|]", str(text)))))


def _from_root(root: pd.Series[float]) -> Array:
    # The square of a negative root would look like a dose.
    values = root.to_numpy(dtype=np.float64)
    dose: Array = np.where(values > 0, values, np.nan) ** 2
    return dose
