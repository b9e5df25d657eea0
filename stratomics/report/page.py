"""The page: saved tables in, one HTML file out that opens without a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from omics.files import write_text
from stratomics.evaluation.comparison import LABELS
from stratomics.evaluation.ledger import RANKS
from stratomics.evaluation.metric import find_metric
from stratomics.evaluation.summary import honest_sentences, metric_label, rows, shown
from stratomics.evaluation.trust import control_sentence, controls_fail, design_sentence, view_rows
from stratomics.report import figures
from stratomics.report.enrichment import enrichment_part
from stratomics.report.explorer import explorer_part, script, script_policy
from stratomics.report.factors import factor_part
from stratomics.report.response import RESPONSE_LIMITS, response_facts, response_sections
from stratomics.report.survival import SURVIVAL_LIMITS, survival_facts, survival_sections
from stratomics.report.uncertainty import uncertainty_part
from stratomics.run_directory import RunDirectory

__all__ = ["write_report"]


@dataclass(frozen=True)
class Parts:
    """What the report says of one kind of endpoint: a fact of the cohort, figures, what balanced folds, limits."""

    facts: Callable[[RunDirectory], str]
    sections: Callable[[RunDirectory], list[figures.Section]]
    balance: str
    limits: tuple[str, ...]


PARTS = {
    "survival": Parts(survival_facts, survival_sections, "event", SURVIVAL_LIMITS),
    "response": Parts(response_facts, response_sections, "class", RESPONSE_LIMITS),
}


def write_report(run: RunDirectory) -> Path:
    """Write ``report.html`` into a run directory and return its path."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        # What comes from files, ids and column names included, is escaped.
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    with figures.style():
        page = environment.get_template("report.html.j2").render(_content(run))
    path = run.path / "report.html"
    write_text(path, page)
    return path


def _content(run: RunDirectory) -> dict[str, Any]:
    metrics, parts = run.metrics, PARTS[run.kind]
    return {
        "provenance": run.provenance,
        "sentences": honest_sentences(metrics),
        "control": control_sentence(metrics),
        "controls_fail": controls_fail(metrics),
        "views": view_rows(metrics),
        "rank": find_metric(RANKS[run.kind]).label,
        "design": design_sentence(run.provenance),
        "metric": metric_label(metrics["metric"]),
        "labels": {key: find_metric(key).label for key in shown(metrics, run.kind)},
        "methods": rows(metrics),
        "intervals": metrics["intervals"],
        "cohort": _cohort(run),
        "facts": parts.facts(run),
        "forests": _forests(run),
        "sections": parts.sections(run),
        "factors": factor_part(run),
        "uncertainty": uncertainty_part(run),
        "enrichment": enrichment_part(run),
        "explorer": explorer_part(run),
        "script": Markup(script()),  # noqa: S704  # ours, and nothing of a file's
        "script_policy": script_policy(),
        "balance": parts.balance,
        "limits": parts.limits,
    }


def _cohort(run: RunDirectory) -> dict[str, Any]:
    patients = run.patients
    views = {c.removeprefix("view."): patients[c] for c in patients.columns if c.startswith("view.")}
    counts = np.sum(list(views.values()), axis=0)
    predicted = run.predictions["stratomics"].patients["sample_id"].nunique()
    return {
        "n": len(patients),
        "predicted": predicted,
        "complete": int((counts == len(views)).sum()),
        "bare": int((counts == 0).sum()),
        "views": [(name, int(seen.sum()), int((~seen).sum())) for name, seen in views.items()],
        "covariates": [c.removeprefix("covariate.") for c in patients.columns if c.startswith("covariate.")],
    }


def _forests(run: RunDirectory) -> list[tuple[str, str]]:
    metrics, drawn = run.metrics, []
    methods = [metrics, *metrics["baselines"].values()]
    labels = [LABELS["stratomics"], *(LABELS.get(name, name) for name in metrics["baselines"])]
    for key in shown(metrics, run.kind):
        entries = [method[metrics["endpoint"]].get(key, {}) for method in methods]
        if find_metric(key).higher_is_better is None or not all("low" in entry for entry in entries):
            continue
        best = (max if find_metric(key).higher_is_better else min)(
            range(len(entries)), key=lambda i: entries[i]["estimate"]
        )
        sentence = f"{metric_label(key)}: the best estimate here is that of {labels[best]}."
        drawn.append((figures.svg(figures.forest(labels, entries, metric_label(key))), sentence))
    return drawn
