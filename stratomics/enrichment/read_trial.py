"""Read a trial from the columns of a table, and refuse columns with invalid values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.cohort.endpoints import Response, Survival
from omics.common.errors import InputError, nearest
from stratomics.enrichment.effects.trial import ARMS, Trial

__all__ = ["column_of", "numbers", "trial_of", "truth_of", "two_arms"]

Array = NDArray[np.float64]


def trial_of(
    table: pd.DataFrame,
    arm: str,
    control: str,
    treated: Sequence[str] = (),
    *,
    time: str | None = None,
    event: str | None = None,
    response: str | None = None,
    probability: str | None = None,
    stratum: str | None = None,
    randomised: str = "yes",
) -> tuple[Trial, NDArray[np.int64]]:
    """Read a trial from the columns of a table, with either `time` and `event`, or `response`.

    Parameters
    ----------
    table
        One row per patient.
    arm, control, treated
        Column of the arm, its value in the control arm, and its values in the treated arm, pooled if several; without
        any, there must be exactly one other value.
    time, event
        Columns of times, at least 0, and of events, 1 or true where the event occurred.
    response
        Column of the response, 1 or true where positive.
    probability, stratum
        Columns of the probability of treatment and of the stratum in the randomisation.
    randomised
        ``"yes"``, ``"adaptive"`` or ``"no"``.

    Returns
    -------
    tuple
        The trial, and the rows (n,) of the table that are in it: the patients of the named arms.

    Raises
    ------
    InputError
        If a column is absent or holds gaps or invalid values, or the arm does not have two values with `control`
        among them.

    Examples
    --------
    >>> table = pd.DataFrame({"arm": ["a", "b"] * 20, "y": [0, 1, 1, 0] * 10})
    >>> trial, rows = trial_of(table, "arm", "a", response="y")
    >>> len(trial)
    40
    """
    named = [response is not None, time is not None, event is not None]
    if named not in ([True, False, False], [False, True, True]):
        raise InputError("name either a time and an event, or a response, but not both")
    rows, is_treated = two_arms(column_of(table, arm), arm, control, treated)
    table = table.iloc[rows]
    outcome: Survival | Response
    observed = np.ones(len(table), dtype=np.bool_)
    if response is not None:
        outcome = Response(truth_of(column_of(table, response), response), observed)
    else:
        assert time is not None
        assert event is not None
        outcome = Survival(
            _times(column_of(table, time), time), truth_of(column_of(table, event), event), observed
        )
    known = None if probability is None else numbers(column_of(table, probability), probability)
    codes = None if stratum is None else pd.factorize(column_of(table, stratum))[0].astype(np.int64)
    return Trial(is_treated, outcome, known, codes, randomised), rows


def numbers(values: pd.Series, name: str) -> Array:
    """Convert a column without gaps to numbers.

    Parameters
    ----------
    values, name
        The column and its name.

    Returns
    -------
    ndarray
        (n,) float.

    Raises
    ------
    InputError
        If a value is not a finite number.
    """
    converted = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64)
    if not np.isfinite(converted).all():
        raise InputError(
            f"column '{name}' holds {int((~np.isfinite(converted)).sum())} values that are not finite numbers; "
            "complete it, or leave those patients out of the table"
        )
    return converted


def column_of(table: pd.DataFrame, name: str) -> pd.Series:
    """Get a column of a table.

    Parameters
    ----------
    table
        Any table.
    name
        Name of the column.

    Returns
    -------
    Series
        The column.

    Raises
    ------
    InputError
        If there is no such column; the sentence suggests the most similar name.
    """
    if name not in table:
        raise InputError(f"the table has no column '{name}'; {nearest(name, map(str, table.columns))}")
    return table[name]


def two_arms(
    values: pd.Series, name: str, control: str, treated: Sequence[str] = ()
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Find the patients of the two arms that are compared.

    Parameters
    ----------
    values, name
        The column of the arm, and its name.
    control
        Its value in the control arm.
    treated
        Its values in the treated arm, pooled if several; without any, there must be exactly one other value.

    Returns
    -------
    tuple
        Rows of the patients of both arms, and (bool) whether each of them is treated.

    Raises
    ------
    InputError
        If the column has gaps, lacks a named value, or has more than two values and no treated arm is named.

    Examples
    --------
    >>> two_arms(pd.Series([0, 6, 18, 0]), "dose", "0", ["18"])
    (array([0, 2, 3]), array([False,  True, False]))
    """
    if values.isna().any():
        raise InputError(
            f"column '{name}' is empty for {values.isna().sum()} patients; every patient has an arm"
        )
    # A column of 0.0 and 1.0 is read as 0 and 1.
    whole = pd.api.types.is_float_dtype(values) and (values == values.round()).all()
    words = (values.astype(np.int64) if whole else values).astype(str)
    arms = sorted(words.unique())
    for arm in (control, *treated):
        if arm not in arms:
            raise InputError(
                f"no patient of column '{name}' has the value '{arm}'; it holds {', '.join(arms[:9])}"
            )
    if control in treated:
        raise InputError(f"'{control}' of column '{name}' cannot be both control and treated; name another")
    if not treated and len(arms) != len(ARMS):
        raise InputError(
            f"column '{name}' holds {len(arms)} values ({', '.join(arms[:9])}), and two arms are compared; "
            "name the treated arms, or code each arm in one way only"
        )
    rows = np.flatnonzero(words.isin([control, *treated])) if treated else np.arange(len(words))
    return rows, (words.iloc[rows] != control).to_numpy(dtype=np.bool_)


def truth_of(values: pd.Series, name: str) -> NDArray[np.bool_]:
    """Convert a column of 1 and 0, or true and false, to booleans.

    Parameters
    ----------
    values, name
        The column and its name.

    Returns
    -------
    ndarray
        (n,) bool.

    Raises
    ------
    InputError
        If the column holds anything else.
    """
    words = values.astype(str).str.lower().str.removesuffix(".0")
    if not words.isin(["0", "1", "true", "false"]).all():
        odd = words[~words.isin(["0", "1", "true", "false"])].iloc[0]
        raise InputError(f"column '{name}' holds '{odd}'; write 1 where it occurred and 0 where not")
    return words.isin(["1", "true"]).to_numpy(dtype=np.bool_)


def _times(values: pd.Series, name: str) -> Array:
    time = numbers(values, name)
    if (time < 0).any():
        raise InputError(f"column '{name}' holds {time.min():g}; times must be at least 0")
    return time
