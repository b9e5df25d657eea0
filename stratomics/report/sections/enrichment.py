"""The report's section on enrichment: the patients to enrol, the effect to expect, and the trial that follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from models.survival.time_unit import survival_unit
from stratomics.enrichment.compared_arms import compared_arms
from stratomics.enrichment.design.trial_design import TrialDesign
from stratomics.enrichment.plan.planned_trials import PlannedTrials
from stratomics.enrichment.result import AnyEnrichment, EnrichmentResult, PrognosticResult, RunFindings
from stratomics.enrichment.selection.subgroup import SelectionRate, Subgroup
from stratomics.enrichment.selection.surrogate_tree import SurrogateTree
from stratomics.enrichment.store import load_enrichment
from stratomics.report.section import Panel, Section, Table
from stratomics.report.sections.enrichment_figures import effects_panel, power_panel
from stratomics.report.sections.enrichment_tables import (
    assumptions_table,
    designs_table,
    effects_table,
    prognostic_table,
    sizes_table,
    toxicity_table,
)
from stratomics.report.sections.expected_events import expected_panel
from stratomics.report.sections.secondary_effects import drawn_effects, secondary_table
from stratomics.report.text.arms import arm_names, compared_names, named_comparison
from stratomics.report.text.assumptions import plan_unit
from stratomics.report.text.effects import effect_text, primary_effects
from stratomics.report.text.metric_guide import TARGETING_GUIDE
from stratomics.report.text.numbers import with_p_values
from stratomics.report.text.protocol import (
    population_words,
    power_sentence,
    protocol_paragraph,
    rpact_call,
    simulation_sentence,
)
from stratomics.report.text.rule_levels import named_levels
from stratomics.report.text.rule_meaning import approximates, rule_sentences, rule_threshold, rule_words
from stratomics.report.text.trial_plan import (
    dose_sentences,
    group_sentences,
    heterogeneity_sentence,
    plan_sentences,
    signature_sentence,
    truth_sentences,
)
from stratomics.runs.run_directory import RunDirectory

__all__ = ["EnrichmentPart", "enrichment"]


@dataclass(frozen=True)
class MarkerPart:
    """One covariate beside the score: its threshold table and the evidence."""

    effects: Table
    sentence: str


@dataclass(frozen=True)
class PlanPart:
    """The trial that follows, as the template shows it.

    Attributes
    ----------
    trial
        The design of ``design.json``.
    treatment, endpoint
        Comparison of the arms by their names, and the endpoint.
    population
        Whom the trial enrols, in words.
    assumptions, designs
        Tables.
    expected
        Events over time and boundaries; None for a response or an adaptive design.
    power
        The figure of virtual trials.
    power_words, simulated
        Power by scenario, and why it differs from the one of the formula.
    protocol
        A paragraph for a protocol.
    check
        A call of the R package rpact that computes the same number of events; empty where there is none.
    """

    trial: TrialDesign
    treatment: str
    population: str
    assumptions: Table
    designs: Table
    expected: Panel | None
    power: Panel
    power_words: str
    simulated: str
    protocol: str
    check: str


@dataclass(frozen=True)
class PrognosticPart:
    """Prognostic enrichment of one arm, as the template shows it."""

    rows: Table
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
    selection, order, groups, effect, doses, plan_sentences, warnings
        Sentences on the rule, the order of the patients, the groups the rule selects from, the effect, the doses, the
        plan, and the limits of all.
    secondary
        Other estimates of the effect, and why they differ; None with one cut.
    measure, rows, sizes, effects, markers
        Measure of effect, the threshold table, sizes of trials, the figure, and covariates beside the score.
    toxicity
        Benefit against toxicity; None if toxicity is unknown.
    plan
        None if no trial can be planned.
    prognostic
        Which of the two parts this is.
    """

    simulated: list[str]
    allocation: str
    evidence: str
    predictive: str
    selection: list[str]
    order: list[str]
    groups: list[str]
    effect: list[str]
    secondary: Table | None
    measure: str
    rows: Table
    sizes: Table
    effects: Panel
    markers: list[MarkerPart]
    toxicity: Table | None
    doses: list[str]
    plan: PlanPart | None
    plan_sentences: list[str]
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
        return PrognosticPart(prognostic_table(result), result.warnings)
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
        selection=_selection(run, result),
        order=_order(run, result, findings),
        groups=group_sentences(_named_arms(run, findings.groups)),
        effect=_effect(run, result),
        secondary=secondary_table(result, drawn_effects(run, result)),
        measure=result.measure_label,
        rows=effects_table(
            result, "cuts", f"Each share of the highest predicted benefit: {result.measure_label}"
        ),
        sizes=sizes_table(result, "sizes"),
        effects=effects_panel(result),
        markers=[
            MarkerPart(
                effects_table(
                    marker, f"cuts-{name}", f"Beside it, raw values of {name}: {marker.measure_label}"
                ),
                with_p_values(marker.evidence.sentence),
            )
            for name, marker in findings.markers.items()
        ],
        toxicity=toxicity_table(result, _outcome(run, result)),
        doses=dose_sentences(findings.doses),
        plan=None
        if findings.plan.design is None
        else _plan(run, findings.plan, findings.plan.design, result.subgroup),
        plan_sentences=plan_sentences(findings.plan),
        warnings=result.warnings,
    )


