"""Which parts of the report are collapsed on the screen: details that most readers do not open."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from stratomics.report.section import Block, Details, Panel, Section, Table

__all__ = ["FOLDED_BLOCKS", "FOLDED_SECTIONS", "TRIAL_FOLDED_SECTIONS", "folded", "shown_once"]

FOLDED_SECTIONS = {
    "view_contributions": "performance of each view, alone and added to the others",
    "time-auc": "AUC at each time",
    "sample_size": "events per parameter, and the size that a regression would need",
    "risk": "survival by thirds of predicted risk",
    "classes": "predicted probabilities by observed class",
}
"""Section whose content is collapsed -> what it holds."""

TRIAL_FOLDED_SECTIONS = {
    **FOLDED_SECTIONS,
    "calibration": "predicted against observed outcomes",
    "decision_curve": "net benefit of acting on the prediction",
    "uncertainty": "coverage and abstention",
    "subgroup_performance": "performance by sex, age, site and arm",
}
"""The same for a run with arms, whose readers ask for the effect of treatment first."""

FOLDED_BLOCKS = {
    "flow": "flow of patients",
    "upset": "combinations of views",
    "missing": "missing data",
    "follow-up": "follow-up",
    "forest": "each metric as a figure",
    "decision_curve": "net benefit of each strategy",
    "decision_curve_gain": "gain in net benefit",
    "coverage": "coverage in each group",
    "risk-coverage": "error without the least certain patients",
    "abstentions": "patients for whom the models abstain",
    "groups": "numbers of each group",
}
"""Figure or table that is collapsed -> what it is."""

WITH_SENTENCE = {"coverage", "decision_curve_gain"}
"""Collapsed figures whose sentence stays on the page, as the result of their section."""

EXCLUDED = "excluded"
"""How a row of the flow of patients begins in which patients are lost."""


def shown_once(section: Section, first: Panel) -> Section | None:
    """Refer to the picture of the first screen where a section shows it again.

    Parameters
    ----------
    section
        A section with its blocks in reading order.
    first
        The picture of the first screen, which is Figure 1.

    Returns
    -------
    Section or None
        The section with a sentence in place of the picture; None if it shows nothing else.
    """
    again = [isinstance(block, Panel) and block.id == first.id for block in section.blocks]
    if not any(again):
        return section
    if all(again):
        return None
    reference = f"{first.title}: Figure 1, on the first screen."
    blocks = [reference if same else block for same, block in zip(again, section.blocks, strict=True)]
    return dataclasses.replace(section, blocks=blocks)


def folded(section: Section, *, trial: bool = False) -> Section:
    """Collapse the details of a section.

    Parameters
    ----------
    section
        A section with its blocks in reading order.
    trial
        Whether the run has arms.

    Returns
    -------
    Section
        The same blocks. Those that are collapsed come last, below a line that names them.

    Examples
    --------
    >>> [block.summary for block in folded(Section("sample_size", "Sample size", ["Text."])).blocks]
    ['Show events per parameter, and the size that a regression would need']
    """
    whole: Mapping[str, str] = TRIAL_FOLDED_SECTIONS if trial else FOLDED_SECTIONS
    if section.id in whole and section.blocks:
        return dataclasses.replace(section, blocks=[Details(f"Show {whole[section.id]}", section.blocks)])
    details = [block for block in section.blocks if _is_detail(block)]
    if not details:
        return section
    shown = [_shown(block) for block in section.blocks]
    return dataclasses.replace(
        section, blocks=[*(block for block in shown if block is not None), _fold(details)]
    )


def _shown(block: Block) -> Block | None:
    """Return what stays on the page: the block, the sentence of a figure, or nothing."""
    if not _is_detail(block):
        return block
    return block.sentence if isinstance(block, Panel) and block.id in WITH_SENTENCE else None


def _is_detail(block: Block) -> bool:
    if isinstance(block, Panel) and block.id == "flow":
        # A flow chart is worth its space only where patients are lost.
        return not block.table.iloc[:, 0].astype(str).str.startswith(EXCLUDED).any()
    return _name(block) in FOLDED_BLOCKS


def _fold(details: Sequence[Block]) -> Details:
    names = list(dict.fromkeys(FOLDED_BLOCKS[_name(block)] for block in details))
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return Details(f"Show {listed}", details)


def _name(block: Block) -> str:
    """Name in FOLDED_BLOCKS; forest plots, one per metric, share theirs."""
    if not isinstance(block, Panel | Table):
        return ""
    return "forest" if block.id.startswith("forest-") else block.id
