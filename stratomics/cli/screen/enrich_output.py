"""Print an enrichment: the threshold table, the corrected effect of its best cut, and plain sentences."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from stratomics.cli.screen.plan_output import show_plan
from stratomics.enrichment.effects.effect import Effect
from stratomics.enrichment.result import (
    AnyEnrichment,
    BenefitChecks,
    EnrichmentResult,
    PrognosticResult,
    RunFindings,
)
from stratomics.enrichment.selection.cut_search import CutSearch
from stratomics.enrichment.selection.threshold_table import ThresholdRow
from stratomics.report.text.rule_meaning import approximates
from stratomics.report.text.trial_plan import group_sentences, signature_sentence, utility_sentence

__all__ = ["show"]

SIZES = {
    "events_needed": "events",
    "patients_needed": "patients",
    "screened": "screened",
    "cost": "cost",
}


def show(result: AnyEnrichment) -> None:
    """Print the enrichment of a table or of a run."""
    console = Console(width=None if sys.stdout.isatty() else 100)
    if isinstance(result, PrognosticResult):
        console.print(_prognostic(result))
    else:
        _show_enrichment(console, result)
    for warning in result.warnings:
        console.print(f"- {warning}", style="bold", highlight=False, markup=False)


def _show_enrichment(console: Console, result: EnrichmentResult) -> None:
    _show_thresholds(console, result)
    for sentence in _sentences(result):
        console.print(f"- {sentence}", highlight=False, markup=False)
    if result.run is None:
        return
    for name, marker in result.run.markers.items():
        _show_thresholds(console, marker, f"beside it, {name}: ")
        console.print(f"- {marker.evidence.sentence}", highlight=False, markup=False)
    show_plan(console, result, result.run)


def _show_thresholds(console: Console, result: EnrichmentResult, beside: str = "") -> None:
    """Print two tables, because one would be wider than a terminal: effects by cut, and sizes of a trial."""
    console.print(_effects(result, beside))
    sizes = {key: title for key, title in SIZES.items() if any(getattr(row, key) for row in result.rows)}
    if sizes:
        console.print(_trial_sizes(result, sizes))


def _effects(result: EnrichmentResult, beside: str) -> Table:
    counts = f"{beside}{result.patients} patients, {result.treated} treated, {result.events} events"
    table = Table(
        title=f"{counts}: {result.measure_label}", title_justify="left", box=SIMPLE_HEAD, pad_edge=False
    )
    for name in ("cut", "share", "n", "events", "inside (95%)", "outside (95%)", "p", "control rate"):
        table.add_column(name.replace(" ", "\n"), justify="right")
    for row in result.rows:
        table.add_row(*_cells(row))
    return table


def _trial_sizes(result: EnrichmentResult, sizes: Mapping[str, str]) -> Table:
    table = Table(
        title="Size of a trial inside each cut, for a power of 80% and 90%",
        title_justify="left",
        box=SIMPLE_HEAD,
    )
    for name in ("cut", "share", *sizes.values()):
        table.add_column(name, justify="right")
    for row in result.rows:
        table.add_row(*_cut(row), *(_by_power(getattr(row, key)) for key in sizes))
    return table


def _cut(row: ThresholdRow) -> list[str]:
    return ["all" if row.cut is None else f"{row.cut:.4g}", f"{row.prevalence:.1%}"]


def _cells(row: ThresholdRow) -> list[str]:
    return [
        *_cut(row),
        f"{row.n:.0f}",
        f"{row.events:.0f}",
        _effect(row.inside),
        _effect(row.outside),
        "" if row.p is None else f"{row.p:.2g}",
        "" if row.control_rate is None else f"{row.control_rate:.3f}",
    ]


def _effect(effect: Effect | None) -> str:
    return "" if effect is None else str(effect)


def _by_power(sizes: Mapping[float, float] | None) -> str:
    return "-" if sizes is None else "/".join(f"{size:.0f}" for size in sizes.values())


def _sentences(result: EnrichmentResult) -> list[str]:
    sentences = [result.interpretation]
    if result.search is not None:
        sentences += _search_sentences(result.search)
    benefit = result.benefit
    until = "" if benefit.horizon is None else f" up to {benefit.horizon:g}"
    sentences.append(
        f"mean benefit{until}, doubly robust: {_effect(benefit.average)}; effective patients "
        f"{benefit.effective_control:.0f} controls, {benefit.effective_treated:.0f} treated, "
        f"{benefit.truncated:.1%} of weights truncated"
    )
    sentences.append(result.evidence.sentence)
    if result.overlap is not None:
        sentences.append(result.overlap.sentence)
    if result.checks is not None:
        sentences += _check_sentences(result.checks)
    if result.run is not None:
        sentences += _selection_sentences(result.run)
    if (signature := signature_sentence(result)) is not None:
        sentences.append(signature)
    for row in result.utility or ():
        sentences.append(f"cut {row.cut:g}: efficacy minus weight x toxicity {utility_sentence(row)}")
    return sentences


def _check_sentences(checks: BenefitChecks) -> list[str]:
    slope = f"slope of observed on predicted benefit {_effect(checks.line.slope)}, where 1 is calibrated"
    return [
        f"what the effects estimate: {checks.estimand}",
        f"{slope}; C-for-benefit {checks.c_for_benefit:.3f}, on which nothing is selected",
    ]


def _selection_sentences(findings: RunFindings) -> list[str]:
    sentences = [f"chosen by {sentence}" for sentence in group_sentences(findings.groups)]
    tree = findings.surrogate_tree
    if tree is None:
        return sentences
    if not approximates(tree):
        agree = f"a tree agrees with the score for {tree.agreement:.0%} of the patients, little more than by chance"
        return [*sentences, f"no simple rule on covariates approximates the choice: {agree}"]
    rule = " or ".join(f"({sentence})" for sentence in tree.sentences) or "no patient"
    return [
        *sentences,
        f"surrogate tree: {rule}; agrees with the score for {tree.agreement:.0%} of the patients",
        f"effect by the score {_effect(tree.effect)}, by the tree {_effect(tree.effect_of_tree)}",
    ]


def _search_sentences(search: CutSearch) -> list[str]:
    alone = f"z {search.z:.2f}, p {search.p:.2g} as if it had been the only one"
    permuted = f"{search.draws} permutations, of which {search.false_positives:.0%} had some cut below .05"
    chosen = f"cut chosen: {search.cut:g}, by the strongest interaction of {len(search.chosen)} ({alone})"
    at_once = f"({search.at_once.low:.3f} to {search.at_once.high:.3f}) for all cuts at once"
    corrected = f"{_effect(search.out_of_bag)} corrected for the choice of the cut (out of bag)"
    return [
        search.verdict,
        f"{chosen}; {search.p_adjusted:.2g} if the search is repeated in {permuted}",
        (
            f"effect inside: {_effect(search.apparent)} uncorrected, {at_once}; {corrected}, "
            f"{_effect(search.harrell)} by Harrell's correction"
        ),
    ]


def _prognostic(result: PrognosticResult) -> Table:
    table = Table(
        title=f"Highest {result.score} first; patients for 80% power at a hazard ratio of .7, assumed"
    )
    for name in ("share", "n", "rate", "patients", "screened"):
        table.add_column(name, justify="right")
    for row in result.prognostic:
        sizes = ("" if size is None else f"{size:.0f}" for size in (row.patients, row.screened))
        table.add_row(f"{row.share:.0%}", f"{row.n:.0f}", f"{row.rate:.3f}", *sizes)
    return table
