"""Error of predicted doses by group: which patients a genotype helps, and which not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import DataError
from stratomics.evaluation.comparison import resamples
from stratomics.evaluation.intervals import percentile_estimate

__all__ = ["ALL", "dose_errors", "equity_sentences"]

Array = NDArray[np.float64]

ALL = "all patients"
CLOSE = 0.2
"""A dose within this share of the true one counts as close."""

FEWEST = 20
"""Number of patients from which a group has its own row."""


def dose_errors(
    doses: Mapping[str, Array],
    true: Array,
    group: pd.Series[str],
    reference: str,
    draws: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Mean absolute error of each method in all patients and in each group, with its gain over a reference.

    Parameters
    ----------
    doses
        Method -> (n,) predicted doses; a NaN counts in no row of its method, and in no gain.
    true
        (n,) doses at which patients were stable, in the same unit.
    group
        (n,) group of each patient, such as their race or ancestry.
    reference
        Method without genotype that the others are compared with.
    draws, seed
        Bootstrap resamples of patients, and their seed.

    Returns
    -------
    DataFrame
        ``group``, ``method``, ``patients``, ``error`` with ``low`` and ``high`` (95% percentile interval), ``within``
        (share of doses within 20%), ``gain`` (error of the reference minus error, in the same patients) with
        ``gain_low`` and ``gain_high``.

    Raises
    ------
    DataError
        If there is no patient with a true dose.
    """
    if not np.isfinite(true).any():
        raise DataError("no patient has a true dose; the error of a predicted dose needs some")
    groups = {ALL: np.ones(len(true), dtype=bool)}
    counts = group.value_counts()
    groups |= {str(name): (group == name).to_numpy() for name in sorted(counts.index[counts >= FEWEST])}
    rows = [
        row for name, rows in groups.items() for row in _rows(name, rows, doses, true, reference, draws, seed)
    ]
    return pd.DataFrame(rows)


def _rows(
    name: str,
    rows: NDArray[np.bool_],
    doses: Mapping[str, Array],
    true: Array,
    reference: str,
    draws: int,
    seed: int,
) -> Iterator[dict[str, object]]:
    rows = rows & np.isfinite(true)
    weights = resamples(np.arange(rows.sum()), draws, seed)
    errors = {method: np.abs(dose - true)[rows] for method, dose in doses.items()}
    for method, error in errors.items():
        known = np.isfinite(error)
        mean = percentile_estimate(_means(weights, error, known))
        row = {"group": name, "method": method, "patients": int(known.sum()), "error": mean["estimate"]}
        row |= {"low": mean["low"], "high": mean["high"]}
        row["within"] = float((error[known] <= CLOSE * true[rows][known]).mean()) if known.any() else np.nan
        both = known & np.isfinite(errors[reference])
        gain = percentile_estimate(_means(weights, errors[reference] - error, both))
        yield row | {"gain": gain["estimate"], "gain_low": gain["low"], "gain_high": gain["high"]}


def _means(weights: Array, values: Array, known: NDArray[np.bool_]) -> Array:
    """(1 + draws,) weighted means of the known values."""
    total = weights[:, known].sum(axis=1)
    means: Array = weights[:, known] @ values[known] / np.where(total > 0, total, np.nan)
    return means


def equity_sentences(errors: pd.DataFrame, method: str, unit: str) -> list[str]:
    """State for each group whether the method has a smaller error than the reference.

    Parameters
    ----------
    errors
        As from :func:`dose_errors`.
    method
        The method with genotype.
    unit
        Unit of the doses.

    Returns
    -------
    list of str
        One sentence per group.
    """
    sentences = []
    for _, row in errors[errors["method"] == method].iterrows():
        interval = f"{row['gain']:.2f} {unit} (95% interval {row['gain_low']:.2f} to {row['gain_high']:.2f})"
        if row["gain_low"] > 0:
            text = f"the genotype reduces the mean absolute error by {interval}"
        elif row["gain_high"] < 0:
            text = f"the genotype increases the mean absolute error, by {-row['gain']:.2f} {unit}"
        else:
            text = f"no real gain by the genotype: the error changes by {interval}, which includes 0"
        sentences.append(f"{row['group'][0].upper()}{row['group'][1:]} ({row['patients']}): {text}.")
    return sentences
