"""What a gene-set analysis finds: one row per set, contrast and view, and what must be known to read it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pandas as pd

__all__ = ["COLUMNS", "DISCOVERY", "SetAnalysis"]

DISCOVERY = 0.05
"""False discovery rate q below which a set is reported."""

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
        One row per contrast, view and set: ``contrast`` (a factor, or a group against the rest), ``view``,
        ``collection``, ``set`` and its ``title``, ``n`` (features of the set that the view has), ``correlation``
        between them, ``direction`` (``up``: they rise with the contrast), ``p``, ``q`` (over all rows of factors, and
        over all rows of groups), ``leading`` (up to five features that are strongest in this direction).
    notes
        One sentence each: how features were matched, what was not tested, and why.
    activity
        (n, 14) pathway activity by PROGENy of the patients with a view of transcripts; None without one.
    """

    tests: pd.DataFrame
    notes: tuple[str, ...]
    activity: pd.DataFrame | None = field(default=None)

    @property
    def found(self) -> pd.DataFrame:
        """Rows of `tests` with q below 0.05, the smallest p first."""
        return self.tests[self.tests["q"] < DISCOVERY].sort_values("p", kind="stable")
