"""The part of exposure that comes from the doses: that of one typical patient under the doses of each patient."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import torch

from datamodules.exposure.cohort_exposure import cohort_model, logarithm_of, scale_name, window_of
from datamodules.exposure.individual import within_window
from datamodules.exposure.metrics import measures_of
from datamodules.exposure.regimen import DOSES, doses_given
from omics.cohort.read import events_of, exposure_spec

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["exposure_by_dose"]


def exposure_by_dose(cohort: MuData) -> pd.DataFrame:
    """Return the exposure that one typical patient would have under the doses that each patient was given.

    Parameters
    ----------
    cohort
        A cohort whose ``cohort.yaml`` has the block ``exposure``.

    Returns
    -------
    pandas.DataFrame
        Patients with a dose x measures, on the scale of the view ``exposure``: logarithms, and shares as they are. The
        typical patient has the covariates that the model's file names and no random effects, so that patients differ
        by their doses only. With linear kinetics a patient's own exposure minus this one does not depend on the dose.
    """
    spec, model, events = exposure_spec(cohort), cohort_model(cohort), events_of(cohort)
    assert spec is not None
    assert model is not None
    assert events is not None
    within = within_window(events.in_unit(model.time_unit), window_of(spec, model))
    first, last = (doses_given(within, last=which)[list(DOSES)] for which in (False, True))
    dosed = first.index[first["amount"].notna()]
    covariates = pd.DataFrame(model.typical_patient.covariates, index=dosed, dtype=float)
    effects = torch.zeros(len(dosed), 1, len(model.random_parameters), dtype=torch.float64)
    measures = measures_of(
        model, first.loc[dosed], last.loc[dosed], covariates, covariates, effects, spec.metrics
    )
    columns = {
        scale_name(name): logarithm_of(name, values)[:, 0].numpy() for name, values in measures.items()
    }
    return pd.DataFrame(columns, index=dosed)
