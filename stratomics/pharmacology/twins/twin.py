"""Predict patients under several regimens, with an interval that joins exposure, its effect, members and candidates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from datamodules.exposure.cohort_exposure import on_log_scale
from datamodules.exposure.exposure_view import join_exposure
from stratomics.pharmacology.twins.regimen_exposure import PatientKinetics, equal_draws
from stratomics.pharmacology.twins.regimen_file import RegimenFile
from stratomics.pharmacology.twins.result import Twins
from stratomics.pharmacology.twins.tables import TwinTables, effect_table
from stratomics.pharmacology.twins.training_range import check_measures, effect_of, refuse_far, training_range
from stratomics.pharmacology.twins.under_regimen import Given, Grid, predicted_under

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.fitting.fitted import Fitted

__all__ = ["twins_of"]

DRAWS = 200
"""Draws of exposure, effect and member, the first two at equal steps of their distributions."""

BLOCK = 256
"""Patients that are predicted together."""


def twins_of(
    model: Fitted,
    cohort: MuData,
    regimens: Sequence[RegimenFile],
    times: Sequence[float] = (),
    unit: str = "days",
) -> Twins:
    """Predict patients under several regimens.

    Parameters
    ----------
    model
        A model that was fitted with the view ``exposure``.
    cohort
        The patients, with doses; levels make their exposure more certain.
    regimens
        The regimens; the first is the reference of differences.
    times
        Times of S(t); by default the horizon of the model.
    unit
        Unit of these times.

    Returns
    -------
    Twins
        Estimates use the posterior mean of the logarithm of exposure, as the effect was fitted to such means; draws of
        the random effects serve the intervals only.

    Raises
    ------
    InputError
        The model was fitted without exposure, the patients lack doses or a measure, their kinetic model
        is another one, a regimen has other units, or its
        exposure is far from that of training.
    """
    ranges = training_range(model)
    size = max(cohort.n_obs, 1) if model.encoders[0].harmonizer.config.adapt else BLOCK
    blocks = [
        cohort[np.arange(start, min(start + size, cohort.n_obs))].copy()
        for start in range(0, cohort.n_obs, size)
    ]
    return Twins.joined([_block(model, block, regimens, times, unit, ranges) for block in blocks])


def _block(
    model: Fitted,
    cohort: MuData,
    regimens: Sequence[RegimenFile],
    times: Sequence[float],
    unit: str,
    ranges: pd.DataFrame,
) -> Twins:
    cohort = model.prepared(cohort)
    kinetics = PatientKinetics.of(cohort)
    effect = effect_of(model, kinetics.model)
    check_measures(ranges, on_log_scale(kinetics.given)[0].columns)
    exposures = {one.name: kinetics.under(one.name, one.regimen(kinetics.model)) for one in regimens}
    for name, exposure in exposures.items():
        refuse_far(ranges, on_log_scale(exposure)[0], name)
    draws = equal_draws(next(iter(exposures.values())), DRAWS)
    patients = model.encode(join_exposure(cohort, *on_log_scale(kinetics.given)))
    grid, ids = Grid.of(model, times), pd.Index(patients.sample_ids)
    given = Given.of(model, effect, patients, kinetics.given, grid)
    under = [
        predicted_under(model, effect, given, ids, name, one, draws, grid) for name, one in exposures.items()
    ]
    tables = TwinTables(model, ids, ranges, grid)
    return Twins(
        exposure=pd.concat([tables.exposure(one) for one in under], ignore_index=True),
        predictions=pd.concat([tables.predictions(one) for one in under], ignore_index=True),
        differences=pd.concat(
            [tables.predictions(one, under[0]) for one in under[1:]] or [pd.DataFrame()], ignore_index=True
        ),
        curves=pd.concat([tables.curves(one) for one in under], ignore_index=True),
        means=pd.concat([tables.means(one) for one in under], ignore_index=True),
        effects=effect_table(effect),
        regimens=tuple(exposures),
        unit=unit,
    )
