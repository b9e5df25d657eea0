"""The report card of a run: each check gives one line, pass, watch or fail, with its reason.

CHECKS names them in the order in which they are read. A figure that is missing or not a number never passes.
"""

from __future__ import annotations

from omics.tables import look_up
from stratomics.evaluation.card.line import FAIL, PASS, WATCH, JudgedRun, Line

__all__ = ["CHECKS", "FAIL", "PASS", "WATCH", "JudgedRun", "Line", "report_card"]

CHECKS = {
    "controls": "stratomics.evaluation.card.trust:controls",
    "calibration": "stratomics.evaluation.card.trust:calibration",
    "coverage": "stratomics.evaluation.card.trust:coverage",
    "missing": "stratomics.evaluation.card.patients:missing",
    "sites": "stratomics.evaluation.card.patients:sites",
    "size": "stratomics.evaluation.card.patients:size",
    "stability": "stratomics.evaluation.card.steadiness:stability",
    "outlying": "stratomics.evaluation.card.steadiness:outlying",
}
"""Check -> function of a run that gives its line."""


def report_card(run: JudgedRun) -> list[Line]:
    """Give a line a check, in their order."""
    lines: list[Line] = [look_up(CHECKS, name, "check")(run) for name in CHECKS]
    return lines
