"""Exposure of the patients of a run, and how well its kinetic model describes their levels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from datamodules.exposure.cohort_exposure import (
    cohort_exposure,
    cohort_model,
    on_log_scale,
    range_notes,
    window_of,
)
from datamodules.exposure.compartments.records import records_of, up_to_last_level
from datamodules.exposure.individual import IndividualExposure, within_window
from datamodules.exposure.refit import KineticRefit, compared_values
from datamodules.exposure.regimen import doses_given
from omics.cohort.read import cohort_endpoints, cohort_spec, events_of
from omics.common.seeds import named_generator
from omics.events.event_notes import event_notes
from omics.events.event_table import EventTable
from stratomics.pharmacology.goodness_of_fit import goodness_of_fit
from stratomics.pharmacology.run_exposure import RefitSummary, RunExposure

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["exposure_tables"]


def exposure_tables(
    cohort: MuData, kinetics: KineticRefit | None = None, trained: MuData | None = None
) -> RunExposure:
    """Estimate the exposure of a cohort as a run saves it.

    Each patient's values rest on this patient and the kinetic model, as those of the view ``exposure``.

    Parameters
    ----------
    cohort
        A cohort with the block ``exposure``.
    kinetics
        The kinetic model refitted by the final model; None where the published one counts.
    trained
        Training patients of the final model; by default `cohort`.

    Returns
    -------
    RunExposure
        Tables and what they rest on.
    """
    refit = None if kinetics is None else _refit(kinetics, cohort if trained is None else trained)
    cohort = cohort if kinetics is None else kinetics.apply(cohort)
    spec, events, model = cohort_spec(cohort), events_of(cohort), cohort_model(cohort)
    exposure = cohort_exposure(cohort)
    assert spec.exposure is not None
    assert events is not None
    assert model is not None
    assert exposure is not None
    events, window = events.in_unit(model.time_unit), window_of(spec.exposure, model)
    within = within_window(events, window)
    records = records_of(up_to_last_level(within))
    table = _table(exposure, within)
    if spec.arm is not None:
        table["arm"] = table["sample_id"].map(cohort.obs[spec.arm.column])
    notes = [*event_notes(events), *range_notes(events, model)]
    named = cohort_endpoints(cohort).named
    return RunExposure(
        table=table,
        model=model.name,
        drug=model.drug,
        doi=model.source.doi,
        level_unit=model.level_unit,
        time_unit=model.time_unit,
        dose_unit=model.dose_unit,
        window=window,
        measures=tuple(exposure.mean.columns),
        shrinkage={str(name): float(value) for name, value in exposure.shrinkage.items()},
        notes=tuple(f"{note.patient}: {note.sentence}" for note in notes),
        endpoints={name: (spec.endpoints[name].kind, one.unit or "") for name, one in named.items()},
        fit=goodness_of_fit(model, records, named_generator(0, "predictive check", model.name)),
        refit=refit,
        target=spec.exposure.target,
    )


def _refit(kinetics: KineticRefit, trained: MuData) -> RefitSummary:
    values = pd.DataFrame() if kinetics.model is None else compared_values(kinetics, trained)
    return RefitSummary(kinetics.patients, kinetics.levels, kinetics.note, values)


def _table(exposure: IndividualExposure, within: EventTable) -> pd.DataFrame:
    """One row per patient: measures, their logarithms, what they rest on, the first dose."""
    mean, error = on_log_scale(exposure)
    logs = [name for name in mean if name not in exposure.mean]
    logarithms = pd.concat([mean[logs], error[logs].add_suffix("_sd")], axis=1)
    dose = doses_given(within, last=False)[["amount", "interval"]]
    first = dose.rename(columns={"amount": "dose", "interval": "dose_interval"})
    joined = pd.concat([exposure.table(), logarithms, first.reindex(exposure.mean.index)], axis=1)
    return joined.rename_axis("sample_id").reset_index()
