"""What a check of a cohort says about its exposure, so that a run does not refuse what the check accepts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from omics.checks.finding import ERROR, INFO, WARNING, Finding
from omics.cohort.read import events_of, exposure_spec
from omics.common.errors import CohortError, InputError
from omics.events.stored_events import EXPOSURE

if TYPE_CHECKING:
    from mudata import MuData

    from datamodules.exposure.published.kinetic_model import KineticModel
    from omics.cohort.spec import ExposureSpec
    from omics.events.event_notes import EventNote

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
        The error that a run would stop with; or the patients with covariates outside the range of the model, whether a
        run refits the model, and the targets. Empty for a cohort without doses.
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
    return [*_out_of_range(notes), *_refit(cohort), *_targets(spec, model)]


def _out_of_range(notes: list[EventNote]) -> Iterator[Finding]:
    if not notes:
        return
    first = notes[0]
    patients = len({note.patient for note in notes})
    sentence = f"{patients} patient(s), such as '{first.patient}': {first.sentence}"
    yield Finding(first.code, WARNING, EXPOSURE, sentence)


def _refit(cohort: MuData) -> Iterator[Finding]:
    """Say that a run refits the model, or why it uses the published one."""
    spec = exposure_spec(cohort)
    if spec is None or not spec.refit:
        return
    from datamodules.exposure.refit import FEWEST_PATIENTS, levels_to_learn

    patients, levels = levels_to_learn(cohort)
    found = f"{levels} level(s) of {patients} patient(s) are in the window of exposure"
    if patients < FEWEST_PATIENTS:
        sentence = f"refit needs {FEWEST_PATIENTS} training patients with a level, and {found}: a run uses {spec.model}"
        yield Finding("few_levels", WARNING, EXPOSURE, f"{sentence} as it is published")
    else:
        sentence = f"each training part of a run refits {spec.model} to the levels of its patients; {found}"
        yield Finding("refit", INFO, EXPOSURE, sentence)


def _targets(spec: ExposureSpec, model: KineticModel) -> Iterator[Finding]:
    from datamodules.exposure.metrics import measure_unit

    for name, (low, high) in spec.target.items():
        sentence = f"the target of {name} is {low:g} to {high:g} {measure_unit(model, name)}"
        yield Finding("target", INFO, EXPOSURE, sentence)
