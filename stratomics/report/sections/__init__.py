"""One file per section of the report; SECTIONS lists them in reading order, TRIAL_FIRST what a trial begins with."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

from omics.common.errors import CohortError, ConfigError, InputError, StratomicsError
from omics.common.registry import resolve
from stratomics.report.section import Section
from stratomics.runs.run_directory import RunDirectory

__all__ = ["SECTIONS", "sections_of"]

log = logging.getLogger(__name__)

SECTIONS = {
    "summary": "stratomics.report.sections.summary:summary",
    "cohort": "stratomics.report.sections.cohort:cohort",
    "methods": "stratomics.report.sections.methods:methods",
    "performance": "stratomics.report.sections.performance:performance",
    "view_contributions": "stratomics.report.sections.view_contributions:view_contributions",
    "survival": "stratomics.report.sections.survival:risk_groups",
    "survival_calibration": "stratomics.report.sections.survival_calibration:calibration",
    "response": "stratomics.report.sections.response:classes",
    "response_curves": "stratomics.report.sections.response_curves:discrimination",
    "response_calibration": "stratomics.report.sections.response_calibration:calibration",
    "time_auc": "stratomics.report.sections.time_auc:time_auc",
    "decision_curve": "stratomics.report.sections.decision_curve:decision_curve",
    "sample_size": "stratomics.report.sections.sample_size:sample_size",
    "uncertainty": "stratomics.report.sections.uncertainty:uncertainty",
    "factors": "stratomics.report.sections.factors:factors",
    "explanation": "stratomics.report.sections.explanation:explanation",
    "biology": "stratomics.report.sections.biology:biology",
    "subtypes": "stratomics.report.sections.subtypes:subtypes",
    "pharmacogenomics": "stratomics.report.sections.pharmacogenomics:pharmacogenomics",
    "exposure": "stratomics.report.sections.exposure:exposure",
    "tumour": "stratomics.report.sections.tumour:tumour",
    "subgroup_performance": "stratomics.report.sections.subgroup_performance:subgroup_performance",
    "panel": "stratomics.report.sections.panel:panel",
    "transport": "stratomics.report.sections.transport:transport",
    "treatment_effects": "stratomics.report.sections.treatment_effects:treatment_effects",
    "enrichment": "stratomics.report.sections.enrichment:enrichment",
    "explorer": "stratomics.report.sections.explorer:explorer",
    "limitations": "stratomics.report.sections.limitations:limitations",
    "model_card": "stratomics.report.model_card:model_card",
    "tripod": "stratomics.report.sections.tripod:tripod",
    "provenance": "stratomics.report.sections.provenance:provenance",
}
"""Section -> function of a run that returns it, or None if the run has no results for it."""


TRIAL_FIRST = ("summary", "treatment_effects", "enrichment", "explorer")
"""First sections of a run with arms: its readers ask whom to enrol, in which trial."""


def sections_of(run: RunDirectory) -> Iterator[Section]:
    """Yield the sections that a run has, in reading order."""
    first = TRIAL_FIRST if run.provenance.get("arm") is not None else ()
    for name in dict.fromkeys((*first, *SECTIONS)):
        section = _section(run, name)
        if section is not None:
            yield section


def _section(run: RunDirectory, name: str) -> Section | None:
    """Compute a section, or say in its place why it cannot be computed: a part never takes the report with it.

    A file of the run that cannot be read stays an error.
    """
    compute: Callable[[RunDirectory], Section | None] = resolve(SECTIONS, name, "section")
    title = name.replace("_", " ")
    try:
        return compute(run)
    except Exception as error:
        if isinstance(error, OSError | ConfigError | CohortError) or type(error) is InputError:
            raise
        unexpected = not isinstance(error, StratomicsError)
        log.warning("the report lacks its part '%s': %s", title, error, exc_info=unexpected)
        text = f"This part could not be computed ({error}). The other parts do not depend on it."
        return Section(name, title.capitalize(), [text])
