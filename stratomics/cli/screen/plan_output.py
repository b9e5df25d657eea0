"""Print the trial that follows: designs side by side, and virtual trials of each."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from stratomics.enrichment.plan.planned_trials import PlannedTrials
from stratomics.enrichment.result import EnrichmentResult, RunFindings
from stratomics.report.text.trial_plan import (
    DESIGN_NAMES,
    TRUTH_NAMES,
    dose_sentences,
    heterogeneity_sentence,
    plan_sentences,
    truth_sentences,
)

__all__ = ["show_plan"]


def show_plan(console: Console, result: EnrichmentResult, findings: RunFindings) -> None:
    """Print the plan of a run, its doses, and the truth of a simulated cohort.

    Parameters
    ----------
    console
        Where to print.
    result, findings
        Enrichment of the run, and its findings beside the threshold table.
    """
    plan = findings.plan
    if plan.design is not None:
        console.print(_designs(plan, plan.design.power))
    sentences = [
        findings.evidence_grade,
        heterogeneity_sentence(findings.interaction),
        *plan_sentences(plan),
        *dose_sentences(findings.doses),
        *truth_sentences(result),
    ]
    for sentence in sentences:
        console.print(f"- {sentence}", highlight=False, markup=False)


def _designs(plan: PlannedTrials, power: float) -> Table:
    table = Table(
        title=f"Designs for power {power:g}; rejected in {plan.trials} virtual trials if ...",
        title_justify="left",
    )
    scenarios = [TRUTH_NAMES[truth] for truth in plan.scenarios]
    for name in ("design", "events", "patients", "tested", "duration", *scenarios):
        table.add_column(name, justify="left" if name == "design" else "right")
    rejected = {(row.plan, row.truth): f"{row.rejected:.3f}" for row in plan.virtual}
    for row in plan.designs:
        numbers = (row.events, row.patients, row.tested, row.duration)
        cells = ("" if number is None else f"{number:.0f}" for number in numbers)
        shares = (rejected[row.design, truth] for truth in plan.scenarios)
        table.add_row(DESIGN_NAMES[row.design], *cells, *shares)
    return table
