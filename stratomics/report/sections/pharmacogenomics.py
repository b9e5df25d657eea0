"""The report's section on pharmacogenes: phenotypes, frequencies by ancestry, indeterminate patients, effects."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.ticker import PercentFormatter

from omics.pgx.definitions import DEFINITIONS_DATE
from omics.pgx.phenotype import INDETERMINATE
from omics.pgx.tables import CREDIT, LATEST, RESEARCH_USE
from stratomics.pharmacology.frequencies import (
    ALL,
    ANCESTRY_WORDS,
    REFERENCE,
    indeterminate_reasons,
    phenotype_frequencies,
)
from stratomics.report.figures.style import COLOURS, GREY, INK, NARROW, new_figure
from stratomics.report.section import Block, Details, Panel, Section, Table
from stratomics.report.sections.pgx_effects import effects_by_phenotype
from stratomics.runs.run_directory import RunDirectory

__all__ = ["activity_level", "pharmacogenomics"]

LEVELS = {
    "absent or poor": ("Poor ", "Likely Poor ", "Deficient"),
    "reduced": (
        "Intermediate ",
        "Likely Intermediate ",
        "Possible Intermediate ",
        "Decreased ",
        "Possible Decreased ",
    ),
    "normal": ("Normal",),
    "increased": ("Rapid ", "Ultrarapid ", "Increased "),
    "indeterminate": (INDETERMINATE, "Variable"),
}
"""Level of activity in the figure -> beginnings of phenotypes."""

LEVEL_COLOURS = dict(zip(LEVELS, (COLOURS[2], COLOURS[1], COLOURS[0], COLOURS[3], GREY), strict=True))


def pharmacogenomics(run: RunDirectory) -> Section | None:
    """Describe the pharmacogenes of a run; None if its cohort has none."""
    results = run.gene_results
    if results is None:
        return None
    results = results[results["patient"].isin(set(run.sample_ids))]
    ancestry = _ancestry(run)
    frequencies = phenotype_frequencies(results, ancestry)
    blocks: list[Block | None] = [
        _introduction(results),
        _levels_panel(frequencies),
        *effects_by_phenotype(run, results),
        _indeterminate(results),
        _frequency_table(frequencies),
    ]
    return Section("pharmacogenomics", "Pharmacogenomics", [block for block in blocks if block is not None])


def _introduction(results: pd.DataFrame) -> str:
    genes, patients = results["gene"].nunique(), results["patient"].nunique()
    return (
        f"{genes} pharmacogenes in {patients} patients. Phenotypes by the tables of {CREDIT}, {LATEST}; allele "
        f"definitions of {DEFINITIONS_DATE}. {RESEARCH_USE}"
    )


def _ancestry(run: RunDirectory) -> pd.Series[str] | None:
    """Group of each patient by the first covariate of text that is named after ancestry."""
    for column in run.patients.columns:
        name = str(column).removeprefix("covariate.").lower()
        if name != str(column) and any(word in name for word in ANCESTRY_WORDS):
            values = run.patients.set_index("sample_id")[column]
            if values.dtype == object:
                return values
    return None


def activity_level(phenotype: str) -> str | None:
    """Level of activity of a phenotype; None where it has none, as for a genotype of VKORC1.

    Examples
    --------
    >>> activity_level("Poor Metabolizer"), activity_level("-1639 AG")
    ('absent or poor', None)
    """
    return next((level for level, starts in LEVELS.items() if phenotype.startswith(starts)), None)


def _levels_panel(frequencies: pd.DataFrame) -> Panel | None:
    """Draw the levels of activity of each gene as stacked bars."""
    rows = frequencies[frequencies["group"] == ALL]
    rows = rows.assign(level=rows["phenotype"].map(activity_level))
    # Genotypes, as of VKORC1, have no level.
    rows = rows[rows.groupby("gene")["level"].transform(lambda levels: levels.notna().all())]
    if rows.empty:
        return None
    shares = rows.pivot_table(index="gene", columns="level", values="share", aggfunc="sum", fill_value=0.0)
    shares = shares.reindex(columns=list(LEVELS), fill_value=0.0).iloc[::-1]
    figure = new_figure(NARROW, 1.6 + 0.3 * len(shares))
    axes = figure.subplots()
    left = np.zeros(len(shares))
    for level, colour in LEVEL_COLOURS.items():
        width = shares[level].to_numpy()
        axes.barh(
            range(len(shares)), width, left=left, color=colour, height=0.7, label=level, edgecolor="none"
        )
        left = left + width
    axes.set_yticks(range(len(shares)), list(shares.index))
    axes.set_xlim(0.0, 1.0)
    axes.xaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlabel("Share of the tested patients")
    axes.tick_params(left=False)
    legend = figure.legend(
        ncols=3, loc="outside upper center", frameon=False, handlelength=1.2, columnspacing=1.2
    )
    for text in legend.get_texts():
        text.set_color(INK)
    poor = shares["absent or poor"]
    most = str(poor.idxmax())
    sentence = (
        f"Poor or absent activity is most frequent for {most} ({poor.max():.0%} of the tested patients). "
        f"Indeterminate patients: {_listed(shares['indeterminate'])}."
    )
    table = shares.iloc[::-1].reset_index().round(4)
    return Panel("pgx-levels", "Activity by gene", figure, sentence, table)


def _listed(shares: pd.Series[float]) -> str:
    found = [f"{gene} {share:.0%}" for gene, share in shares.iloc[::-1].items() if share > 0]
    return ", ".join(found) or "none"


def _frequency_table(frequencies: pd.DataFrame) -> Block:
    grouped = bool((frequencies["group"] != ALL).any())
    shown = frequencies if grouped else frequencies.drop(columns="published")
    ends = zip(shown["share"], shown["low"], shown["high"], strict=True)
    table = pd.DataFrame(
        {
            "gene": shown["gene"],
            "group": shown["group"],
            "phenotype": shown["phenotype"],
            "patients": [f"{k} of {n}" for k, n in zip(shown["patients"], shown["of"], strict=True)],
            "share (95% interval)": [f"{share:.1%} ({low:.1%} to {high:.1%})" for share, low, high in ends],
        }
    )
    if grouped:
        table["1000 Genomes"] = ["" if np.isnan(share) else f"{share:.1%}" for share in shown["published"]]
        caption = f"Frequencies of phenotypes by ancestry, beside those of {REFERENCE}"
        summary = "Frequencies of phenotypes by ancestry, beside published ones"
    else:
        table = table.drop(columns="group")
        caption = "Frequencies of phenotypes"
        summary = "Frequencies of phenotypes"
    return Details(summary, [Table("pgx-frequencies", caption, table)])


def _indeterminate(results: pd.DataFrame) -> Block | None:
    reasons = indeterminate_reasons(results)
    if reasons.empty:
        return "No result is indeterminate."
    patients = results.loc[results["why"] != "", "patient"].nunique()
    caption = f"Who is indeterminate, and why: {patients} patients in at least one gene"
    return Table("pgx-indeterminate", caption, reasons[["gene", "patients", "why"]])
