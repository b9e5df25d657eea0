"""Trials of more than two arms: each treated arm against the control, and all treated arms pooled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from omics.common.errors import DataError
from stratomics.enrichment.effects.cross_fitted import mean_over_repeats
from stratomics.enrichment.effects.effect import Effect, effect_of, measure_of
from stratomics.enrichment.from_run import arms_of, run_score, run_trial
from stratomics.enrichment.selection.cuts import share_cuts
from stratomics.runs.run_directory import RunDirectory

__all__ = ["DoseRow", "dose_table"]


@dataclass(frozen=True)
class DoseRow:
    """One treated arm, or several pooled, against the control.

    Attributes
    ----------
    arm
        Its value, or several joined by ``+``.
    n, events
        Patients of both arms, and events or responses among them; None where there is no comparison.
    all_patients, inside
        Effects in all patients, and in those of highest predicted benefit; None where there is none.
    why
        Why an effect is missing.
    """

    arm: str
    n: int | None = None
    events: int | None = None
    all_patients: Effect | None = None
    inside: Effect | None = None
    why: str | None = None


def dose_table(
    run: RunDirectory, control: str, randomised: str, measure: str, horizon: float, share: float
) -> tuple[DoseRow, ...]:
    """Estimate the effect of each treated arm separately, and of all pooled as a sensitivity analysis.

    Parameters
    ----------
    run
        A run of at least two arms.
    control, randomised
        As in ``run_trial``.
    measure, horizon
        As in ``measure_of``.
    share
        Share of highest predicted benefit, for the treatment that the run was fitted to.

    Returns
    -------
    tuple of DoseRow
        One per treated arm, the pooled arms last; empty for two arms.
    """
    doses = [arm for arm in arms_of(run) if arm != control]
    if len(doses) == 1:
        return ()
    return tuple(
        _row(run, control, treated, randomised, measure, horizon, share)
        for treated in ([*([dose] for dose in doses), doses])
    )


def _row(
    run: RunDirectory,
    control: str,
    treated: Sequence[str],
    randomised: str,
    name: str,
    horizon: float,
    share: float,
) -> DoseRow:
    row = DoseRow(" + ".join(treated))
    try:
        of_run = run_trial(run, control, treated, randomised)
        trial = of_run.trial
        row = replace(row, n=len(trial), events=int(trial.outcome.label.sum()))
        measure = measure_of(trial, name, horizon)
        row = replace(row, all_patients=effect_of(measure, np.ones(len(trial))))
        score = run_score(run, of_run.sample_ids)
        [members] = share_cuts(trial, score.value, score.fold, [share]).members
        values, errors = mean_over_repeats(measure.effects(members.astype(np.float64)), len(members))
        return replace(row, inside=measure.effect(float(values[0]), float(errors[0])))
    except DataError as error:
        return replace(row, why=str(error))
