"""The report's part on enrichment: whom to enrol, what may be expected in them, and the trial that follows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from stratomics.enrichment.store import load_enrichment
from stratomics.report.figures import COLOURS
from stratomics.report.section import Panel, Section
from stratomics.report.text.trial_plan import (
    DESIGN_NAMES,
    TRUTH_NAMES,
    dose_sentences,
    heterogeneity_sentences,
    plan_sentences,
    span,
    truth_sentences,
)
from stratomics.runs.run_directory import RunDirectory

__all__ = ["draw_effects", "draw_power", "enrichment"]

Content = Mapping[str, Any]

TICKS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
"""Of hazard ratios."""


def enrichment(run: RunDirectory) -> Section | None:
    """Show what was found; None of a run that ``stratomics enrich`` has not looked at."""
    answer = load_enrichment(run)
    if answer is None:
        return None
    return Section("enrichment", "Enrichment", template="enrichment.html.j2", content=_content(run, answer))


def _content(run: RunDirectory, answer: Content) -> dict[str, Any]:
    if "prognostic" in answer:
        return {"warnings": answer["warnings"], "prognostic": _prognostic(answer), "score": answer["score"]}
    plan = answer["plan"]
    return {
        "prognostic": None,
        "simulated": truth_sentences(answer),
        "standing": answer["standing"],
        "overlap": answer["overlap"]["sentence"] if "overlap" in answer else None,
        "weight": answer["weight"],
        "predictive": heterogeneity_sentences(run.metrics.get("interaction")),
        "who": _who(answer),
        "effect": _effect(answer),
        "measure": answer["measure_label"],
        "rows": [_row(row) for row in answer["rows"]],
        "effects": _effects(answer),
        "groups": _groups(answer["groups"]),
        "markers": [
            {
                "name": name,
                "rows": [_row(row) for row in found["rows"]],
                "said": found["evidence"]["sentence"],
            }
            for name, found in answer["markers"].items()
        ],
        "utility": [_utility(row) for row in answer.get("utility", [])],
        "doses": dose_sentences(answer["doses"]),
        "planned": plan["design"] is not None,
        "plan": plan_sentences(plan),
        "designs": [_design(row, plan) for row in plan.get("designs", [])],
        "truths": [TRUTH_NAMES[truth] for truth in _truths(plan)],
        "unit": run.provenance["unit"],
        "power": _power(plan) if plan["design"] else None,
        "assumptions": [
            (
                one["name"],
                f"{one['value']:.4g}" if isinstance(one["value"], float) else str(one["value"])[:60],
                one["source"],
            )
            for one in plan.get("assumptions", [])
        ],
        "trial": plan["design"],
        "trials": plan.get("trials"),
        "warnings": answer["warnings"],
    }


def _who(answer: Content) -> list[str]:
    rule, search = answer["subgroup"], answer["search"]
    share = f"{rule['prevalence']:.0%} of the patients"
    said = [f"{rule['score']} {rule['direction']} {rule['cut']:.4g}: {share}, {rule['chosen_by']}."]
    if search is not None:
        said.append(f"Of the choice of the cut: {search['verdict']}.")
    said.append(f"Of the order of patients as a whole: {answer['evidence']['sentence']}.")
    readable = answer["readable"]
    if readable and readable["sentences"]:
        said.append(
            f"A rule that a person can read and that agrees with {readable['agreement']:.0%} of it: "
            f"{' or '.join(readable['sentences'])}; effect {span(readable['effect_of_tree'])} in place of "
            f"{span(readable['effect'])}."
        )
    return said


def _effect(answer: Content) -> list[str]:
    row, search = answer["rows"][1 + answer["best"]], answer["search"]
    said = [f"As it looks on these patients: {span(row['inside'])}; outside {span(row['outside'])}."]
    if search is not None:
        said.append(
            f"Honest, without the optimism of choosing the cut (out of bag): {span(search['out_of_bag'])}; by "
            f"Harrell's correction {span(search['harrell'])}; with all cuts read at once "
            f"{search['at_once']['low']:.3f} to {search['at_once']['high']:.3f}."
        )
    return [*said, f"What it is of: {answer['estimand']}."]


def _row(row: Content) -> dict[str, str]:
    return {
        "cut": "all" if row["cut"] is None else f"{row['cut']:g}",
        "n": f"{row['n']:.0f} ({row['prevalence']:.0%})",
        "events": f"{row['events']:.0f}",
        "inside": span(row["inside"]),
        "outside": "" if row["outside"] is None else span(row["outside"]),
        "p": "" if row["p"] is None else f"{row['p']:.2g}",
        "rate": "" if row["control_rate"] is None else f"{row['control_rate']:.2f}",
        **{key: _sizes(row[key]) for key in ("events_needed", "patients_needed", "screened")},
    }


def _sizes(sizes: Content | None) -> str:
    return "none" if sizes is None else " / ".join(f"{size:.0f}" for size in sizes.values())


def _groups(groups: Content) -> list[str]:
    return [
        f"{name}: "
        + ", ".join(f"{group} {rate['eligible']:.0%} of {rate['n']:.0f}" for group, rate in rates.items())
        for name, rates in groups.items()
    ]


def _utility(row: Content) -> tuple[str, str]:
    weighed = (f"{found['estimate']:.3f} at {float(weight):g}" for weight, found in row["utility"].items())
    return f"{row['cut']:g}", ", ".join(weighed)


def _truths(plan: Content) -> list[str]:
    return list(dict.fromkeys(row["truth"] for row in plan.get("virtual", [])))


def _design(row: Content, plan: Content) -> dict[str, Any]:
    found = {virtual["truth"]: virtual for virtual in plan["virtual"] if virtual["plan"] == row["design"]}
    numbers = {key: row[key] for key in ("events", "patients", "tested", "duration", "cost")}
    return {
        "name": DESIGN_NAMES[row["design"]],
        "multiplicity": row["multiplicity"],
        **{key: "" if number is None else f"{number:.0f}" for key, number in numbers.items()},
        "rejected": [f"{found[truth]['rejected']:.3f}" for truth in _truths(plan)],
    }


def _prognostic(answer: Content) -> list[dict[str, str]]:
    return [
        {
            "share": f"{row['share']:.0%}",
            "n": f"{row['n']:.0f}",
            "rate": f"{row['rate']:.3f}",
            "patients": "" if row["patients"] is None else f"{row['patients']:.0f}",
            "screened": "" if row["screened"] is None else f"{row['screened']:.0f}",
        }
        for row in answer["prognostic"]
    ]


def _effects(answer: Content) -> Panel:
    sentence = (
        "Effects inside and outside each share of the highest predicted benefit, with 95% intervals, each for "
        "itself."
    )
    sides = [(row, side) for row in answer["rows"][1:] for side in ("inside", "outside")]
    table = pd.DataFrame(
        [(row["cut"], side, *(row[side][key] for key in ("estimate", "low", "high"))) for row, side in sides],
        columns=["cut", "side", answer["measure_label"], "low", "high"],
    )
    return Panel("effects", draw_effects(answer), sentence, table)


def _power(plan: Content) -> Panel:
    sentence = (
        "A power at the estimate alone is a promise that nobody keeps: half the effect, a late one and none at all "
        "stand beside it."
    )
    table = pd.DataFrame(
        [(DESIGN_NAMES[row["plan"]], TRUTH_NAMES[row["truth"]], row["rejected"]) for row in plan["virtual"]],
        columns=["design", "truth", "share of virtual trials that reject"],
    )
    return Panel("power", draw_power(plan), sentence, table)


def draw_effects(answer: Content) -> Figure:
    """Effects inside and outside each cut, with 95% intervals."""
    rows = answer["rows"][1:]
    figure = Figure(figsize=(7, 0.9 + 0.45 * len(rows)))
    axes = figure.add_subplot()
    for place, row in enumerate(rows):
        for side, shift, colour in (("inside", -0.12, COLOURS[0]), ("outside", 0.12, COLOURS[2])):
            effect, y = row[side], place + shift
            axes.plot([effect["low"], effect["high"]], [y, y], color=colour, linewidth=2)
            axes.plot(effect["estimate"], y, "o", color=colour, label=None if place else side)
    ratio = answer["measure"] == "hazard_ratio"
    axes.axvline(1.0 if ratio else 0.0, color="#999999", linewidth=1)
    if ratio:
        axes.set_xscale("log")
        low, high = axes.get_xlim()
        ticks = [tick for tick in TICKS if low <= tick <= high]
        # Labels by hand: those of a log axis are formulas, which the style takes literally.
        axes.minorticks_off()
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_yticks(range(len(rows)), [f"{row['cut']:g}" for row in rows])
    axes.invert_yaxis()
    axes.set_ylabel("cut")
    axes.set_xlabel(answer["measure_label"])
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def draw_power(plan: Content) -> Figure:
    """Share of virtual trials that reject, a design a row, a truth a colour."""
    truths, designs = _truths(plan), [row["design"] for row in plan["designs"]]
    rejected = {(row["plan"], row["truth"]): row["rejected"] for row in plan["virtual"]}
    figure = Figure(figsize=(7, 1.0 + 0.6 * len(designs)))
    axes = figure.add_subplot()
    for number, truth in enumerate(truths):
        shift = (number - (len(truths) - 1) / 2.0) * 0.15
        shares = [rejected[design, truth] for design in designs]
        axes.plot(
            shares, np.arange(len(designs)) + shift, "o", color=COLOURS[number], label=TRUTH_NAMES[truth]
        )
    axes.set_xlim(0, 1)
    axes.set_yticks(range(len(designs)), [DESIGN_NAMES[design] for design in designs])
    axes.set_ylim(len(designs) - 0.5, -0.5)
    axes.set_xlabel("share of virtual trials that reject")
    axes.grid(axis="x", color="#dddddd")
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure
