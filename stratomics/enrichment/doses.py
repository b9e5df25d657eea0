"""Where a trial has more than two arms: each treated arm against the control, and all of them pooled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from omics.common.errors import DataError
from stratomics.enrichment.effects.cross_fitted import mean_over_repeats
from stratomics.enrichment.effects.effect import effect_of, measure_of
from stratomics.enrichment.from_run import arms_of, run_score, run_trial
from stratomics.enrichment.selection.cuts import share_cuts
from stratomics.runs.run_directory import RunDirectory

__all__ = ["dose_table"]


def dose_table(
    run: RunDirectory, control: str, randomised: str, measure: str, horizon: float, share: float
) -> list[dict[str, Any]]:
    """Lay out every treated arm by itself, and all of them pooled as a sensitivity; empty of two arms.

    Parameters
    ----------
    run
        Of more than two arms.
    control, randomised
        As in ``run_trial``.
    measure, horizon
        As in ``measure_of``.
    share
        Of the highest predicted benefit, of the treatment that the run was fitted for.

    Returns
    -------
    list of dict
        ``arm``, ``n``, ``events``, ``everybody`` and ``inside`` (effects; None where there is none, and ``why``).
    """
    doses = [arm for arm in arms_of(run) if arm != control]
    if len(doses) == 1:
        return []
    return [
        _row(run, control, treated, randomised, measure, horizon, share)
        for treated in ([dose] for dose in doses)
    ] + [_row(run, control, doses, randomised, measure, horizon, share)]


def _row(
    run: RunDirectory,
    control: str,
    treated: Sequence[str],
    randomised: str,
    name: str,
    horizon: float,
    share: float,
) -> dict[str, Any]:
    row: dict[str, Any] = {"arm": " + ".join(treated), "everybody": None, "inside": None, "why": None}
    try:
        trial, ids = run_trial(run, control, treated, randomised)
        row |= {"n": len(trial), "events": int(trial.outcome.label.sum())}
        measure = measure_of(trial, name, horizon)
        row["everybody"] = asdict(effect_of(measure, np.ones(len(trial))))
        score = run_score(run, ids)
        [chosen] = share_cuts(trial, score.value, score.fold, [share])[1]
        values, errors = mean_over_repeats(measure.effects(chosen.astype(np.float64)), len(chosen))
        row["inside"] = asdict(measure.effect(float(values[0]), float(errors[0])))
    except DataError as error:
        row["why"] = str(error)
    return row
