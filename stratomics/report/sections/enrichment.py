"""The report's section on enrichment: the patients to enrol, the effect to expect, and the trial that follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from stratomics.enrichment.design.trial_design import Assumption, TrialDesign
from stratomics.enrichment.plan.planned_trials import DesignRow, PlannedTrials
from stratomics.enrichment.result import AnyEnrichment, EnrichmentResult, PrognosticResult, RunFindings
from stratomics.enrichment.selection.threshold_table import ThresholdRow
from stratomics.enrichment.store import load_enrichment
from stratomics.report.section import Panel, Section
from stratomics.report.sections.enrichment_figures import effects_panel, power_panel
from stratomics.report.text.trial_plan import (
    DESIGN_NAMES,
    TRUTH_NAMES,
    dose_sentences,
    group_sentences,
    heterogeneity_sentence,
    plan_sentences,
    signature_sentence,
    span,
    truth_sentences,
    utility_sentence,
)
from stratomics.runs.run_directory import RunDirectory

__all__ = ["EnrichmentPart", "enrichment"]

Row = dict[str, str]
"""Cells of a table, by column."""


@dataclass(frozen=True)
class MarkerPart:
    """One covariate beside the score: its name, rows of its threshold table, and the evidence."""

    name: str
    rows: list[Row]
    sentence: str


@dataclass(frozen=True)
class DesignPart:
    """One design: its sizes as text, and the share of virtual trials that reject, by scenario."""

    name: str
    cells: Row
    rejected: list[str]


@dataclass(frozen=True)
class PlanPart:
    """The trial that follows, as the template shows it.

    Attributes
    ----------
    trial
        The design of ``design.json``.
    trials
        Virtual trials of each design.
    designs, scenarios
        Rows and last columns of the table of designs.
    power
        The figure of virtual trials.
    assumptions
        Name, value and source of each.
    """

    trial: TrialDesign
    trials: int
    designs: list[DesignPart]
    scenarios: list[str]
    power: Panel
    assumptions: list[tuple[str, str, str]]


@dataclass(frozen=True)
class PrognosticPart:
    """Prognostic enrichment of one arm, as the template shows it."""

    score: str
    rows: list[Row]
    warnings: tuple[str, ...]
    prognostic: bool = True


@dataclass(frozen=True)
class EnrichmentPart:
    """Enrichment of a run, as the template shows it.

    Attributes
    ----------
    simulated
        Sentences on the truth of a simulated cohort.
    allocation, evidence, predictive
        How differences between arms may be interpreted, the grade of the evidence, and whether the score is predictive.
    selection, groups, effect, doses, plan_sentences, warnings
        Sentences on the rule, the groups it selects from, the effect, the doses, the plan, and the limits of all.
    measure, rows, effects, markers
        Measure of effect, the threshold table, its figure, and covariates beside the score.
    utility
        Cut, and benefit minus weight times toxicity.
    plan
        None if no trial can be planned.
    unit
        Unit of time.
    prognostic
        Which of the two parts this is.
    """

    simulated: list[str]
    allocation: str
    evidence: str
    predictive: str
    selection: list[str]
    groups: list[str]
    effect: list[str]
    measure: str
    rows: list[Row]
    effects: Panel
    markers: list[MarkerPart]
    utility: list[tuple[str, str]]
    doses: list[str]
    plan: PlanPart | None
    plan_sentences: list[str]
    unit: str
    warnings: tuple[str, ...]
    prognostic: bool = False


def enrichment(run: RunDirectory) -> Section | None:
    """Show what was found; None for a run that ``stratomics enrich`` has not analysed."""
    result = load_enrichment(run)
    if result is None:
        return None
    return Section("enrichment", "Enrichment", template="enrichment.html.j2", content=_content(run, result))


def _content(run: RunDirectory, result: AnyEnrichment) -> EnrichmentPart | PrognosticPart:
    if isinstance(result, PrognosticResult):
        return PrognosticPart(result.score, _prognostic_rows(result), result.warnings)
    findings = result.run
    assert findings is not None, "the enrichment of a run has the findings of a run"
    allocation = f"{result.interpretation}."
    if result.overlap is not None:
        allocation += f" {result.overlap.sentence}."
    return EnrichmentPart(
        simulated=truth_sentences(result),
        allocation=allocation,
        evidence=findings.evidence_grade,
        predictive=heterogeneity_sentence(findings.interaction),
        selection=_selection(result, findings),
        groups=group_sentences(findings.groups),
        effect=_effect(result),
        measure=result.measure_label,
        rows=[_row(row) for row in result.rows],
        effects=effects_panel(result),
        markers=[
            MarkerPart(name, [_row(row) for row in marker.rows], marker.evidence.sentence)
            for name, marker in findings.markers.items()
        ],
        utility=[(f"{row.cut:g}", utility_sentence(row)) for row in result.utility or ()],
        doses=dose_sentences(findings.doses),
        plan=None if findings.plan.design is None else _plan(findings.plan, findings.plan.design),
        plan_sentences=plan_sentences(findings.plan),
        unit=run.provenance["unit"],
        warnings=result.warnings,
    )


def _plan(plan: PlannedTrials, design: TrialDesign) -> PlanPart:
    return PlanPart(
        trial=design,
        trials=plan.trials,
        designs=[_design(row, plan) for row in plan.designs],
        scenarios=[TRUTH_NAMES[truth] for truth in plan.scenarios],
        power=power_panel(plan),
        assumptions=[(one.name, _assumed(one), one.source) for one in plan.assumptions],
    )


def _assumed(assumption: Assumption) -> str:
    value = assumption.value
    return f"{value:.4g}" if isinstance(value, float) else str(value)[:60]


def _selection(result: EnrichmentResult, findings: RunFindings) -> list[str]:
    rule, search, tree = result.subgroup, result.search, findings.surrogate_tree
    share = "" if rule.prevalence is None else f"{rule.prevalence:.0%} of the patients, "
    sentences = [f"{rule.rule}: {share}{rule.chosen_by}."]
    if search is not None:
        sentences.append(f"Choice of the cut: {search.verdict}.")
    sentences.append(f"Order of patients as a whole: {result.evidence.sentence}.")
    if (signature := signature_sentence(result)) is not None:
        sentences.append(f"{signature[0].upper()}{signature[1:]}.")
    if tree is not None and tree.sentences:
        sentences.append(
            f"A surrogate tree that agrees with the rule for {tree.agreement:.0%} of the patients: "
            f"{' or '.join(tree.sentences)}; effect {span(tree.effect_of_tree)} instead of {span(tree.effect)}."
        )
    return sentences


def _effect(result: EnrichmentResult) -> list[str]:
    row, search = result.chosen, result.search
    sentences = [f"Uncorrected, in these patients: {span(row.inside)}; outside {span(row.outside)}."]
    if search is not None:
        sentences.append(
            f"Corrected for the choice of the cut (out of bag): {span(search.out_of_bag)}; by Harrell's correction "
            f"{span(search.harrell)}; for all cuts at once {search.at_once.low:.3f} to {search.at_once.high:.3f}."
        )
    return (
        sentences if result.checks is None else [*sentences, f"What it estimates: {result.checks.estimand}."]
    )


def _row(row: ThresholdRow) -> Row:
    return {
        "cut": "all" if row.cut is None else f"{row.cut:g}",
        "n": f"{row.n:.0f} ({row.prevalence:.0%})",
        "events": f"{row.events:.0f}",
        "inside": span(row.inside),
        "outside": "" if row.outside is None else span(row.outside),
        "p": "" if row.p is None else f"{row.p:.2g}",
        "rate": "" if row.control_rate is None else f"{row.control_rate:.2f}",
        "events_needed": _sizes(row.events_needed),
        "patients_needed": _sizes(row.patients_needed),
        "screened": _sizes(row.screened),
    }


def _sizes(sizes: Mapping[float, float] | None) -> str:
    return "none" if sizes is None else " / ".join(f"{size:.0f}" for size in sizes.values())


def _design(row: DesignRow, plan: PlannedTrials) -> DesignPart:
    virtual = {one.truth: one for one in plan.virtual if one.plan == row.design}
    numbers = {
        "events": row.events,
        "patients": row.patients,
        "tested": row.tested,
        "duration": row.duration,
        "cost": row.cost,
    }
    return DesignPart(
        name=DESIGN_NAMES[row.design],
        cells={key: "" if number is None else f"{number:.0f}" for key, number in numbers.items()},
        rejected=[f"{virtual[truth].rejected:.3f}" for truth in plan.scenarios],
    )


def _prognostic_rows(result: PrognosticResult) -> list[Row]:
    return [
        {
            "share": f"{row.share:.0%}",
            "n": f"{row.n:.0f}",
            "rate": f"{row.rate:.3f}",
            "patients": "" if row.patients is None else f"{row.patients:.0f}",
            "screened": "" if row.screened is None else f"{row.screened:.0f}",
        }
        for row in result.prognostic
    ]
