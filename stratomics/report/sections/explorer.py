"""The report's explorer: the table behind it, the texts of each place, and the script that steps through them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from stratomics.enrichment.store import load_explorer
from stratomics.report.section import Section
from stratomics.runs.run_directory import RunDirectory

__all__ = ["ExplorerPart", "explorer", "script", "script_policy", "shown_at", "shown_rows"]

Content = Mapping[str, Any]

NONE, NO_TRIAL = "-", "no trial"
SIZES = ("events", "patients", "screened", "duration")

TITLES = {
    "threshold": (
        "Threshold of the score",
        "Whom the rule calls inside: the highest share of the predicted benefit.",
    ),
    "prevalence": (
        "Prevalence among candidates",
        "Share of those asked in the coming trial who truly are inside.",
    ),
    "sensitivity": ("Sensitivity of the assay", "Share of those truly inside who test positive."),
    "specificity": ("Specificity of the assay", "Share of those truly outside who test negative."),
    "screening": ("Cost of screening a candidate", ""),
    "weight": ("Weight of toxicity", "How much of an efficacious outcome one toxic event undoes."),
}
"""Scale -> its name, and what it means."""


@dataclass(frozen=True)
class ExplorerPart:
    """What the template needs.

    Attributes
    ----------
    table
        As the script reads it, safe inside a page.
    controls
        Scale, name, meaning, number of places, place at the start.
    shown, rows
        Texts at the start, so that a page without scripts shows that place.
    units
        Of costs and times, for the heads of rows.
    content
        ``explorer.json``.
    script
        Of :func:`script`, safe inside a page.
    """

    table: Markup
    controls: list[tuple[str, str, str, int, int]]
    shown: dict[str, str]
    rows: list[dict[str, str]]
    units: dict[str, str]
    content: Content
    script: Markup


def explorer(run: RunDirectory) -> Section | None:
    """Lay out the explorer; None of a run without a table to explore."""
    found = load_explorer(run)
    if found is None:
        return None
    start = found["start"]
    meaning = {"screening": f"In the unit in which one patient costs {found['patient']:,.12g}."}
    controls = [
        (name, title, meaning.get(name, means), len(found["scales"][name]), start[name])
        for name, (title, means) in TITLES.items()
        if found["scales"][name]
    ]
    units = {
        "cost": "cost, in patients" if found["patient"] == 1.0 else "cost",
        "duration": f"duration, {found['unit']}" if found["unit"] else "duration",
    }
    table = htmlsafe_json_dumps(found | {"labels": _labels(found)}, separators=(",", ":"))
    safe = Markup(script())  # noqa: S704  # ours, and nothing of a file's
    shown, rows = shown_at(found, start), shown_rows(found, start)
    part = ExplorerPart(table, controls, shown, rows, units, found, safe)
    return Section("explorer", "Explorer", template="explorer.html.j2", content=part)


def script() -> str:
    """Text of the script, as it stands between its tags."""
    return (Path(__file__).parents[1] / "templates" / "explorer.js").read_text(encoding="utf-8")


def script_policy() -> str:
    """Name the script in a content security policy, by its SHA-256: no other may run."""
    digest = base64.b64encode(hashlib.sha256(script().encode()).digest()).decode()
    return f"script-src 'sha256-{digest}'"


def _labels(found: Content) -> dict[str, list[Any]]:
    """Text of every place of every scale; of prevalence one a threshold."""
    scales = found["scales"]
    shares = {
        name: [f"{100 * value:.4g}%" for value in scales[name]]
        for name in ("threshold", "sensitivity", "specificity")
    }
    odds = [str(Fraction(value).limit_denominator(9)) for value in scales["prevalence"]]
    return shares | {
        "threshold": [
            f"highest {share}, {found['score']} above {cut['threshold']:.4g}"
            for share, cut in zip(shares["threshold"], found["cuts"], strict=True)
        ],
        "prevalence": [
            [
                f"{value:.1%}, " + ("as in this cohort" if times == "1" else f"odds x {times}")
                for value, times in zip(row, odds, strict=True)
            ]
            for row in found["prevalence"]
        ],
        "screening": [f"{value:,.12g}" for value in scales["screening"]],
        "weight": [f"{value:g}" for value in scales["weight"]],
    }


def shown_at(found: Content, place: Mapping[str, int]) -> dict[str, str]:
    """Every text of the page at one place; the script makes the same of the same numbers."""
    k, cut = place["threshold"], found["cuts"][place["threshold"]]
    labels = _labels(found)
    texts = {name: labels[name][at] for name, at in place.items() if name != "prevalence"}
    texts["prevalence"] = labels["prevalence"][k][place["prevalence"]]
    texts["inside"] = f"{cut['n']:,} of {found['total']:,} patients here ({cut['share']:.1%})"
    texts["apparent"] = _span(cut["apparent"])
    texts["outside"] = _span(cut["outside"])
    texts["everybody_found"] = _span(found["found"])
    texts["at_once"] = NONE if cut["at_once"] is None else "{:.3f} to {:.3f}".format(*cut["at_once"])
    enriched, everybody = _trial(found, place, k), _of_everybody(found, place)
    texts |= {f"enriched_{name}": text for name, text in enriched.items()}
    texts |= {f"everybody_{name}": text for name, text in everybody.items()}
    utility = found["utility"]
    if utility is not None:
        weight, best = place["weight"], utility["best"][place["weight"]]
        texts["enriched_utility"] = _span(utility["inside"][k][weight])
        texts["everybody_utility"] = _span(utility["everybody"][weight])
        texts["best"] = (
            f"At weight {labels['weight'][weight]} it is largest at {labels['threshold'][best]}: "
            f"{_span(utility['inside'][best][weight])}."
        )
    why = f" Enrichment: {cut['why']}." if enriched["patients"] == NO_TRIAL else ""
    texts["status"] = (
        f"Enrichment, {texts['threshold']}: {_said(enriched)}. All comers: {_said(everybody)}.{why}"
    )
    return texts


def shown_rows(found: Content, place: Mapping[str, int]) -> list[dict[str, str]]:
    """Texts of the trial that each threshold makes, all else as it stands."""
    shares = [f"{100 * value:.4g}%" for value in found["scales"]["threshold"]]
    return [{"share": share, **_trial(found, place, k)} for k, share in enumerate(shares)]


def _trial(found: Content, place: Mapping[str, int], k: int) -> dict[str, str]:
    at = [k, *(place[name] for name in ("prevalence", "sensitivity", "specificity"))]
    return _texts(found, found["enriched"], at, place)


def _of_everybody(found: Content, place: Mapping[str, int]) -> dict[str, str]:
    return _texts(found, found["everybody"], [place["threshold"], place["prevalence"]], place)


def _texts(found: Content, trials: Content, at: list[int], place: Mapping[str, int]) -> dict[str, str]:
    effect, size, costs = (_deep(trials[key], at) for key in ("effect", "size", "cost"))
    texts = {"effect": _span(effect)}
    if size is None:
        return (
            texts | {"patients": NO_TRIAL} | dict.fromkeys(("events", "screened", "duration", "cost"), NONE)
        )
    digits = {"duration": found["digits"]["duration"]}
    sizes = {name: _number(value, digits.get(name, 0)) for name, value in zip(SIZES, size, strict=True)}
    return texts | sizes | {"cost": _number(costs[place["screening"]], found["digits"]["cost"])}


def _deep(nested: Any, at: list[int]) -> Any:
    for place in at:
        if nested is None:
            return None
        nested = nested[place]
    return nested


def _span(effect: list[float] | None) -> str:
    return NONE if effect is None else "{:.3f} ({:.3f} to {:.3f})".format(*effect)


def _number(value: float | None, digits: int) -> str:
    return NONE if value is None else f"{value:,.{digits}f}"


def _said(trial: Mapping[str, str]) -> str:
    if trial["patients"] == NO_TRIAL:
        return f"{NO_TRIAL}, effect {trial['effect']}"
    return f"{trial['patients']} patients, {trial['screened']} screened, cost {trial['cost']}, effect {trial['effect']}"
