"""Effect of treatment by phenotype of each pharmacogene, its interaction with the arm, and the trial that shows it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from omics.common.errors import DataError
from omics.pgx.phenotype import INDETERMINATE
from stratomics.enrichment.compared_arms import ComparedArms, compared_arms
from stratomics.enrichment.design.events import interaction_events
from stratomics.evaluation.p_values import holm
from stratomics.report.section import Block, Table
from stratomics.report.text.numbers import p_cell
from stratomics.runs.run_directory import RunDirectory
from stratomics.strata.groups.arm_interaction import GroupInteraction, group_interaction

__all__ = ["effects_by_phenotype"]

FEWEST = 10
"""Patients of a phenotype, in each arm, from which its effect is estimated."""

NOT_RANDOMISED = (
    "The arms were not allocated at random with fixed probabilities, so that an interaction may be due to who was "
    "treated."
)

RATIO = 0.5
"""Ratio of hazard ratios for which the events of an interaction are shown."""


def effects_by_phenotype(run: RunDirectory, results: pd.DataFrame) -> list[Block]:
    """Show the effect of treatment by phenotype; nothing for a run of one arm.

    Parameters
    ----------
    run
        A finished run.
    results
        One row per patient and gene.

    Returns
    -------
    list
        A table and its explanation, or the reason why there is none.
    """
    arms = compared_arms(run, None)
    if arms is None:
        return []
    found = {
        str(gene): one
        for gene, rows in results.groupby("gene")
        if (one := _interaction(arms, rows)) is not None
    }
    if not found:
        few = f"fewer than two phenotypes have {FEWEST} patients in each arm"
        return [f"The effect of treatment by phenotype is not estimated: in every gene, {few}."]
    adjusted = holm(np.array([one.p for one in found.values()]))
    ratio = "hazard ratio" if arms.trial.is_survival else "odds ratio"
    rows = [
        row for (gene, one), p in zip(found.items(), adjusted, strict=True) for row in _rows(gene, one, p)
    ]
    names = [
        "gene",
        "phenotype",
        "treated",
        "control",
        f"{ratio} (95% interval)",
        "p of interaction (adjusted)",
    ]
    caption = f"Effect of treatment by phenotype ({ratio} of treated to control), and a test that it is the same in all"
    return [Table("pgx-effects", caption, pd.DataFrame(rows, columns=names)), *_explained(arms, found)]


def _interaction(arms: ComparedArms, rows: pd.DataFrame) -> GroupInteraction | None:
    phenotype = rows.set_index("patient")["phenotype"].reindex(list(arms.sample_ids)).fillna(INDETERMINATE)
    group, treated = phenotype.to_numpy(dtype=object), arms.trial.treated
    enough = {
        name
        for name in set(group) - {INDETERMINATE}
        if min(((group == name) & treated).sum(), ((group == name) & ~treated).sum()) >= FEWEST
    }
    if len(enough) < 2:  # noqa: PLR2004  # nothing to compare
        return None
    kept = np.array([name if name in enough else None for name in group], dtype=object)
    try:
        return group_interaction(kept, arms.trial.outcome, np.where(treated, 1.0, -1.0))
    except DataError:
        return None


def _rows(gene: str, found: GroupInteraction, adjusted: float) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for place, effect in enumerate(found.effects):
        interval = "not available"
        if np.isfinite(effect.ratio):
            interval = f"{effect.ratio:.2f} ({effect.low:.2f} to {effect.high:.2f})"
        p = f"{p_cell(found.p)} ({p_cell(adjusted)})" if place == 0 else ""
        rows.append((gene, effect.group, effect.treated, effect.control, interval, p))
    return rows


def _explained(arms: ComparedArms, found: dict[str, GroupInteraction]) -> list[Block]:
    texts: list[Block] = [
        "The p values are unadjusted and, in brackets, after Holm adjustment for the genes."
    ]
    if arms.trial.randomised != "yes":
        texts.append(NOT_RANDOMISED)
    return [*texts, _sizes(found)] if arms.trial.is_survival else texts


def _sizes(found: dict[str, GroupInteraction]) -> str:
    """State how many events show an interaction for the phenotype that is not the most frequent one."""
    sizes = []
    for gene, one in found.items():
        counts = {effect.group: effect.treated + effect.control for effect in one.effects}
        total, most = sum(counts.values()), max(counts.values())
        share = 1.0 - most / total
        if 0.0 < share < 1.0:
            sizes.append(f"{gene} {interaction_events(RATIO, share):,.0f} (carriers {share:.0%})")
    return (
        f"Events that a trial with equal arms needs to show a ratio of hazard ratios of {RATIO:g} between patients "
        "with and without the most frequent phenotype, with power 0.8 and two-sided 0.05 (Schoenfeld): "
        f"{', '.join(sizes)}. Rare carriers need more events, and each candidate is genotyped."
    )
