"""The report's part on uncertainty: whom sets or bounds cover, who abstains, whether the arm's effect differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from stratomics.report.section import Block, Section, Table
from stratomics.run_directory import RunDirectory

__all__ = ["uncertainty"]

PROMISED = {
    "survival": "The bound of a patient is a time that nine in ten are promised to live beyond.",
    "response": "The set of a patient holds the responses that are possible for him; nine in ten sets are promised "
    "to hold the true one, within each class.",
}
SURE = 0.05


def uncertainty(run: RunDirectory) -> Section | None:
    """Show whom sets or bounds cover; None of runs whose predictions promised nothing."""
    rows = run.metrics.get("coverage")
    if not rows:
        return None
    measure = "median bound" if run.kind == "survival" else "mean classes in a set"
    table = pd.DataFrame(
        [_row(row, run.kind) for row in rows], columns=["patients", "number", "covered", measure]
    )
    caption = "How often the promise was kept, overall and for whom (exact 95% intervals)"
    said = [_abstained(run), _interaction(run.metrics.get("interaction"))]
    blocks: list[Block] = [
        PROMISED[run.kind],
        Table("coverage", caption, table),
        *(one for one in said if one),
    ]
    return Section("uncertainty", "Uncertainty", blocks)


def _row(row: Mapping[str, Any], kind: str) -> tuple[str, int, str, float]:
    who = row["level"] if row["by"] == "all" else f"{row['by']}: {row['level']}"
    known = row["coverage"] is not None
    covered = f"{row['coverage']:.2f} ({row['low']:.2f} to {row['high']:.2f})" if known else "nobody counts"
    return who, row["n"], covered, row["bound"] if kind == "survival" else row["width"]


def _abstained(run: RunDirectory) -> str | None:
    patients = run.predictions["stratomics"].patients
    if "abstain" not in patients:
        return None
    share = (patients.groupby("sample_id")["abstain"].mean() > 0.5).mean()  # noqa: PLR2004  # most repeats
    return (
        f"For {share:.0%} of the patients the models abstain: they are unlike those of training, or the prediction "
        "says itself that it is unsure."
    )


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
