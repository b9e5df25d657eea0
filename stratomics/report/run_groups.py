"""Performance in the patient groups of a run, for the section on subgroup performance and the model card."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd

from omics.cohort.endpoints import Survival
from stratomics.enrichment.effects.cross_fitted import chosen_within_folds
from stratomics.enrichment.result import EnrichmentResult, RunFindings
from stratomics.enrichment.store import load_enrichment
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.patient_groups import patient_groups
from stratomics.evaluation.subgroup_performance import SubgroupPerformance, subgroup_performance
from stratomics.report.text.arms import arm_names, with_named_arms
from stratomics.report.text.split_design import split_design
from stratomics.runs.run_directory import RunDirectory

__all__ = ["enrichment_rule", "run_groups", "selection_text"]

THIRD = 1.0 / 3.0


def run_groups(run: RunDirectory) -> SubgroupPerformance:
    """Evaluate stratomics by sex, age, site and arm, in the evaluated patients.

    Parameters
    ----------
    run
        A finished run.

    Returns
    -------
    SubgroupPerformance
        ``rows`` also have ``selected``: the share of the patients of both arms who meet the enrichment rule. Without
        a rule it is the share among the third with the highest risk, or probability of a positive response, within
        each fold. NaN if not available, and for sites that are folds, of which exactly a third is selected.
    """
    cases, observed = run.cases["stratomics"], run.outcome.observed
    by = {
        name: levels[observed] for name, levels in patient_groups(with_named_arms(run, run.patients)).items()
    }
    result = subgroup_performance(cases, by, run.resamples)
    selected = _by_rule(run) if enrichment_rule(run) else _by_third(run, by)
    values = [selected.get(key, np.nan) for key in zip(result.rows["by"], result.rows["level"], strict=True)]
    return dataclasses.replace(result, rows=result.rows.assign(selected=np.array(values, dtype=np.float64)))


def enrichment_rule(run: RunDirectory) -> RunFindings | None:
    """Return the result of ``stratomics enrich``, if it contains a rule."""
    result = load_enrichment(run)
    return result.run if isinstance(result, EnrichmentResult) else None


def _by_rule(run: RunDirectory) -> dict[tuple[str, str], float]:
    findings, names = enrichment_rule(run), arm_names(run)
    return {
        (by, names.get(level, level) if by == "arm" else level): rate.eligible
        for by, rates in (findings.groups if findings is not None else {}).items()
        for level, rate in rates.items()
    }


def _by_third(run: RunDirectory, by: Mapping[str, pd.Categorical]) -> dict[tuple[str, str], float]:
    cases = run.cases["stratomics"]
    score = cases.risk if isinstance(cases, SurvivalCases) else cases.probability
    selected = chosen_within_folds(score, cases.fold, THIRD).mean(axis=0)
    sites_are_folds = split_design(run.provenance) == "leave_site_out"
    return {
        (name, str(level)): float(selected[levels == level].mean())
        for name, levels in by.items()
        for level in levels.categories
        if (levels == level).any() and not (sites_are_folds and name == "site")
    }


def selection_text(run: RunDirectory) -> str:
    """State what ``selected`` is the share of."""
    if enrichment_rule(run):
        return "selected by the enrichment rule"
    what = "risk" if run.kind == Survival.kind else "probability of a positive response"
    return f"in the third with the highest predicted {what}"
