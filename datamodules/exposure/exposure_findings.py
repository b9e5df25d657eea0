"""What a check of a cohort says about its exposure, so that a run does not refuse what the check accepts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omics.checks.finding import ERROR, WARNING, Finding
from omics.cohort.read import events_of, exposure_spec
from omics.common.errors import CohortError, InputError
from omics.events.stored_events import EXPOSURE

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["exposure_findings"]


def exposure_findings(cohort: MuData) -> list[Finding]:
    """Check the block ``exposure`` of a cohort against its kinetic model.

    Parameters
    ----------
    cohort
        A cohort.

    Returns
    -------
    list of Finding
        The error that a run would stop with, or the patients with covariates outside the range of the model. Empty for
        a cohort without doses.
    """
    spec, events = exposure_spec(cohort), events_of(cohort)
    if spec is None or events is None:
        return []
    from datamodules.exposure.cohort_exposure import check_exposure, cohort_model

    try:
        model = cohort_model(cohort)
        assert model is not None
        notes = check_exposure(spec, events.in_unit(model.time_unit), model)
    except CohortError as error:
        return [Finding(error.code, ERROR, EXPOSURE, str(error))]
    except InputError as error:
        return [Finding("exposure", ERROR, EXPOSURE, str(error))]
    if not notes:
        return []
    first = notes[0]
    patients = len({note.patient for note in notes})
    sentence = f"{patients} patient(s), such as '{first.patient}': {first.sentence}"
    return [Finding(first.code, WARNING, EXPOSURE, sentence)]
