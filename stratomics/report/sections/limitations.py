"""The report's section on limits, in plain words."""

from __future__ import annotations

from stratomics.report.section import Section
from stratomics.runs.run_directory import RunDirectory

__all__ = ["limits"]

ALWAYS = (
    (
        "Intervals resample patients and are conditional on the fitted models: how much the models would differ with "
        "other training patients is not in them."
    ),
    "Cross-validation estimates performance in patients like these; another hospital needs its own check.",
)

OF_KIND = {
    "survival": (
        (
            "The survival curves of stratomics, and of ridge and late fusion beside it, are recalibrated on patients "
            "left out of their fits, and the trees' level of risk is learned on them; clinical Cox and the elastic "
            "net are used as they come, which costs the elastic net on IBS."
        ),
        "Concordance compares patients within a fold; with few events it is uncertain, as the intervals show.",
    ),
    "response": (
        (
            "The probabilities of stratomics, and of ridge and late fusion beside it, are recalibrated on patients "
            "left out of their fits; the other baselines are used as they come."
        ),
        (
            "AUROC and AUPRC compare patients within a fold; with few patients of a class they are uncertain, as "
            "the intervals show. Chance is 0.5 for AUROC and the share of positive patients for AUPRC."
        ),
    ),
}
"""Kind of the deciding endpoint -> what has to be known of its figures."""


def limits(run: RunDirectory) -> Section:
    """Say what the figures do not say."""
    return Section("limits", "Limits", [[ALWAYS[0], *OF_KIND[run.kind], *ALWAYS[1:]]])
