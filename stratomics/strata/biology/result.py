"""What a gene-set analysis finds: one row per set, contrast and view, and what must be known to read it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

__all__ = ["COLUMNS", "DISCOVERY", "PANEL_SCORE", "SetAnalysis"]

DISCOVERY = 0.05
"""False discovery rate q below which a set is reported."""

PANEL_SCORE = "panel score"
"""Name of the contrast that is the score of a locked panel."""

COLUMNS = (
    "contrast",
    "view",
    "collection",
    "set",
    "title",
    "n",
    "correlation",
    "direction",
    "p",
    "q",
    "leading",
)
"""Columns of the table of tests."""


@dataclass(frozen=True)
class SetAnalysis:
    """Tests of sets of features, for factors or for groups of patients.

    Attributes
    ----------
    tests
        One row per contrast, view and set: ``contrast`` (a factor, a group against the rest, or the panel), ``view``,
        ``collection``, ``set`` and its ``title``, ``n`` (features of the set that the view has), ``correlation``
        between them, ``direction`` (``up``: they rise with the contrast), ``p``, ``q`` (over all rows of factors, of
        groups, and of the panel), ``leading`` (up to five features that are strongest in this direction).
    notes
        One sentence each: how features were matched, what was not tested, and why.
    activity
        (n, 14) pathway activity by PROGENy of the patients with a view of transcripts; None without one.
    panel
        One sentence for each analyte of a locked panel that is in a set with a small q for its score.
    """

    tests: pd.DataFrame
    notes: tuple[str, ...]
    activity: pd.DataFrame | None = field(default=None)
    panel: tuple[str, ...] = ()

    @property
    def found(self) -> pd.DataFrame:
        """Rows of `tests` with q below 0.05, the smallest p first."""
        return self.tests[self.tests["q"] < DISCOVERY].sort_values("p", kind="stable")
