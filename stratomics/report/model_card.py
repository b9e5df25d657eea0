"""The model card: what the model is for, whom it was learned from, how well it does for whom, and what it is not for.

Mitchell et al. 2019, doi 10.1145/3287560.3287596. One table of headings and sentences is a section of
the report and, as plain markdown, ``model_card.md`` in the run directory, which travels with the model.
"""

from __future__ import annotations

import html
from pathlib import Path

import pandas as pd

from omics.common.files import write_text
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.view_contributions import RANKS
from stratomics.report import checklist_facts as facts
from stratomics.report.run_groups import groups
from stratomics.report.section import Section, Table
from stratomics.report.sections.limitations import ALWAYS
from stratomics.runs.run_directory import RunDirectory

__all__ = ["card_of", "groups_table", "model_card", "write_model_card"]

NAME = "model_card.md"

USE = (
    "Research on patients like those it was learned from: to tell them apart by risk, response or benefit, and to "
    "plan a trial. To be written by a human: which decision it informs, and who makes it."
)
NOT_FOR = (
    "No decision on the care of a patient: it is no medical device, and nothing here says how it does in care. No "
    "patients of another disease, assay or time of sampling, nor those for whom it abstains. No statement on causes: "
    "factors and views that predict need not be what makes ill."
)


def card_of(run: RunDirectory) -> dict[str, list[str]]:
    """Heading -> its sentences."""
    return {
        "Model": [facts.model(run), facts.specification(run), facts.code(run)],
        "Intended use": [USE],
        "Out of scope": [NOT_FOR],
        "Training data": [
            facts.source(run),
            facts.outcome(run),
            facts.events(run),
            facts.predictors(run),
            facts.site_count(run),
        ],
        "How it was evaluated": [facts.parted(run), facts.compared(run)],
        "Performance": [facts.performance(run), facts.calibrated(run)],
        "Uncertainty": [facts.promises(run), facts.unusable(run)],
        "Limits": [facts.missing_data(run), facts.elsewhere(run), *ALWAYS],
    }


def groups_table(run: RunDirectory) -> pd.DataFrame:
    """Lay out patients, events, and concordance or AUROC with its interval of each group that is recorded."""
    label, rows = find_metric(RANKS[run.kind]).label, groups(run).rows
    told = [
        f"{r.rank:.2f} ({r.low:.2f} to {r.high:.2f})" if r.enough else "too few" for r in rows.itertuples()
    ]
    names = rows["by"].astype(str) + ": " + rows["level"].astype(str)
    return pd.DataFrame({"group": names, "patients": rows["n"], _counted(run): rows["events"], label: told})


def _counted(run: RunDirectory) -> str:
    return "events" if run.kind == "survival" else "positive"


def model_card(run: RunDirectory) -> Section:
    """Lay the card out as a section, folded."""
    table = Table("model_card", "Performance by group, within it (95% intervals)", groups_table(run))
    content = {"card": card_of(run), "groups": table}
    return Section("model_card", "Model card", template="model_card.html.j2", content=content)


def write_model_card(run: RunDirectory) -> Path:
    """Write ``model_card.md``; what comes from files is escaped, since markdown may hold tags."""
    lines = [f"# Model card: {run.provenance['title'] or run.provenance['cohort']}"]
    for heading, sentences in card_of(run).items():
        lines += [f"## {heading}", *(f"- {sentence}" for sentence in sentences)]
    lines.append("## Performance by group")
    table = groups_table(run)
    lines += [
        f"- {', '.join(f'{name} {cell}' for name, cell in row.items())}" for row in table.to_dict("records")
    ]
    path = run.path / NAME
    write_text(path, html.escape("\n\n".join(lines), quote=False) + "\n")
    return path
