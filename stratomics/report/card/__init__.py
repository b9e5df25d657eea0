"""The report card of a run: each check gives one line, pass, watch or fail, with its reason.

CHECKS names them in the order in which they are read. A figure that is missing or not a number never passes.
"""

from __future__ import annotations

from omics.common.registry import resolve
from stratomics.report.card.line import FAIL, PASS, WATCH, EvaluatedRun, Line

__all__ = ["CHECKS", "FAIL", "PASS", "WATCH", "EvaluatedRun", "Line", "report_card"]

CHECKS = {
    "controls": "stratomics.report.card.predictions:controls",
    "calibration": "stratomics.report.card.predictions:calibration",
    "coverage": "stratomics.report.card.predictions:coverage",
    "missing": "stratomics.report.card.patients:missing",
    "sites": "stratomics.report.card.patients:sites",
    "size": "stratomics.report.card.patients:size",
    "stability": "stratomics.report.card.stability:stability",
    "outlying": "stratomics.report.card.stability:ood_score",
}
"""Check -> function of a run that gives its line."""


def report_card(run: EvaluatedRun) -> list[Line]:
    """Give a line a check, in their order."""
    lines: list[Line] = [resolve(CHECKS, name, "check")(run) for name in CHECKS]
    return lines
