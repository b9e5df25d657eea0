"""The groups of a run's patients with their figures: what the section on who differs and the report card look at."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from omics.cohort.endpoints import Survival
from stratomics.enrichment.effects.cross_fitted import chosen_within_folds
from stratomics.enrichment.store import load_enrichment
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.patient_groups import patient_groups
from stratomics.evaluation.subgroup_performance import Groups, group_figures
from stratomics.report.text.controls_and_views import design_of_run
from stratomics.runs.run_directory import RunDirectory

__all__ = ["groups", "rule_of", "selection_words"]

THIRD = 1.0 / 3.0


def groups(run: RunDirectory) -> Groups:
    """Figures of ours by sex, age, site and arm, of the evaluated patients.

    Parameters
    ----------
    run
        Finished.

    Returns
    -------
    Groups
        ``rows`` have ``selected`` too: the share chosen by the rule of enrichment, among the patients of its two arms;
        without one the share in the third of the highest risk, or probability of a positive response, within each
        fold. NaN where that is not known, or says nothing: of a site that is a fold of its own, a third is chosen.
    """
    cases, observed = run.cases["stratomics"], run.outcome.observed
    by = {name: levels[observed] for name, levels in patient_groups(run.patients).items()}
    found = group_figures(cases, by, run.resamples)
    selected = _by_rule(run) if rule_of(run) else _by_third(run, by)
    values = [selected.get(key, np.nan) for key in zip(found.rows["by"], found.rows["level"], strict=True)]
    return dataclasses.replace(found, rows=found.rows.assign(selected=np.array(values, dtype=np.float64)))


def rule_of(run: RunDirectory) -> Mapping[str, Any] | None:
    """Answer of ``stratomics enrich`` that holds a rule; None without one."""
    answer = load_enrichment(run)
    return answer if answer is not None and "groups" in answer else None


def _by_rule(run: RunDirectory) -> dict[tuple[str, str], float]:
    answer = rule_of(run) or {"groups": {}}
    return {
        (by, level): float(rate["eligible"])
        for by, rates in answer["groups"].items()
        for level, rate in rates.items()
    }


def _by_third(run: RunDirectory, by: Mapping[str, pd.Categorical]) -> dict[tuple[str, str], float]:
    cases = run.cases["stratomics"]
    score = cases.risk if isinstance(cases, SurvivalCases) else cases.probability
    chosen = chosen_within_folds(score, cases.fold, THIRD).mean(axis=0)
    apart = design_of_run(run.provenance) == "leave_site_out"
    return {
        (name, str(level)): float(chosen[levels == level].mean())
        for name, levels in by.items()
        for level in levels.categories
        if (levels == level).any() and not (apart and name == "site")
    }


def selection_words(run: RunDirectory) -> str:
    """Say what ``selected`` is a share of."""
    if rule_of(run):
        return "chosen by the rule of enrichment"
    what = "risk" if run.kind == Survival.kind else "probability of a positive response"
    return f"in the third of the highest predicted {what}"
