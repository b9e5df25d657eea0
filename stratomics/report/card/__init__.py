"""The report card of a run: one line per check, with the verdict pass, watch or fail and its reason.

CHECKS lists the checks in reading order. A result that is missing or not a number never passes.
"""

from __future__ import annotations

from omics.common.registry import resolve
from stratomics.report.card.line import FAIL, PASS, WATCH, EvaluatedRun, Line

__all__ = ["CHECKS", "FAIL", "PASS", "WATCH", "EvaluatedRun", "Line", "report_card"]

CHECKS = {
    "controls": "stratomics.report.card.predictions:controls",
    "calibration": "stratomics.report.card.predictions:calibration",
    "coverage": "stratomics.report.card.predictions:coverage",
    "missing": "stratomics.report.card.patients:missing_views",
    "sites": "stratomics.report.card.patients:sites",
    "size": "stratomics.report.card.patients:sample_size",
    "stability": "stratomics.report.card.stability:stability",
    "ood": "stratomics.report.card.stability:ood_score",
}
"""Check -> function of a run that returns its line."""


def report_card(run: EvaluatedRun) -> list[Line]:
    """One line per check, in the order of CHECKS."""
    lines: list[Line] = [resolve(CHECKS, name, "check")(run) for name in CHECKS]
    return lines
