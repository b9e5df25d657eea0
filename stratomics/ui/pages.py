"""The two pages of ``stratomics ui``: the list of runs, and a comparison of selected runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from omics.common.errors import InputError
from stratomics.enrichment.result import EnrichmentResult
from stratomics.enrichment.store import load_enrichment
from stratomics.evaluation.comparison import LABELS, OURS
from stratomics.report.text.trial_plan import DESIGN_NAMES, span
from stratomics.ui.catalogue import NOTES, Catalogue, CatalogueEntry, CatalogueValue, best_of

__all__ = ["ORDERS", "compare_page", "index_page", "page_script"]

ORDERS = {"name": "run", "date": "written", "cohort": "cohort", "endpoint": "endpoint"}
"""Column by which the table can be sorted -> its heading."""

NONE = "none"

PAIR = 2
"""Number of runs between which differences are shown."""


@dataclass(frozen=True)
class ComparedLine:
    """One line of a comparison.

    Attributes
    ----------
    name
        What is compared.
    cells
        Text of each run, and whether it is the best of the line.
    difference
        Second run minus first, where two runs of the same patients are compared; empty otherwise.
    """

    name: str
    cells: tuple[tuple[str, bool], ...]
    difference: str = ""


def page_script() -> str:
    """Read the only script of the pages: it filters the list while one types, and enables the button."""
    return (Path(__file__).parent / "templates" / "pages.js").read_text(encoding="utf-8")


def index_page(catalogue: Catalogue, order: str = "date", search: str = "") -> str:
    """Render the list of finished runs.

    Parameters
    ----------
    catalogue
        Finished runs.
    order
        A key of ORDERS; dates are sorted latest first.
    search
        Words that the shown runs have in their name, cohort, endpoint or note.

    Returns
    -------
    str
        HTML.
    """
    entries = catalogue.entries
    if order != "date":
        entries = sorted(entries, key=lambda entry: (getattr(entry, order), entry.name))
    return _page(
        "index.html.j2",
        entries=[entry for entry in entries if entry.matches(search)],
        total=len(entries),
        search=search,
        order=order,
        orders=ORDERS,
        ours=LABELS[OURS],
        notes=NOTES,
        catalogue=catalogue,
        script=Markup(page_script()),  # noqa: S704  # our own script, with nothing from a file of the user
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
    different = _different(entries)
    return _page(
        "compare.html.j2",
        entries=entries,
        caution=_caution(different, len(entries)),
        groups=_groups(entries, comparable=not different),
        pair=len(entries) == PAIR and not different,
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


def _different(entries: Sequence[CatalogueEntry]) -> list[str]:
    """List in what the runs differ so that their results cannot be compared."""
    return [
        what
        for what, values in (
            ("cohort", {entry.digest for entry in entries}),
            ("endpoint", {entry.endpoint for entry in entries}),
            ("declared metric", {entry.metric for entry in entries}),
        )
        if len(values) > 1
    ]


def _caution(different: Sequence[str], runs: int) -> str:
    """State whether results of the runs can be compared."""
    if different:
        return f"Not the same {', nor the same '.join(different)}: these results must not be compared with each other."
    best = "The best value of a line is bold." if runs > PAIR else "The better value of a line is bold."
    return (
        "Same patients, same endpoint, same metric. No intervals are given for differences between runs, so a small "
        f"difference may be chance. {best}"
    )


def _groups(entries: Sequence[CatalogueEntry], *, comparable: bool) -> list[tuple[str, list[ComparedLine]]]:
    """Headings with their lines, one cell per run; a heading without lines is omitted."""
    metrics = list(dict.fromkeys(key for entry in entries for key in entry.table))
    methods = list(dict.fromkeys(label for entry in entries for label in entry.figures))
    trials = [_trial(entry) for entry in entries]
    names = list(dict.fromkeys(key for trial in trials for key in trial))
    declared = entries[0].higher_is_better if entries else None
    by_method = [
        _line(m, [entry.figures.get(m) for entry in entries], declared, comparable=comparable)
        for m in methods
    ]
    by_metric = [
        _line(
            key,
            [entry.table.get(key) for entry in entries],
            next(entry.directions[key] for entry in entries if key in entry.directions),
            comparable=comparable,
        )
        for key in metrics
    ]
    enrichment = [
        ComparedLine(name, tuple((trial.get(name, NONE), False) for trial in trials)) for name in names
    ]
    groups = [
        ("Declared metric, by method", by_method),
        ("stratomics, all metrics", by_metric),
        ("Enrichment", enrichment),
    ]
    return [(head, lines) for head, lines in groups if lines]


def _line(
    name: str, values: Sequence[CatalogueValue | None], higher_is_better: bool | None, *, comparable: bool
) -> ComparedLine:
    known = {str(place): value for place, value in enumerate(values) if value is not None}
    best = best_of(known, higher_is_better=higher_is_better) if comparable else frozenset()
    cells = tuple(
        (NONE if value is None else value.text, str(place) in best) for place, value in enumerate(values)
    )
    difference = ""
    if comparable and len(values) == PAIR and len(known) == PAIR:
        # Not "+0.000" or "-0.000".
        gap = round(known["1"].estimate - known["0"].estimate, 3)
        difference = f"{gap:+.3f}" if gap else "0.000"
    return ComparedLine(name, cells, difference)


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
