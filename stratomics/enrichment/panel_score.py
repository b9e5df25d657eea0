"""The score and the assay of a locked panel, from the files that `stratomics panel` wrote into a run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import InputError
from omics.common.files import read_json
from stratomics.enrichment.plan.trial_assumptions import TrialRequest
from stratomics.enrichment.selection.cuts import Score
from stratomics.runs.run_directory import RunDirectory

__all__ = ["PANEL_SCORE", "panel_score", "with_panel_assay"]

PANEL_SCORE = "panel_score"
"""Name of the score, and of its column."""

CURVE, SCORES = "panel_curve.json", "panel_scores.csv"
"""Files of `stratomics.strata.panel`, which is not imported: only its files are read."""


def panel_score(run: RunDirectory, sample_ids: NDArray[np.str_]) -> Score:
    """Read the out-of-fold scores of the panel of a run.

    Parameters
    ----------
    run
        A run with a locked panel.
    sample_ids
        (n,) ids of patients.

    Returns
    -------
    Score
        (repeats, n) values and folds; higher for a higher risk, or a more probable response.

    Raises
    ------
    InputError
        If the run has no panel, or a patient has no score.
    """
    path = run.path / SCORES
    if not path.is_file():
        raise InputError(f"{path}: no such file; lock a panel with `stratomics panel {run.path}` first")
    table = pd.read_csv(path, dtype={"sample_id": str})
    wide = table.pivot(index="repeat", columns="sample_id", values=[PANEL_SCORE, "fold"])
    ids = pd.Index(sample_ids)
    if not ids.isin(wide[PANEL_SCORE].columns).all():
        raise InputError(f"{path}: a patient of the trial has no score; lock the panel again")
    value = wide[PANEL_SCORE][ids].to_numpy(dtype=np.float64)
    fold = wide["fold"][ids].to_numpy(dtype=np.int64)
    digest = str(read_json(run.path / CURVE)["panel"]["digest"])
    return Score(PANEL_SCORE, value, fold, learned=True, model=digest)


def with_panel_assay(run: RunDirectory, request: TrialRequest) -> TrialRequest:
    """Take sensitivity and specificity from the noise of the panel's assay, unless they were given.

    Parameters
    ----------
    run
        A run with a locked panel.
    request
        What was specified of the coming trial.

    Returns
    -------
    TrialRequest
        The same without noise of the assay.
    """
    noise = read_json(run.path / CURVE)["panel"]["noise"]
    if noise is None or (request.sensitivity, request.specificity) != (1.0, 1.0):
        return request
    return replace(request, sensitivity=float(noise["sensitivity"]), specificity=float(noise["specificity"]))
