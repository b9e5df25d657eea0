"""The report's explorer: the table behind it, its controls, and the script that steps through the table."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, replace
from pathlib import Path

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from omics.common.json_objects import to_json
from stratomics.enrichment.plan.explorer_table import ExplorerTable
from stratomics.enrichment.store import load_explorer
from stratomics.report.section import Section
from stratomics.report.sections.explorer_picture import Picture, drawn_at, picture_of
from stratomics.report.sections.explorer_texts import (
    all_labels,
    found_digits,
    planned_digits,
    shown_at,
    shown_rows,
)
from stratomics.report.sections.explorer_units import cost_unit, csv_head, in_shown_units
from stratomics.runs.run_directory import RunDirectory

__all__ = ["ExplorerPart", "explorer", "policy_of", "script", "script_policy"]

TITLES = {
    "threshold": (
        "Threshold of the score",
        "Share of patients of highest predicted benefit, whom the rule calls inside.",
    ),
    "prevalence": (
        "Prevalence among candidates",
        "Share of the candidates of the coming trial who are truly inside.",
    ),
    "sensitivity": ("Sensitivity of the assay", "Share of patients truly inside who test positive."),
    "specificity": ("Specificity of the assay", "Share of patients truly outside who test negative."),
    "screening": ("Cost of screening a candidate", ""),
    "weight": ("Weight of toxicity", "Number of efficacious outcomes that one toxic event offsets."),
}
"""Scale -> its name and meaning."""

FOLDED = ("screening", "weight")
"""Scales that change costs and utility only; their controls are folded, so that the others are few tabs away."""

Control = tuple[str, str, str, int, int]


@dataclass(frozen=True)
class ExplorerPart:
    """What the template needs.

    Attributes
    ----------
    table
        JSON for the script, safe inside a page.
    controls, folded
        Scale, name, meaning, number of positions, position at the start; of the controls that are shown, and of those
        that are folded.
    shown, rows, drawn
        Texts and drawing at the start, so that a page without scripts shows that position.
    picture
        The drawing; None for a table of an earlier version.
    units
        Units of costs and times, for the heads of rows.
    content
        The table of ``explorer.json``.
    script
        Text of :func:`script`, safe inside a page.
    """

    table: Markup
    controls: list[Control]
    folded: list[Control]
    shown: dict[str, str]
    rows: list[dict[str, str]]
    drawn: dict[str, str]
    picture: Picture | None
    units: dict[str, str]
    content: ExplorerTable
    script: Markup


def explorer(run: RunDirectory) -> Section | None:
    """Show the explorer; None for a run without a table to explore."""
    stored = load_explorer(run)
    if stored is None:
        return None
    content = in_shown_units(stored)
    start, picture = content.start, picture_of(content)
    part = ExplorerPart(
        table=_table(content, picture),
        controls=[one for one in _controls(content) if one[0] not in FOLDED],
        folded=[one for one in _controls(content) if one[0] in FOLDED],
        shown=shown_at(content, start),
        rows=shown_rows(content, start),
        drawn={} if picture is None else drawn_at(picture, start),
        picture=picture,
        units=_units(content),
        content=content,
        script=Markup(script()),  # noqa: S704  # our own script, with nothing from a file of the user
    )
    return Section("explorer", "Explorer", template="explorer.html.j2", content=part)


def _controls(content: ExplorerTable) -> list[Control]:
    meaning = {"screening": f"In the unit in which one patient costs {content.patient:,.12g}."}
    return [
        (name, title, meaning.get(name, means), len(content.scales[name]), content.start[name])
        for name, (title, means) in TITLES.items()
        if content.scales[name]
    ]


def _units(content: ExplorerTable) -> dict[str, str]:
    unit = cost_unit(content)
    return {
        "cost": f"cost, {unit}" if unit else "cost",
        "duration": f"duration, {content.unit}" if content.unit else "duration",
    }


def _table(content: ExplorerTable, picture: Picture | None) -> Markup:
    """Write the table for the script: all numbers, the labels of all positions, the drawing, the heads of the csv."""
    numbers = to_json(replace(content, curves=None))
    digits = {"found": found_digits(content), "planned": planned_digits(content)}
    more = {
        "labels": all_labels(content),
        "picture": to_json(picture),
        "csv_head": csv_head(content),
        "effect_digits": digits,
    }
    return htmlsafe_json_dumps(numbers | more, separators=(",", ":"))


def script() -> str:
    """Read the script, as it stands between its tags."""
    return (Path(__file__).parents[1] / "templates" / "explorer.js").read_text(encoding="utf-8")


def script_policy() -> str:
    """Name the script in a content security policy, by its SHA-256: no other script may run."""
    return policy_of(script())


def policy_of(script: str) -> str:
    """Write the directive of a content security policy that allows one script only.

    Examples
    --------
    >>> policy_of("")
    "script-src 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='"
    """
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"script-src 'sha256-{digest}'"
