"""The report's part on uncertainty: whom sets or bounds cover, who abstains, whether the arm's effect differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stratomics.report.section import Block, Section
from stratomics.report.sections.coverage import coverage_panel, other_endpoint
from stratomics.report.sections.selective_prediction import abstentions, risk_coverage
from stratomics.runs.run_directory import RunDirectory

__all__ = ["uncertainty"]

PROMISED = {
    "survival": "The bound of a patient is a time that nine in ten are promised to live beyond.",
    "response": "The set of a patient holds the responses that are possible for him; nine in ten sets are promised "
    "to hold the true one, within each class. Sets that promise it to all patients together stand beside them where "
    "they were made.",
}
SURE = 0.05


def uncertainty(run: RunDirectory) -> Section | None:
    """Show whom sets or bounds cover, and of whom models should be believed; None where nothing was promised."""
    covered = coverage_panel(run)
    if covered is None:
        return None
    effects = _interaction(run.metrics.get("interaction"))
    chosen = risk_coverage(run)
    blocks: list[Block] = [
        PROMISED[run.kind],
        covered,
        *other_endpoint(run),
        *([chosen] if chosen else []),
        *abstentions(run),
        *([effects] if effects else []),
    ]
    return Section("uncertainty", "Uncertainty", blocks)


def _interaction(found: Mapping[str, Any] | None) -> str | None:
    if found is None:
        return None
    if found["se"] is None:
        return "The models predict one relative effect of the treatment for everybody."
    said = f"slope {found['slope']:.2f}, standard error {found['se']:.2f}, one-sided p {found['p']:.3f}"
    if found["p"] < SURE:
        return (
            "Relative effects of the treatment differ between patients as predicted "
            f"({said}; 1 would be as promised)."
        )
    return (
        f"There is no evidence that the treatment's relative effect differs between patients as predicted ({said}; "
        "1 would be as promised, 0 nothing). A benefit in units of time or probability differs all the same "
        "wherever the prognosis does, and is not called predictive."
    )
