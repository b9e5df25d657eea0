"""The report's section on uncertainty: coverage, selective prediction, abstention and effect heterogeneity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stratomics.report.section import Block, Section
from stratomics.report.sections.coverage import coverage_panel, other_endpoints
from stratomics.report.sections.selective_prediction import abstentions, risk_coverage
from stratomics.report.text.numbers import p_value
from stratomics.runs.run_directory import RunDirectory

__all__ = ["uncertainty"]

MEANING = {
    "survival": (
        "The survival bound of a patient is a time that the patient exceeds with a nominal probability of 90% "
        "(conformal prediction)."
    ),
    "response": (
        "The prediction set of a patient holds the responses that are plausible for the patient. Nominally, 90% of "
        "the sets contain the true response, within each class (conformal prediction). Where available, sets with "
        "coverage over all patients together are shown beside them."
    ),
}
SIGNIFICANCE = 0.05


def uncertainty(run: RunDirectory) -> Section | None:
    """Show coverage and abstention; None if the run has no prediction sets or bounds."""
    coverage = coverage_panel(run)
    if coverage is None:
        return None
    heterogeneity = _interaction(run.metrics.get("interaction"))
    selective = risk_coverage(run)
    blocks: list[Block] = [
        MEANING[run.kind],
        coverage,
        *other_endpoints(run),
        *([selective] if selective else []),
        *abstentions(run),
        *([heterogeneity] if heterogeneity else []),
    ]
    return Section("uncertainty", "Uncertainty", blocks)


def _interaction(test: Mapping[str, Any] | None) -> str | None:
    """State whether relative treatment effects differ between patients as predicted."""
    if test is None:
        return None
    if test["se"] is None:
        return "The models predict the same relative treatment effect for all patients."
    figures = f"slope {test['slope']:.2f}, standard error {test['se']:.2f}, one-sided {p_value(test['p'])}"
    if test["p"] < SIGNIFICANCE:
        return (
            f"Relative treatment effects differ between patients as predicted ({figures}; a slope of 1 means exactly "
            "as predicted)."
        )
    return (
        f"There is no evidence that the relative treatment effect differs between patients as predicted ({figures}; a "
        "slope of 1 means exactly as predicted, 0 means no relation). The benefit in units of time or probability can "
        "still differ, because it depends on the prognosis; such a difference is not called predictive."
    )
