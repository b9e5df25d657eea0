"""Guidance per patient and drug: the class of recommendation that guidelines give for the results of the genes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import pandas as pd

from omics.pgx.phenoconversion import convert
from omics.pgx.phenotype import INDETERMINATE
from omics.pgx.phenotype_names import score_genes
from omics.pgx.score import parse_score
from omics.pgx.tables import CREDIT, LATEST, RESEARCH_USE
from stratomics.pharmacology.guidelines import (
    GUIDELINES_DATE,
    LEVEL,
    LOG_DATE,
    Rule,
    genes_of_drug,
    guideline_of_drug,
    holds,
    rules,
    withheld,
)

__all__ = ["GUIDANCE_COLUMNS", "NO_GUIDANCE", "SOURCE", "guidance"]

SOURCE = (
    f"Phenotypes by the tables of {CREDIT}, {LATEST}; recommendations by those of {GUIDELINES_DATE}, unchanged in "
    f"CPIC's log to {LOG_DATE}. {RESEARCH_USE}"
)
"""Line under every table of guidance."""

NO_GUIDANCE = "none"

GUIDANCE_COLUMNS = (
    "patient",
    "drug",
    "results",
    "under drugs",
    "recommendation",
    "strength",
    "level",
    "guideline",
    "version",
    "link",
    "why",
    "tables",
    "note",
)


class _Result(NamedTuple):
    """Result of a gene under the drugs that a patient takes."""

    phenotype: str
    score: str
    note: str
    why: str


def guidance(results: pd.DataFrame, medication: pd.DataFrame | None = None) -> pd.DataFrame:
    """Recommendation for each patient and drug.

    Parameters
    ----------
    results
        One row per patient and gene, as from :func:`omics.readers.gene_results.gene_results`.
    medication
        As from :func:`stratomics.pharmacology.medication.checked_medication`; without it every drug that uses a gene of
        the patient, and no drug taken at baseline.

    Returns
    -------
    DataFrame
        GUIDANCE_COLUMNS, with the date of the tables in every row. ``recommendation`` is a class such as ``lower
        dose``, or ``none`` with the reason in ``why``; ``under drugs`` says which drugs convert a phenotype (CYP2D6) or
        may change it (other genes).
    """
    of_patient = {str(name): _by_gene(rows) for name, rows in results.groupby("patient", sort=False)}
    table = pd.DataFrame(list(_rows(of_patient, medication)), columns=list(GUIDANCE_COLUMNS[:-2]))
    return table.assign(tables=f"{CREDIT}, {LATEST}", note=RESEARCH_USE)


def _by_gene(rows: pd.DataFrame) -> dict[str, tuple[str, str, str]]:
    columns = [rows[name].astype(str) for name in ("gene", "phenotype", "score", "why")]
    return {gene: (phenotype, score, why) for gene, phenotype, score, why in zip(*columns, strict=True)}


def _rows(
    of_patient: Mapping[str, Mapping[str, tuple[str, str, str]]], medication: pd.DataFrame | None
) -> Iterator[tuple[str, ...]]:
    if medication is None:
        for patient, found in of_patient.items():
            for drug in sorted({*rules(), *withheld()}):
                if set(genes_of_drug(drug)) & set(found):
                    yield _row(patient, drug, found, frozenset())
        return
    for name, drugs in medication.groupby("patient", sort=False):
        taken = frozenset(drugs.loc[drugs["use"] != "planned", "drug"])
        for drug in dict.fromkeys(drugs["drug"]):
            if drug in rules() or drug in withheld():
                yield _row(str(name), drug, of_patient.get(str(name), {}), taken)


def _row(
    patient: str, drug: str, found: Mapping[str, tuple[str, str, str]], taken: frozenset[str]
) -> tuple[str, ...]:
    results = {gene: _converted(gene, found, taken, drug) for gene in genes_of_drug(drug)}
    rule = next((rule for rule in rules().get(drug, ()) if _applies(rule, results)), None)
    guideline = guideline_of_drug(drug)
    shown = "; ".join(f"{gene} {_shown(result)}" for gene, result in results.items())
    notes = "; ".join(f"{gene}: {result.note}" for gene, result in results.items() if result.note)
    about = (LEVEL, guideline.title, guideline.version, guideline.link)
    if rule is None:
        why = withheld()[drug].why if drug in withheld() else _reason(results)
        return (patient, drug, shown, notes, NO_GUIDANCE, "", *about, why)
    return (patient, drug, shown, notes, rule.action, rule.strength, *about, "")


def _converted(
    gene: str, found: Mapping[str, tuple[str, str, str]], taken: frozenset[str], drug: str
) -> _Result:
    if gene not in found:
        return _Result(INDETERMINATE, "", "", "not tested")
    phenotype, score, why = found[gene]
    after = convert(gene, phenotype, parse_score(score), taken, drug)
    text = "" if after.score is None else str(after.score)
    note = f"{after.note}, {phenotype} becomes {after.phenotype}" if after.converted else after.note
    return _Result(after.phenotype, text, note, why)


def _applies(rule: Rule, results: Mapping[str, _Result]) -> bool:
    return all(
        any(holds(one, results[gene].phenotype, results[gene].score) for one in alternatives)
        for gene, alternatives in rule.conditions
    )


def _shown(result: _Result) -> str:
    return f"{result.phenotype} ({result.score})" if result.score else result.phenotype


def _reason(results: Mapping[str, _Result]) -> str:
    several = [gene for gene, one in results.items() if not one.score and one.phenotype != INDETERMINATE]
    unknown = [
        f"{gene}: {one.why or 'indeterminate'}"
        for gene, one in results.items()
        if one.phenotype == INDETERMINATE
    ]
    unknown += [f"{gene}: several activity scores are possible" for gene in several if gene in score_genes()]
    return "; ".join(unknown) or "the guideline has no recommendation for this result"
