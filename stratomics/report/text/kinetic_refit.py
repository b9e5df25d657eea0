"""Published beside refitted values of a kinetic model."""

from __future__ import annotations

import math

import pandas as pd

from stratomics.pharmacology.run_exposure import RefitSummary

__all__ = ["refit_sentence", "refit_table"]

STARTS = {"variance ": "variability of {}", "occasion variance ": "variability of {} between occasions"}
ERRORS = {"additive": "residual error, additive", "proportional": "residual error, proportional"}


def refit_sentence(refit: RefitSummary, model: str) -> str:
    """State which kinetic model the exposure rests on.

    Parameters
    ----------
    refit
        The kinetic model of the final model.
    model
        Name of the published model.

    Returns
    -------
    str
        One or several sentences.
    """
    if refit.note:
        return f"A refit was asked for: {refit.note}."
    return (
        f"Exposure here and in the final model is that of {model} refitted to {refit.levels} levels of "
        f"{refit.patients} training patients, without their outcomes; the published values count as 10 patients. "
        "Each outer fold was refitted to its own training patients, which the inner folds share."
    )


def refit_table(refit: RefitSummary) -> pd.DataFrame:
    """Write published and refitted values.

    Parameters
    ----------
    refit
        With a refitted model.

    Returns
    -------
    DataFrame
        Text, one row per value; variances of logarithms as CV%, like the values of a model.
    """
    rows = []
    for row in refit.values.to_dict("records"):
        name, unit = _named(str(row["value"]), str(row["unit"]))
        published, refitted, error = (_float(row[key]) for key in ("published", "refitted", "relative_error"))
        kept = math.isnan(error) and published == refitted
        rows.append(
            {
                "value": f"{name}, {unit}" if unit else name,
                "published": _shown(str(row["value"]), published),
                "refitted": "as published" if kept else _shown(str(row["value"]), refitted),
                "relative standard error": "not available" if math.isnan(error) else f"{error:.0%}",
            }
        )
    return pd.DataFrame(rows)


def _named(value: str, unit: str) -> tuple[str, str]:
    for start, text in STARTS.items():
        if value.startswith(start):
            return text.format(value.removeprefix(start)), "CV%"
    return ERRORS.get(value, value), "%" if value == "proportional" else unit


def _shown(value: str, number: float) -> str:
    if value.startswith(tuple(STARTS)):
        return f"{100 * math.sqrt(math.expm1(number)):.1f}"
    return f"{100 * number:.1f}" if value == "proportional" else f"{number:.4g}"


def _float(value: object) -> float:
    return float("nan") if value is None else float(str(value))
