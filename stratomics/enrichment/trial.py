"""Trial: who was treated and what happened, checked once; every other file of this room starts from it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.endpoints import Response, Survival
from omics.errors import DataError, InputError, nearest

__all__ = ["ARMS", "SMALLEST", "Trial", "column_of", "numbers", "treated_of", "trial_of", "truth_of"]

Array = NDArray[np.float64]

ARMS = ("control", "treated")
SMALLEST = 10
"""Patients an arm below which no effect is estimated."""


@dataclass(frozen=True)
class Trial:
    """n patients of two arms with one observed endpoint.

    Attributes
    ----------
    treated
        (n,) bool.
    outcome
        What happened to them; all are observed, nobody comes late.
    probability
        (n,) of being treated, as randomisation had it; None where it is not known.
    stratum
        (n,) code of the stratum of randomisation; None where there is none.
    randomised
        ``"yes"``, ``"adaptive"`` (probabilities moved with the outcomes) or ``"no"``.

    Raises
    ------
    DataError
        If an arm has fewer than ten patients, or no events, or a probability is not strictly between 0 and 1.
    """

    treated: NDArray[np.bool_]
    outcome: Survival | Response
    probability: Array | None = None
    stratum: NDArray[np.int64] | None = None
    randomised: str = "yes"

    def __post_init__(self) -> None:
        for name, rows in zip(ARMS, (~self.treated, self.treated), strict=True):
            if rows.sum() < SMALLEST:
                raise DataError(
                    f"the {name} arm has {rows.sum()} patients; no effect is estimated with fewer than {SMALLEST}"
                )
            if not self.outcome.label[rows].any():
                what = "events" if self.survives else "patients with a positive response"
                raise DataError(
                    f"the {name} arm has no {what}, so arms cannot be compared; check the coding of the endpoint"
                )
        p = self.probability
        if p is not None and not ((p > 0) & (p < 1)).all():
            raise DataError(
                "a probability of being treated is not strictly between 0 and 1; correct `probability`"
            )

    def __len__(self) -> int:
        return len(self.treated)

    @property
    def survives(self) -> bool:
        """Whether the endpoint is survival."""
        return isinstance(self.outcome, Survival)

    @property
    def survival(self) -> Survival:
        """The endpoint, where it is survival."""
        if not isinstance(self.outcome, Survival):
            raise InputError("this needs a survival endpoint, and the trial's is a response")
        return self.outcome

    @property
    def response(self) -> Response:
        """The endpoint, where it is a response."""
        if not isinstance(self.outcome, Response):
            raise InputError("this needs a response, and the trial's endpoint is survival")
        return self.outcome

    def take(self, rows: NDArray[np.int64]) -> Trial:
        """Keep `rows`, in their order."""
        return replace(
            self,
            treated=self.treated[rows],
            outcome=self.outcome.take(rows),
            probability=None if self.probability is None else self.probability[rows],
            stratum=None if self.stratum is None else self.stratum[rows],
        )


def trial_of(
    table: pd.DataFrame,
    arm: str,
    control: str,
    *,
    time: str | None = None,
    event: str | None = None,
    response: str | None = None,
    probability: str | None = None,
    stratum: str | None = None,
    randomised: str = "yes",
) -> Trial:
    """Read a trial from the columns of a table; either `time` and `event`, or `response`.

    Parameters
    ----------
    table
        A row per patient.
    arm, control
        Column of the arm, and its value in the control arm; the other value is treated.
    time, event
        Numbers > 0, and 1 or true where the event occurred.
    response
        1 or true where positive.
    probability, stratum
        Columns of what randomisation knew.
    randomised
        ``"yes"``, ``"adaptive"`` or ``"no"``.

    Raises
    ------
    InputError
        If a column is absent, holds gaps or other values, or the arm has not two values with `control` among them.

    Examples
    --------
    >>> table = pd.DataFrame({"arm": ["a", "b"] * 20, "y": [0, 1, 1, 0] * 10})
    >>> len(trial_of(table, "arm", "a", response="y"))
    40
    """
    named = [response is not None, time is not None, event is not None]
    if named not in ([True, False, False], [False, True, True]):
        raise InputError("name either a time and an event, or a response, and not both")
    treated = treated_of(column_of(table, arm), arm, control)
    outcome: Survival | Response
    everybody = np.ones(len(table), dtype=np.bool_)
    if response is not None:
        outcome = Response(truth_of(column_of(table, response), response), everybody)
    else:
        assert time is not None
        assert event is not None
        outcome = Survival(
            _times(column_of(table, time), time), truth_of(column_of(table, event), event), everybody
        )
    known = None if probability is None else numbers(column_of(table, probability), probability)
    codes = None if stratum is None else pd.factorize(column_of(table, stratum))[0].astype(np.int64)
    return Trial(treated, outcome, known, codes, randomised)


def numbers(values: pd.Series, name: str) -> Array:
    """(n,) float of a column without gaps."""
    found = pd.to_numeric(values, errors="coerce").to_numpy(dtype=np.float64)
    if not np.isfinite(found).all():
        raise InputError(
            f"column '{name}' holds {int((~np.isfinite(found)).sum())} values that are not finite numbers; "
            "complete it, or leave those patients out of the table"
        )
    return found


def column_of(table: pd.DataFrame, name: str) -> pd.Series:
    """Find a column, or name the nearest one."""
    if name not in table:
        raise InputError(f"the table has no column '{name}'; {nearest(name, map(str, table.columns))}")
    return table[name]


def treated_of(values: pd.Series, name: str, control: str) -> NDArray[np.bool_]:
    """(n,) whether the arm is the other one than `control`."""
    if values.isna().any():
        raise InputError(
            f"column '{name}' is empty for {values.isna().sum()} patients; every patient has an arm"
        )
    # A column of 0.0 and 1.0 is one of 0 and 1.
    whole = pd.api.types.is_float_dtype(values) and (values == values.round()).all()
    words = (values.astype(np.int64) if whole else values).astype(str)
    arms = sorted(words.unique())
    if control not in arms:
        raise InputError(
            f"no patient of column '{name}' has the value '{control}'; it holds {', '.join(arms[:9])}"
        )
    if len(arms) != len(ARMS):
        raise InputError(
            f"column '{name}' holds {len(arms)} values ({', '.join(arms[:9])}), and two arms are compared; "
            "keep the patients of two arms, or code one arm in one way"
        )
    return (words != control).to_numpy(dtype=np.bool_)


def truth_of(values: pd.Series, name: str) -> NDArray[np.bool_]:
    """(n,) of a column of 1 and 0, or true and false."""
    words = values.astype(str).str.lower().str.removesuffix(".0")
    if not words.isin(["0", "1", "true", "false"]).all():
        odd = words[~words.isin(["0", "1", "true", "false"])].iloc[0]
        raise InputError(f"column '{name}' holds '{odd}'; write 1 where it occurred and 0 where not")
    return words.isin(["1", "true"]).to_numpy(dtype=np.bool_)


def _times(values: pd.Series, name: str) -> Array:
    time = numbers(values, name)
    if (time < 0).any():
        raise InputError(f"column '{name}' holds {time.min():g}; times count from 0")
    return time
