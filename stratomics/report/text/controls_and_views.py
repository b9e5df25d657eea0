"""Controls and the ledger of views in words, for the screen and the report alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stratomics.evaluation.metrics.metric import find_metric
from stratomics.report.text.metrics import interval

__all__ = ["ViewRow", "control_sentence", "controls_fail", "design_of_run", "design_sentence", "view_rows"]


@dataclass(frozen=True)
class ViewRow:
    """One view of the ledger, in words."""

    view: str
    alone: str
    rank: str
    gain: str
    redundancy: str
    verdict: str


def controls_fail(metrics: Mapping[str, Any]) -> bool:
    """Whether a control came out off chance."""
    return any(row["off"] for row in (metrics.get("controls") or {}).values())


def control_sentence(metrics: Mapping[str, Any]) -> str:
    """Say how the controls came out; empty of a run without any.

    Examples
    --------
    >>> row = {"metric": "auroc", "estimate": 0.7, "low": 0.6, "high": 0.8, "p": 0.0001, "off": True}
    >>> control_sentence({"controls": {"noise_view": row}})[:62]
    'DO NOT TRUST THIS RUN: the control noise view came out off cha'
    """
    rows = metrics.get("controls") or {}
    if not rows:
        return ""
    said = {
        name.replace("_", " "): f"{find_metric(row['metric']).label} {interval(row)}"
        for name, row in rows.items()
    }
    off = [name for name, row in zip(said, rows.values(), strict=True) if row["off"]]
    if off:
        figures = ", ".join(f"{name} came out off chance ({said[name]})" for name in off)
        return (
            f"DO NOT TRUST THIS RUN: the control {figures}, where 0.5 is chance and nothing can be learned; an id, "
            "a row order or a column tells the outcome."
        )
    figures = "; ".join(f"{name}, {figure}" for name, figure in said.items())
    return f"Controls, of which nothing can be learned, came out no better than chance, 0.5: {figures}."


def view_rows(metrics: Mapping[str, Any]) -> list[ViewRow]:
    """Rows of the ledger; none of a run that kept none."""
    return [
        ViewRow(
            row["view"],
            interval(row["alone"]),
            interval(row["rank"]),
            "" if row["gain"] is None else interval(row["gain"], "+"),
            "" if row["redundancy"] is None else f"{row['redundancy']:.0%}",
            row["verdict"],
        )
        for row in metrics.get("ledger") or ()
    ]


def design_of_run(provenance: Mapping[str, Any]) -> str:
    """Name of the design; release 0.1.0 knew cross-validation alone, and did not say it."""
    return str(provenance["design"].get("design", "kfold"))


def design_sentence(provenance: Mapping[str, Any]) -> str:
    """Say who was predicted by models of whom.

    Examples
    --------
    >>> design_sentence({"design": {"folds": 5, "repeats": 2}})
    '2 x 5-fold cross-validation.'
    """
    design, patients = provenance["design"], provenance.get("patients", {})
    kind = design_of_run(provenance)
    if kind == "leave_site_out":
        return "Each site's patients were predicted from those of all other sites."
    if kind == "part":
        return f"{patients['evaluated']} test patients of the ready split were predicted from its training patients."
    if kind == "external":
        return (
            f"{patients['evaluated']} patients of another cohort, {provenance['evaluated_on']}, were predicted from the "
            f"{patients['trained']} of this one."
        )
    return f"{design['repeats']} x {design['folds']}-fold cross-validation."