def _plan(run: RunDirectory, plan: PlannedTrials, design: TrialDesign, rule: Subgroup) -> PlanPart:
    unit, treatment = str(run.provenance["unit"] or ""), named_comparison(run, design.estimand.treatment)
    shown, words = plan_unit(design, unit), rule_words(rule, unit)
    return PlanPart(
        trial=design,
        treatment=treatment,
        population=population_words(design.estimand.population, words),
        assumptions=assumptions_table(plan.assumptions, shown),
        designs=designs_table(plan, unit),
        expected=None if plan.expected is None else expected_panel(plan.expected, design, shown),
        power=power_panel(plan),
        power_words=power_sentence(plan),
        simulated=simulation_sentence(plan),
        protocol=protocol_paragraph(design, treatment, shown, words),
        check=rpact_call(design),
    )


def _outcome(run: RunDirectory, result: EnrichmentResult) -> str:
    """Name the outcome that the table of toxicity compares."""
    horizon = result.benefit.horizon
    return (
        "the response rate" if horizon is None else f"survival at {survival_unit(run.survival).text(horizon)}"
    )


def _named_arms(
    run: RunDirectory, groups: Mapping[str, Mapping[str, SelectionRate]]
) -> dict[str, Mapping[str, SelectionRate]]:
    """Give the arms among groups their names."""
    names = arm_names(run)
    return {
        by: {names.get(level, level): rate for level, rate in rates.items()} if by == "arm" else rates
        for by, rates in groups.items()
    }


def _selection(run: RunDirectory, result: EnrichmentResult) -> list[str]:
    rule, search = result.subgroup, result.search
    share = "" if rule.prevalence is None else f"{rule.prevalence:.0%} of the patients, "
    threshold = rule_threshold(rule, str(run.provenance["unit"] or ""))
    sentences = [f"{threshold}: {share}{with_p_values(rule.chosen_by)}.", *_meaning(run, result)]
    if search is not None:
        sentences.append(f"Choice of the cut: {with_p_values(search.verdict)}.")
    return sentences


def _order(run: RunDirectory, result: EnrichmentResult, findings: RunFindings) -> list[str]:
    """State how the score orders the patients, and whether a simpler rule does the same."""
    order = with_p_values(result.evidence.sentence)
    sentences = [f"Order of patients as a whole: {order}. {TARGETING_GUIDE}"]
    if (signature := signature_sentence(result)) is not None:
        sentences.append(f"{signature[0].upper()}{signature[1:]}.")
    return [*sentences, *_surrogate(run, findings.surrogate_tree)]


def _meaning(run: RunDirectory, result: EnrichmentResult) -> list[str]:
    """State whom the rule enrols; nothing for a run whose predictions hold no benefit."""
    table, unit = run.predictions["stratomics"].patients, str(run.provenance["unit"] or "")
    if result.subgroup.score not in table:
        return []
    predicted = table.groupby("sample_id")[result.subgroup.score].mean().to_numpy(dtype=np.float64)
    return rule_sentences(result.subgroup, predicted, unit)


def _surrogate(run: RunDirectory, tree: SurrogateTree | None) -> list[str]:
    """Describe the surrogate tree, unless it agrees with the rule hardly more than chance does."""
    if tree is None or not tree.sentences:
        return []
    if not approximates(tree):
        why = f"a tree agrees for {tree.agreement:.0%} of the patients, little more than by chance, and is not shown"
        return [f"No simple rule on covariates approximates it: {why}."]
    words = " or ".join(named_levels(sentence, run.patients) for sentence in tree.sentences)
    effects = f"effect {effect_text(tree.effect_of_tree)} instead of {effect_text(tree.effect)}"
    return [
        f"A surrogate tree that agrees with the rule for {tree.agreement:.0%} of the patients: {words}; {effects}."
    ]


def _effect(run: RunDirectory, result: EnrichmentResult) -> list[str]:
    arms = compared_arms(run, result)
    names = ("control", "treated") if arms is None else compared_names(run, arms)
    sentences = [primary_effects(result).sentence(names)]
    return (
        sentences if result.checks is None else [*sentences, f"What it estimates: {result.checks.estimand}."]
    )
