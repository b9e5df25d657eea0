"""The report's part on uncertainty: whom sets or bounds cover, who abstains, whether the arm's effect differs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from stratomics.run_directory import RunDirectory

__all__ = ["uncertainty_part"]

PROMISED = {
    "survival": "The bound of a patient is a time that nine in ten are promised to live beyond.",
    "response": "The set of a patient holds the responses that are possible for him; nine in ten sets are promised "
    "to hold the true one, within each class.",
}
SURE = 0.05


def uncertainty_part(run: RunDirectory) -> dict[str, Any] | None:
    """Content of the section; None of runs whose predictions promised nothing."""
    rows = run.metrics.get("coverage")
    if not rows:
        return None
    patients = run.predictions["stratomics"].patients
    abstained = patients.groupby("sample_id")["abstain"].mean() if "abstain" in patients else None
    return {
        "promise": PROMISED[run.kind],
        "rows": [_row(row, run.kind) for row in rows],
        "measure": "median bound" if run.kind == "survival" else "mean classes in a set",
        "abstain": None if abstained is None else f"{(abstained > 0.5).mean():.0%}",  # noqa: PLR2004  # most repeats
        "interaction": _interaction(run.metrics.get("interaction")),
    }


def _row(row: Mapping[str, Any], kind: str) -> dict[str, str]:
    known = row["coverage"] is not None
    size = row["bound"] if kind == "survival" else row["width"]
    return {
        "who": row["level"] if row["by"] == "all" else f"{row['by']}: {row['level']}",
        "n": str(row["n"]),
        "coverage": f"{row['coverage']:.2f} ({row['low']:.2f} to {row['high']:.2f})"
        if known
        else "nobody counts",
        "size": f"{size:.4g}",
    }


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
