"""Evaluate a finished run in another cohort."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from datamodules.exposure.exposure_view import with_exposure
from omics.cohort.read import read_cohort
from omics.common.errors import InputError
from stratomics.api.run import Run
from stratomics.runs.run_directory import RunDirectory
from stratomics.runtime.logs import quiet_libraries
from stratomics.transportability.from_run import check_inputs, transport_of_run
from stratomics.transportability.result import Transport, TransportRequest, save_transport

if TYPE_CHECKING:
    from mudata import MuData

    from models.prediction import Prediction

__all__ = ["transport"]


def transport(
    run: Run | str | Path,
    other: MuData | str | Path,
    *,
    groups: Sequence[str] | None = None,
    recalibrate: bool = False,
    learning_curve: bool = False,
    save: bool = False,
) -> Transport:
    """Evaluate the final model of a run in another cohort: whether it holds elsewhere, and in whom.

    Parameters
    ----------
    run
        A finished run, or its folder.
    other
        Another cohort with the same endpoint, or its folder or file.
    groups
        Names of groups: sex, age, site, arm, or covariates; by default those of the first four that are recorded.
    recalibrate
        Estimate intercept and slope in the other cohort, and how many patients that takes.
    learning_curve
        Measure the loss against the number of training patients of the run.
    save
        Write the result into the run, and its report again.

    Returns
    -------
    Transport
        ``external``, ``shift``, ``groups``, ``sites``, ``recalibration``, ``learning``; see
        :class:`stratomics.transportability.result.Transport`.

    Raises
    ------
    InputError
        If the run is not finished, or the cohort cannot be compared with it.
    """
    quiet_libraries()
    directory = run.directory if isinstance(run, Run) else RunDirectory(Path(run))
    if not directory.finished:
        raise InputError(f"{directory.path}: not a finished run directory; create one with `stratomics run`")
    cohort = with_exposure(read_cohort(other)) if isinstance(other, str | Path) else other
    request = TransportRequest(None if groups is None else tuple(groups), recalibrate, learning_curve)
    notes = check_inputs(directory, cohort, request)
    result = transport_of_run(directory, cohort, _predicted(directory, cohort), request, notes)
    if save:
        from omics.common.manifest import update_manifest
        from stratomics.report.page import write_report

        save_transport(directory, result)
        update_manifest(directory.path, write_report(directory).name)
    return result


def _predicted(run: RunDirectory, other: MuData) -> Prediction:
    """Predict by the final model, and apply the locked rule if there is one."""
    from models.prediction import Prediction
    from stratomics.fitting.fitted import Fitted
    from stratomics.predict import find_model, locked_rule, predict_blocks, with_rule

    folder = find_model(run.path)
    blocks = predict_blocks(Fitted.load(folder), other)
    first = next(blocks)
    predictions: Iterator[Prediction] = chain([first], blocks)
    if (locked := locked_rule(folder, map(str, first.patients))) is not None:
        predictions = with_rule(predictions, *locked)
    return Prediction.concatenate(predictions)
