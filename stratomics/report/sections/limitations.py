"""The report's section on limitations."""

from __future__ import annotations

from stratomics.report.section import Section
from stratomics.runs.run_directory import RunDirectory

__all__ = ["limitations"]

GENERAL = (
    (
        "Intervals of metrics come from resampling patients. In cross-validation they include an estimate of how much "
        "the models would vary with other training patients; bands of curves and intervals of groups do not."
    ),
    (
        "Cross-validation estimates performance in patients like those of this cohort. Another hospital needs its own "
        "validation."
    ),
)

OF_KIND = {
    "survival": (
        "The survival curves of all methods are recalibrated on held-out patients.",
        (
            "Concordance compares patients within the same fold. With few events it is uncertain, as its interval "
            "shows."
        ),
    ),
    "response": (
        "The probabilities of all methods are recalibrated on held-out patients.",
        (
            "AUROC and AUPRC compare patients within the same fold. With few patients in one class they are "
            "uncertain, as their intervals show. Chance is 0.5 for AUROC and the share of positive patients for AUPRC."
        ),
    ),
}
"""Kind of the primary endpoint -> limitations of its metrics."""


def limitations(run: RunDirectory) -> Section:
    """List what the results do not show."""
    return Section("limitations", "Limitations", [[GENERAL[0], *OF_KIND[run.kind], *GENERAL[1:]]])
