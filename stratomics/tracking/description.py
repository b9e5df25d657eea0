"""What people read of a run in MLflow: its description, its verdict, and the description of the registered model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stratomics.enrichment.store import load_enrichment
from stratomics.report.card import Line, report_card
from stratomics.report.card.line import worst
from stratomics.report.summary.answers import short_answers
from stratomics.report.text import run_facts
from stratomics.report.text.abbreviations import spell_out_plain
from stratomics.report.text.arms import with_arm_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stratomics.runs.run_directory import RunDirectory

__all__ = ["model_description", "run_description", "run_verdict"]

LONGEST = 5000
"""Characters that MLflow's databases store of the description of a model."""

CARD = "model_card.md"
PARAGRAPH = "\n\n"
REST = f"The complete card is the file {CARD} of the run."


def run_verdict(run: RunDirectory) -> str:
    """Worst verdict of the report card: ``pass``, ``watch`` or ``fail``."""
    return worst(line.verdict for line in report_card(run))


def run_description(run: RunDirectory) -> str:
    """Write the description of a run: its patients, the answers of its report, and the report card.

    Parameters
    ----------
    run
        A finished run.

    Returns
    -------
    str
        Markdown.
    """
    card = report_card(run)
    covariates = any(str(column).startswith("covariate.") for column in run.patients.columns)
    enrichment = with_arm_names(run, load_enrichment(run))
    answers = short_answers(run.metrics, run.provenance, enrichment, card, covariates=covariates)
    lines = [f"{run_facts.endpoint(run)} {run_facts.events(run)}"]
    lines += [f"**{one.question}** {one.verdict}. {one.sentences[0]}" for one in answers[:-1]]
    lines += [f"**{one.question}** {one.sentences[0]}" for one in answers[-1:]]
    lines += [
        f"**Report card:** {_verdicts(card)}.",
        "The report is the file report.html among the artifacts.",
    ]
    title = f"# {run.provenance['title'] or run.provenance['cohort']}"
    return PARAGRAPH.join([title, *spell_out_plain(lines)])


def _verdicts(card: Sequence[Line]) -> str:
    """Count the verdicts, and name the checks that do not pass."""
    groups = {
        verdict: [line.check.lower() for line in card if line.verdict == verdict]
        for verdict in ("fail", "watch", "pass")
    }
    return "; ".join(
        f"{len(checks)} {verdict}" + ("" if verdict == "pass" else f" ({', '.join(checks)})")
        for verdict, checks in groups.items()
        if checks
    )


def model_description(run: RunDirectory) -> str:
    """Read the model card, cut at a paragraph where it is longer than MLflow's databases store.

    Parameters
    ----------
    run
        A finished run.

    Returns
    -------
    str
        Markdown of at most 5,000 characters.
    """
    return _shortened((run.path / CARD).read_text(encoding="utf-8"), LONGEST)


def _shortened(card: str, longest: int) -> str:
    """Leave the last paragraphs out where the card is longer.

    Examples
    --------
    >>> paragraphs = ["one", "two" * 40]
    >>> print(_shortened(PARAGRAPH.join(paragraphs), 80))
    one
    <BLANKLINE>
    The complete card is the file model_card.md of the run.
    """
    if len(card) <= longest:
        return card
    kept, _, _ = card[: longest - len(REST) - len(PARAGRAPH)].rpartition(PARAGRAPH)
    return kept + PARAGRAPH + REST
