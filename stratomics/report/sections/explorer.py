"""The report's explorer: the table behind it, the texts at each position, and the script that steps through them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from stratomics.enrichment.plan.explorer_table import ExplorerTable, ExplorerTrials, Interval, Nested
from stratomics.enrichment.store import load_explorer, to_json
from stratomics.report.section import Section
from stratomics.runs.run_directory import RunDirectory

__all__ = ["ExplorerPart", "explorer", "script", "script_policy", "shown_at", "shown_rows"]

Place = Mapping[str, int]
"""Scale -> index of its value."""

NONE, NO_TRIAL = "-", "no trial"
SIZES = ("events", "patients", "screened", "duration")

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


@dataclass(frozen=True)
class ExplorerPart:
    """What the template needs.

    Attributes
    ----------
    table
        JSON for the script, safe inside a page.
    controls
        Scale, name, meaning, number of positions, position at the start.
    shown, rows
        Texts at the start, so that a page without scripts shows that position.
    units
        Units of costs and times, for the heads of rows.
    content
        The table of ``explorer.json``.
    script
        Text of :func:`script`, safe inside a page.
    """

    table: Markup
    controls: list[tuple[str, str, str, int, int]]
    shown: dict[str, str]
    rows: list[dict[str, str]]
    units: dict[str, str]
    content: ExplorerTable
    script: Markup


def explorer(run: RunDirectory) -> Section | None:
    """Show the explorer; None for a run without a table to explore."""
    content = load_explorer(run)
    if content is None:
        return None
    start = content.start
    meaning = {"screening": f"In the unit in which one patient costs {content.patient:,.12g}."}
    controls = [
        (name, title, meaning.get(name, means), len(content.scales[name]), start[name])
        for name, (title, means) in TITLES.items()
        if content.scales[name]
    ]
    units = {
        "cost": "cost, in patients" if content.patient == 1.0 else "cost",
        "duration": f"duration, {content.unit}" if content.unit else "duration",
    }
    labels = _labels(content)
    table = htmlsafe_json_dumps(to_json(content) | {"labels": labels}, separators=(",", ":"))
    safe = Markup(script())  # noqa: S704  # our own script, with nothing from a file of the user
    shown, rows = shown_at(content, start), shown_rows(content, start)
    part = ExplorerPart(table, controls, shown, rows, units, content, safe)
    return Section("explorer", "Explorer", template="explorer.html.j2", content=part)


def script() -> str:
    """Read the script, as it stands between its tags."""
    return (Path(__file__).parents[1] / "templates" / "explorer.js").read_text(encoding="utf-8")


def script_policy() -> str:
    """Name the script in a content security policy, by its SHA-256: no other script may run."""
    digest = base64.b64encode(hashlib.sha256(script().encode()).digest()).decode()
    return f"script-src 'sha256-{digest}'"


def _labels(content: ExplorerTable) -> dict[str, list[str] | list[list[str]]]:
    """Text of every position of every scale; of prevalence one list per threshold."""
    return {**_plain_labels(content), "prevalence": _prevalence_labels(content)}


def _plain_labels(content: ExplorerTable) -> dict[str, list[str]]:
    scales = content.scales
    shares = {
        name: [f"{100 * value:.4g}%" for value in scales[name]]
        for name in ("threshold", "sensitivity", "specificity")
    }
    return shares | {
        "threshold": [
            f"highest {share}, {content.score} above {cut.threshold:.4g}"
            for share, cut in zip(shares["threshold"], content.cuts, strict=True)
        ],
        "screening": [f"{value:,.12g}" for value in scales["screening"]],
        "weight": [f"{value:g}" for value in scales["weight"]],
    }


def _prevalence_labels(content: ExplorerTable) -> list[list[str]]:
    odds = [str(Fraction(value).limit_denominator(9)) for value in content.scales["prevalence"]]
    return [
        [
            f"{value:.1%}, " + ("as in this cohort" if times == "1" else f"odds x {times}")
            for value, times in zip(row, odds, strict=True)
        ]
        for row in content.prevalence
    ]


def shown_at(content: ExplorerTable, place: Place) -> dict[str, str]:
    """Write every text of the page at one position; the script writes the same texts.

    Parameters
    ----------
    content
        The table.
    place
        Index on each scale.

    Returns
    -------
    dict
        Name of an element of the page -> its text.
    """
    k, cut = place["threshold"], content.cuts[place["threshold"]]
    labels = _plain_labels(content)
    texts = {name: labels[name][at] for name, at in place.items() if name != "prevalence"}
    texts["prevalence"] = _prevalence_labels(content)[k][place["prevalence"]]
    texts["inside"] = f"{cut.n:,} of {content.total:,} patients here ({cut.share:.1%})"
    texts["apparent"] = _span(cut.apparent)
    texts["outside"] = _span(cut.outside)
    texts["all_found"] = _span(content.found)
    texts["at_once"] = NONE if cut.at_once is None else "{:.3f} to {:.3f}".format(*cut.at_once)
    enriched, all_comers = _enriched(content, place, k), _all_comers(content, place)
    texts |= {f"enriched_{name}": text for name, text in enriched.items()}
    texts |= {f"all_{name}": text for name, text in all_comers.items()}
    utility = content.utility
    if utility is not None:
        weight, best = place["weight"], utility.best[place["weight"]]
        texts["enriched_utility"] = _span(utility.inside[k][weight])
        texts["all_utility"] = _span(utility.all_patients[weight])
        texts["best"] = (
            f"At weight {labels['weight'][weight]} it is largest at {labels['threshold'][best]}: "
            f"{_span(utility.inside[best][weight])}."
        )
    why = f" Enrichment: {cut.why}." if enriched["patients"] == NO_TRIAL else ""
    texts["status"] = (
        f"Enrichment, {texts['threshold']}: {_summary(enriched)}. All comers: {_summary(all_comers)}.{why}"
    )
    return texts


def shown_rows(content: ExplorerTable, place: Place) -> list[dict[str, str]]:
    """Write the trial of each threshold, with the other scales as they stand.

    Parameters
    ----------
    content
        The table.
    place
        Index on each scale.

    Returns
    -------
    list of dict
        One row per threshold: column -> text.
    """
    shares = [f"{100 * value:.4g}%" for value in content.scales["threshold"]]
    return [{"share": share, **_enriched(content, place, k)} for k, share in enumerate(shares)]


def _enriched(content: ExplorerTable, place: Place, k: int) -> dict[str, str]:
    at = [k, *(place[name] for name in ("prevalence", "sensitivity", "specificity"))]
    return _texts(content, content.enriched, at, place)


def _all_comers(content: ExplorerTable, place: Place) -> dict[str, str]:
    return _texts(content, content.all_comers, [place["threshold"], place["prevalence"]], place)


def _texts(content: ExplorerTable, trials: ExplorerTrials, at: list[int], place: Place) -> dict[str, str]:
    effect, size, costs = (_deep(part, at) for part in (trials.effect, trials.size, trials.cost))
    texts = {"effect": _span(effect)}
    if size is None or costs is None:
        return (
            texts | {"patients": NO_TRIAL} | dict.fromkeys(("events", "screened", "duration", "cost"), NONE)
        )
    digits = {"duration": content.digits["duration"]}
    sizes = {name: _number(value, digits.get(name, 0)) for name, value in zip(SIZES, size, strict=True)}
    return texts | sizes | {"cost": _number(costs[place["screening"]], content.digits["cost"])}


def _deep(nested: Nested | None, at: list[int]) -> Interval | None:
    for place in at:
        if nested is None:
            return None
        nested = nested[place]
    return nested


def _span(effect: Interval | None) -> str:
    return NONE if effect is None else "{:.3f} ({:.3f} to {:.3f})".format(*effect)


def _number(value: float | None, digits: int) -> str:
    return NONE if value is None else f"{value:,.{digits}f}"


def _summary(trial: Mapping[str, str]) -> str:
    if trial["patients"] == NO_TRIAL:
        return f"{NO_TRIAL}, effect {trial['effect']}"
    return f"{trial['patients']} patients, {trial['screened']} screened, cost {trial['cost']}, effect {trial['effect']}"
