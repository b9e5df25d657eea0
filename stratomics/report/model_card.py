"""The model card: intended use, training data, performance overall and by group, and limitations of a model.

Mitchell et al. 2019, doi 10.1145/3287560.3287596. The same table of headings and sentences becomes a section of
the report and, as plain markdown, ``model_card.md`` in the run directory, which is distributed with the model.
"""

from __future__ import annotations

import html
from pathlib import Path

import pandas as pd

from omics.common.files import write_text
from stratomics.evaluation.metrics import DISCRIMINATION
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.report.run_groups import run_groups
from stratomics.report.section import Section, Table
from stratomics.report.sections.limitations import GENERAL
from stratomics.report.text import run_facts as facts
from stratomics.report.text.abbreviations import spell_out_plain
from stratomics.runs.run_directory import RunDirectory

__all__ = ["card_content", "groups_table", "model_card", "write_model_card"]

NAME = "model_card.md"

USE = (
    "Research on patients like those of the training cohort: to rank them by risk, response or benefit, and to plan a "
    "trial. To be completed by the investigator: which decision the model informs, and who makes it."
)
NOT_FOR = (
    "Decisions on the care of individual patients: this is not a medical device, and its use in care has not been "
    "evaluated. Patients with another disease, assay or time of sampling, and patients for whom the model abstains. "
    "Causal statements: factors and views that predict an outcome need not cause it."
)


def card_content(run: RunDirectory) -> dict[str, list[str]]:
    """Heading -> its sentences."""
    return {
        "Model": [facts.model(run), facts.model_files(run), facts.code(run)],
        "Intended use": [USE],
        "Out of scope": [NOT_FOR],
        "Training data": [
            facts.source(run),
            facts.endpoint(run),
            facts.events(run),
            facts.predictors(run),
            facts.site_count(run),
        ],
        "Evaluation": [
            line for line in (facts.splits(run), facts.comparison(run), facts.advice(run)) if line
        ],
        "Performance": [facts.performance(run), facts.calibration(run)],
        "Uncertainty": [facts.coverage(run), facts.unusable_inputs(run)],
        "Limitations": [facts.missing_data(run), facts.external_validation(run), *GENERAL],
    }


def groups_table(run: RunDirectory) -> pd.DataFrame:
    """Patients, events, and concordance or AUROC with its interval, one row per recorded group."""
    label, rows = find_metric(DISCRIMINATION[run.kind]).label, run_groups(run).rows
    ranks = [
        f"{r.rank:.2f} ({r.low:.2f} to {r.high:.2f})" if r.enough else "too few" for r in rows.itertuples()
    ]
    names = rows["by"].astype(str) + ": " + rows["level"].astype(str)
    events = "events" if run.kind == "survival" else "positive"
    return pd.DataFrame({"group": names, "patients": rows["n"], events: rows["events"], label: ranks})


def model_card(run: RunDirectory) -> Section:
    """Arrange the card as a section of the report, collapsed."""
    table = Table("model_card", "Performance within each group (95% intervals)", groups_table(run))
    content = {"card": card_content(run), "groups": table}
    return Section("model_card", "Model card", template="model_card.html.j2", content=content)


def write_model_card(run: RunDirectory) -> Path:
    """Write ``model_card.md`` and return its path."""
    lines = [f"# Model card: {run.provenance['title'] or run.provenance['cohort']}"]
    for heading, sentences in card_content(run).items():
        lines += [f"## {heading}", *(f"- {sentence}" for sentence in sentences)]
    lines.append("## Performance by group")
    table = groups_table(run)
    lines += [
        f"- {', '.join(f'{name} {cell}' for name, cell in row.items())}" for row in table.to_dict("records")
    ]
    path = run.path / NAME
    # Markdown may contain tags: text from files is escaped.
    write_text(path, html.escape("\n\n".join(spell_out_plain(lines)), quote=False) + "\n")
    return path
