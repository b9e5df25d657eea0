"""What a person sees of an enrichment: the threshold table, the price of its best cut, and plain sentences."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from stratomics.cli.plan_output import show_plan

__all__ = ["show"]

Content = Mapping[str, Any]

SIZES = {
    "events_needed": "events 80/90%",
    "patients_needed": "patients 80/90%",
    "screened": "screened 80/90%",
    "cost": "cost 80/90%",
}


def show(answer: Content) -> None:
    """Print an answer of :func:`stratomics.enrichment.analysis.enrich`, or a prognostic table."""
    console = Console(width=None if sys.stdout.isatty() else 170)
    if "prognostic" in answer:
        console.print(_prognostic(answer))
    else:
        console.print(_thresholds(answer))
        for sentence in _sentences(answer):
            console.print(f"- {sentence}", highlight=False, markup=False)
        for name, beside in answer.get("markers", {}).items():
            console.print(_thresholds(beside, f"beside it, {name}: "))
            console.print(f"- {beside['evidence']['sentence']}", highlight=False, markup=False)
        if "plan" in answer:
            show_plan(console, answer)
    for sentence in answer["warnings"]:
        console.print(f"- {sentence}", style="bold", highlight=False, markup=False)


def _thresholds(answer: Content, beside: str = "") -> Table:
    who = f"{beside}{answer['patients']} patients, {answer['treated']} treated, {answer['events']} events"
    title = f"{who}: {answer['measure_label']}"
    table = Table(title=title, title_justify="left")
    names = ("cut", "share", "n", "events", "inside (95%)", "outside (95%)", "p", "control rate")
    sizes = {key: title for key, title in SIZES.items() if any(row[key] for row in answer["rows"])}
    for name in (*names, *sizes.values()):
        table.add_column(name, justify="right")
    for row in answer["rows"]:
        cells = [
            "all" if row["cut"] is None else f"{row['cut']:g}",
            f"{row['prevalence']:.1%}",
            f"{row['n']:.0f}",
            f"{row['events']:.0f}",
            _effect(row["inside"]),
            _effect(row["outside"]),
            "" if row["p"] is None else f"{row['p']:.2g}",
            "" if row["control_rate"] is None else f"{row['control_rate']:.3f}",
        ]
        table.add_row(*cells, *(_powers(row[key]) for key in sizes))
    return table


def _effect(effect: Content | None) -> str:
    return "" if effect is None else f"{effect['estimate']:.3f} ({effect['low']:.3f} to {effect['high']:.3f})"


def _powers(sizes: Mapping[float, float] | None) -> str:
    return "-" if sizes is None else "/".join(f"{size:.0f}" for size in sizes.values())


def _sentences(answer: Content) -> list[str]:
    said = [answer["standing"]]
    if answer["search"] is not None:
        said += _searched(answer["search"])
    benefit = answer["benefit"]
    until = "" if benefit["horizon"] is None else f" up to {benefit['horizon']:g}"
    said.append(
        f"mean benefit{until}, doubly robust: {_effect(benefit['average'])}; effective patients "
        f"{benefit['effective_control']:.0f} controls, {benefit['effective_treated']:.0f} treated, "
        f"{benefit['truncated']:.1%} of weights cut off"
    )
    said.append(answer["evidence"]["sentence"])
    if "overlap" in answer:
        said.append(answer["overlap"]["sentence"])
    if "estimand" in answer:
        said += _learned(answer)
    for row in answer.get("utility", []):
        weighed = ", ".join(
            f"{utility['estimate']:.3f} at {weight:g}" for weight, utility in row["utility"].items()
        )
        said.append(f"cut {row['cut']:g}: efficacy minus weight x toxicity {weighed}")
    return said


def _learned(answer: Content) -> list[str]:
    said = [f"what the effects are of: {answer['estimand']}"]
    slope = (
        f"slope of observed on predicted benefit {_effect(answer['line']['slope'])}, where 1 is calibrated"
    )
    said.append(f"{slope}; C-for-benefit {answer['c_for_benefit']:.3f}, on which nothing is selected")
    for name, rates in answer.get("groups", {}).items():
        parts = (f"{group} {rate['eligible']:.0%} of {rate['n']}" for group, rate in rates.items())
        said.append(f"chosen by {name}: {', '.join(parts)}")
    if readable := answer.get("readable"):
        rule = " or ".join(f"({sentence})" for sentence in readable["sentences"]) or "nobody"
        said.append(
            f"nearest readable rule: {rule}, of which {readable['agreement']:.0%} agree with the score"
        )
        said.append(
            f"effect by the score {_effect(readable['effect'])}, by the tree {_effect(readable['effect_of_tree'])}"
        )
    return said


def _searched(search: Content) -> list[str]:
    alone = f"z {search['z']:.2f}, p {search['p']:.2g} as if it had been the only one"
    permuted = (
        f"{search['draws']} permutations, of which {search['false_positives']:.0%} had some cut below .05"
    )
    chosen = (
        f"cut chosen: {search['cut']:g}, by the strongest interaction of {len(search['chosen'])} ({alone})"
    )
    looks = f"effect inside: {_effect(search['apparent'])} as it looks"
    at_once = (
        f"({search['at_once']['low']:.3f} to {search['at_once']['high']:.3f}) with all cuts read at once"
    )
    corrected = f"{_effect(search['out_of_bag'])} without the optimism of choosing (out of bag)"
    return [
        search["verdict"],
        f"{chosen}; {search['p_adjusted']:.2g} once the search is repeated in {permuted}",
        f"{looks}, {at_once}; {corrected}, {_effect(search['harrell'])} by Harrell's correction",
    ]


def _prognostic(answer: Content) -> Table:
    table = Table(
        title=f"Highest {answer['score']} first; patients for 80% power at a hazard ratio of .7, assumed"
    )
    for name in ("share", "n", "rate", "patients", "screened"):
        table.add_column(name, justify="right")
    for row in answer["prognostic"]:
        sizes = ("" if row[key] is None else f"{row[key]:.0f}" for key in ("patients", "screened"))
        table.add_row(f"{row['share']:.0%}", f"{row['n']:.0f}", f"{row['rate']:.3f}", *sizes)
    return table
