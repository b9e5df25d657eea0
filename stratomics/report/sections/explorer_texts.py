"""Every text of the explorer at each position of its controls; the script writes the same."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from stratomics.enrichment.effects.trial import ARMS
from stratomics.enrichment.plan.explorer_table import ExplorerTable, ExplorerTrials, Interval, Nested
from stratomics.report.sections.explorer_picture import SIDES

__all__ = [
    "NO_TRIAL",
    "SIZES",
    "Place",
    "all_labels",
    "found_digits",
    "planned_digits",
    "shown_at",
    "shown_rows",
]

Place = Mapping[str, int]
"""Scale -> index of its value."""

NONE, NO_TRIAL, NOT_COMPARED = "-", "no trial", "not a compared threshold"
"""Text of a number that is not known, of the number of patients where no trial is possible, and of the interval for all
thresholds at once at one that was not compared."""
MINUS = "\N{MINUS SIGN}"
RATIO, DIFFERENCE = 2, 3
"""Decimals of a ratio and of a difference."""
SIZES = ("events", "patients", "screened", "duration")


def all_labels(content: ExplorerTable) -> dict[str, list[str] | list[list[str]]]:
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
            f"highest {share}, {content.score} above {_threshold(content, cut.threshold)}"
            for share, cut in zip(shares["threshold"], content.cuts, strict=True)
        ],
        "screening": [f"{value:,.12g}" for value in scales["screening"]],
        "weight": [f"{value:g}" for value in scales["weight"]],
    }


def _threshold(content: ExplorerTable, value: float) -> str:
    return f"{value:.4g} {content.score_unit}".replace("-", MINUS).strip()


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
    texts["others"] = f"{content.total - cut.n:,} of {content.total:,} patients here"
    found, planned = found_digits(content), planned_digits(content)
    texts["planned"] = _span(cut.planned, planned)
    texts["apparent"] = _span(cut.apparent, found)
    texts["outside"] = _span(cut.outside, found)
    texts["all_found"] = _span(content.found, found)
    texts["at_once"] = NOT_COMPARED
    if cut.at_once is not None:
        texts["at_once"] = " to ".join(_decimals(end, found) for end in cut.at_once)
    enriched, all_comers = _enriched(content, place, k), _all_comers(content, place)
    texts |= {f"enriched_{name}": text for name, text in enriched.items()}
    texts |= {f"all_{name}": text for name, text in all_comers.items()}
    texts |= _marks(content, enriched) | _at_risk(content, k)
    utility = content.utility
    if utility is not None:
        weight, best = place["weight"], utility.best[place["weight"]]
        texts["enriched_utility"] = _span(utility.inside[k][weight], DIFFERENCE)
        texts["all_utility"] = _span(utility.all_patients[weight], DIFFERENCE)
        texts["best"] = (
            f"At weight {labels['weight'][weight]} it is largest at {labels['threshold'][best]}: "
            f"{_span(utility.inside[best][weight], DIFFERENCE)}."
        )
    why = f" Enrichment: {cut.why}." if enriched["patients"] == NO_TRIAL else ""
    texts["status"] = (
        f"Enrichment, {texts['threshold']}: {_summary(enriched, content.planned)}. "
        f"All comers: {_summary(all_comers, content.planned)}.{why}"
    )
    return texts


def _marks(content: ExplorerTable, enriched: Mapping[str, str]) -> dict[str, str]:
    """Texts beside the marks of the drawing."""
    need = enriched["events" if content.survives else "patients"] or NO_TRIAL
    return {"power_mark": enriched["power"], "need_mark": need}


def _at_risk(content: ExplorerTable, k: int) -> dict[str, str]:
    """Numbers at risk below the curves."""
    if content.curves is None or not content.curves.at_risk:
        return {}
    return {
        f"risk_{side}_{arm}_{tick}": f"{number:,}"
        for side, arms in zip(SIDES, content.curves.at_risk[k], strict=True)
        for arm, numbers in zip(ARMS, arms, strict=True)
        for tick, number in enumerate(numbers)
    }


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
    effect, size, costs, power = (
        _deep(part, at) for part in (trials.effect, trials.size, trials.cost, trials.power)
    )
    texts = {
        "effect": _span(effect, planned_digits(content)),
        "power": NO_TRIAL if power is None else f"{100 * power:.0f}%",
    }
    if size is None or costs is None:
        # One cell says that there is no trial; the others are empty.
        return texts | {"patients": NO_TRIAL} | dict.fromkeys(("events", "screened", "duration", "cost"), "")
    digits = {"duration": content.digits["duration"]}
    sizes = {name: _number(value, digits.get(name, 0)) for name, value in zip(SIZES, size, strict=True)}
    return texts | sizes | {"cost": _number(costs[place["screening"]], content.digits["cost"])}


def _deep(nested: Nested | None, at: list[int]) -> Any:
    for place in at:
        if nested is None:
            return None
        nested = nested[place]
    return nested


def planned_digits(content: ExplorerTable) -> int:
    """Decimals of the effects that trials are sized by."""
    return RATIO if content.ratio else DIFFERENCE


def found_digits(content: ExplorerTable) -> int:
    """Decimals of the effects of the threshold table, which may be another measure."""
    return planned_digits(content) if content.measure == content.planned else DIFFERENCE


def _decimals(value: float, digits: int) -> str:
    """Write a number with a minus sign; the script does the same."""
    return f"{value:.{digits}f}".replace("-", MINUS)


def _span(effect: Interval | None, digits: int) -> str:
    if effect is None:
        return NONE
    estimate, low, high = (_decimals(value, digits) for value in effect)
    return f"{estimate} ({low} to {high})"


def _number(value: float | None, digits: int) -> str:
    return NONE if value is None else f"{value:,.{digits}f}"


def _summary(trial: Mapping[str, str], measure: str) -> str:
    effect = f"{measure} {trial['effect']}"
    if trial["patients"] == NO_TRIAL:
        return f"{NO_TRIAL}, {effect}"
    return f"{trial['patients']} patients, {trial['screened']} screened, {effect}"
