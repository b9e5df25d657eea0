"""The two pages of ``stratomics ui``: the list of runs, and a comparison of selected runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from omics.common.errors import InputError
from stratomics.enrichment.result import EnrichmentResult
from stratomics.enrichment.store import load_enrichment
from stratomics.report.text.trial_plan import DESIGN_NAMES, span
from stratomics.ui.catalogue import Catalogue, CatalogueEntry

__all__ = ["ORDERS", "compare_page", "index_page"]

ORDERS = {"date": "written", "name": "run", "cohort": "cohort", "endpoint": "endpoint"}
"""Column by which the table can be sorted -> its heading."""

NONE = "none"

Line = tuple[str, list[str]]


def index_page(catalogue: Catalogue, order: str = "date") -> str:
    """Render the list of finished runs.

    Parameters
    ----------
    catalogue
        Finished runs.
    order
        A key of ORDERS; dates are sorted latest first.

    Returns
    -------
    str
        HTML.
    """
    entries = catalogue.entries
    if order != "date":
        entries = sorted(entries, key=lambda entry: (getattr(entry, order), entry.name))
    methods = list(dict.fromkeys(label for entry in entries for label, _ in entry.figures))
    return _page(
        "index.html.j2", entries=entries, methods=methods, order=order, orders=ORDERS, catalogue=catalogue
    )


def compare_page(catalogue: Catalogue, names: Sequence[str]) -> str:
    """Render a comparison of selected runs.

    Parameters
    ----------
    catalogue
        Finished runs.
    names
        Names of the runs to compare; names that are not in the catalogue are ignored.

    Returns
    -------
    str
        HTML.
    """
    known = {entry.name: entry for entry in catalogue.entries}
    entries = [known[name] for name in dict.fromkeys(names) if name in known]
    return _page(
        "compare.html.j2",
        entries=entries,
        caution=_caution(entries),
        groups=_groups(entries),
        catalogue=catalogue,
    )


def _page(template: str, **content: Any) -> str:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        # Names come from folders and files and are escaped.
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(content)


def _caution(entries: Sequence[CatalogueEntry]) -> str:
    """State whether results of the runs can be compared."""
    different = [
        what
        for what, values in (
            ("cohort", {entry.digest for entry in entries}),
            ("endpoint", {entry.endpoint for entry in entries}),
            ("declared metric", {entry.metric for entry in entries}),
        )
        if len(values) > 1
    ]
    if not different:
        return (
            "Same patients, same endpoint, same metric. No intervals are given for differences between runs."
        )
    return f"Not the same {', nor the same '.join(different)}: these results must not be compared with each other."


def _groups(entries: Sequence[CatalogueEntry]) -> list[tuple[str, list[Line]]]:
    """Headings with their lines, one cell per run; a heading without lines is omitted."""
    metrics = list(dict.fromkeys(key for entry in entries for key, _ in entry.table))
    methods = list(dict.fromkeys(label for entry in entries for label, _ in entry.figures))
    trials = [_trial(entry) for entry in entries]
    names = list(dict.fromkeys(key for trial in trials for key in trial))
    groups = [
        (
            "Declared metric, by method",
            [(m, [dict(v.figures).get(m, NONE) for v in entries]) for m in methods],
        ),
        (
            "stratomics, all metrics",
            [(key, [dict(v.table).get(key, NONE) for v in entries]) for key in metrics],
        ),
        ("Enrichment", [(name, [trial.get(name, NONE) for trial in trials]) for name in names]),
    ]
    return [(head, lines) for head, lines in groups if lines]


def _trial(entry: CatalogueEntry) -> dict[str, str]:
    """Enrichment rule, cross-fitted effect and trial of a run, if it has them."""
    try:
        result = load_enrichment(entry.run)
    except InputError as error:
        return {"rule": f"cannot be read: {error}"}
    if not isinstance(result, EnrichmentResult) or result.run is None:
        return {}
    search, design, label = result.search, result.run.plan.design, result.measure_label
    content = {
        "rule": f"{result.subgroup.rule} ({result.chosen.prevalence:.0%})",
        f"{label}, all patients": span(result.rows[0].inside),
        f"{label} in the subgroup, apparent": span(result.chosen.inside),
        f"{label} in the subgroup, optimism-corrected": NONE if search is None else span(search.out_of_bag),
        "evidence": result.run.evidence_grade.partition(", for it")[0],
    }
    if design is not None:
        content |= {
            "trial design": DESIGN_NAMES[design.name],
            "patients, screened": f"{design.patients:,}, {design.tested:,}",
        }
    return content
