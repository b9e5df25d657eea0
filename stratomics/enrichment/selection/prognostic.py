"""Prognostic enrichment: enrol patients at high risk. It makes a trial smaller; it does not find who benefits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.survival.kaplan_meier import kaplan_meier
from omics.cohort.endpoints import Response, Survival
from omics.common.errors import DataError
from stratomics.enrichment.design.events import schoenfeld_events
from stratomics.enrichment.effects.cross_fitted import chosen_within_folds
from stratomics.enrichment.selection.patients_needed import patients_for_events

__all__ = ["ONE_ARM", "PrognosticRow", "prognostic_table"]

Array = NDArray[np.float64]

ONE_ARM = "One arm only: prognostic enrichment is offered, predictive refused"
SHARES = (1.0, 0.75, 0.5, 0.25)
ASSUMED = 0.7
"""Assumed hazard ratio of the coming trial, the same in all patients."""


@dataclass(frozen=True)
class PrognosticRow:
    """The patients of highest risk.

    Attributes
    ----------
    share, n
        Share of all patients, and their number.
    rate
        Share of them with an event by the end of follow-up, or with the response.
    patients, screened
        Numbers for 80% power at an assumed hazard ratio of .7; None for a response.
    """

    share: float
    n: float
    rate: float
    patients: float | None
    screened: float | None


def prognostic_table(
    outcome: Survival | Response, score: Array, fold: NDArray[np.int64], follow_up: float | None = None
) -> list[PrognosticRow]:
    """Show what enrolling the patients of highest score would do.

    Parameters
    ----------
    outcome
        Outcome of n patients.
    score, fold
        (repeats, n) cross-fitted risk, and the folds within which it compares patients.
    follow_up
        Time that patients of a survival endpoint are followed.

    Returns
    -------
    list of PrognosticRow
        All patients first, then ever smaller shares.

    Raises
    ------
    DataError
        If a survival endpoint has no follow-up.
    """
    rows = []
    for share in SHARES:
        chosen = (
            np.ones(score.shape, dtype=np.bool_) if share == 1.0 else chosen_within_folds(score, fold, share)
        )
        rate = _rate(outcome, chosen, follow_up)
        patients = None
        if isinstance(outcome, Survival) and rate > 0:
            patients = patients_for_events(schoenfeld_events(ASSUMED, 0.8), rate, ASSUMED)
        n = float(chosen.sum(axis=1).mean())
        screened = None if patients is None else patients * score.shape[1] / n
        rows.append(PrognosticRow(share, n, rate, patients, screened))
    return rows


def _rate(outcome: Survival | Response, chosen: NDArray[np.bool_], follow_up: float | None) -> float:
    if isinstance(outcome, Response):
        return float(np.mean([outcome.positive[row].mean() for row in chosen]))
    if follow_up is None:
        raise DataError(
            "prognostic enrichment of a survival endpoint needs the time that patients are followed"
        )
    curve = kaplan_meier(outcome.event, outcome.time, chosen.astype(np.float64))
    return float(1.0 - curve(np.array([follow_up]))[:, 0].mean())
