"""What a person sees of the trial that follows: designs side by side, and virtual trials of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from stratomics.report.text.trial_plan import (
    DESIGN_NAMES,
    TRUTH_NAMES,
    dose_sentences,
    heterogeneity_sentences,
    plan_sentences,
    truth_sentences,
)

__all__ = ["show_plan"]

Content = Mapping[str, Any]


def show_plan(console: Console, answer: Content) -> None:
    """Print the plan of an answer, the doses, and of a simulated cohort the truth."""
    plan = answer["plan"]
    if plan["design"] is not None:
        console.print(_designs(plan))
    said = [
        answer["weight"],
        heterogeneity_sentences(answer["interaction"]),
        *plan_sentences(plan),
        *dose_sentences(answer["doses"]),
        *truth_sentences(answer),
    ]
    for sentence in said:
        console.print(f"- {sentence}", highlight=False, markup=False)


def _designs(plan: Content) -> Table:
    table = Table(
        title=f"Designs for power {plan['design']['power']:g}; rejected in {plan['trials']} virtual trials if ...",
        title_justify="left",
    )
    truths = list(dict.fromkeys(row["truth"] for row in plan["virtual"]))
    for name in (
        "design",
        "events",
        "patients",
        "tested",
        "duration",
        *(TRUTH_NAMES[truth] for truth in truths),
    ):
        table.add_column(name, justify="left" if name == "design" else "right")
    rejected = {(row["plan"], row["truth"]): f"{row['rejected']:.3f}" for row in plan["virtual"]}
    for row in plan["designs"]:
        numbers = (row["events"], row["patients"], row["tested"], row["duration"])
        cells = ("" if number is None else f"{number:.0f}" for number in numbers)
        found = (rejected[row["design"], truth] for truth in truths)
        table.add_row(DESIGN_NAMES[row["design"]], *cells, *found)
    return table
