"""Frequencies of phenotypes in a cohort, by ancestry, beside those of people of 1000 Genomes."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pandas as pd

from omics.pgx.tables import read_rows
from stratomics.evaluation.intervals import exact_interval

__all__ = ["ALL", "ANCESTRY_WORDS", "REFERENCE", "indeterminate_reasons", "phenotype_frequencies"]

TABLES = Path(__file__).parent / "tables"
ALL = "all patients"
"""Name of the group of all patients."""

REFERENCE = (
    "1000 Genomes at 30x (Byrska-Bishop et al. 2022, doi 10.1016/j.cell.2022.08.004), with diplotypes by ursaPGx and "
    "phenotypes by the same tables"
)
"""Source of the published frequencies."""

ANCESTRY_WORDS = ("ancestry", "race", "ethnicity", "population", "biogeographic")
"""Words in the name of a covariate that groups patients by ancestry."""

POPULATIONS = {
    "african": "African",
    "black": "African",
    "black or african american": "African",
    "afr": "African",
    "american": "American",
    "hispanic": "American",
    "amr": "American",
    "asian": "East Asian",
    "east asian": "East Asian",
    "eas": "East Asian",
    "caucasian": "European",
    "european": "European",
    "white": "European",
    "eur": "European",
    "south asian": "South Asian",
    "sas": "South Asian",
}
"""Name of a group, in lower case -> population of 1000 Genomes."""

FEWEST = 10
"""Number of patients from which a group is shown."""


def phenotype_frequencies(results: pd.DataFrame, ancestry: pd.Series[str] | None = None) -> pd.DataFrame:
    """Count the phenotypes of each gene, in all patients and by ancestry.

    Parameters
    ----------
    results
        One row per patient and gene.
    ancestry
        Patient -> group; None if it is not known.

    Returns
    -------
    DataFrame
        ``gene``, ``group``, ``phenotype``, ``patients``, ``of``, ``share`` with its exact 95% interval ``low`` and
        ``high``, and ``published``: the share in the population of 1000 Genomes with the name of the group, NaN if
        there is none.
    """
    tables = [results.assign(group=ALL)]
    if ancestry is not None:
        grouped = results.assign(group=results["patient"].map(ancestry)).dropna(subset=["group"])
        counts = grouped.groupby(["gene", "group"])["patient"].transform("size")
        tables.append(grouped[counts >= FEWEST])
    rows = pd.concat(tables, ignore_index=True)
    counted = rows.groupby(["gene", "group", "phenotype"], sort=True).size().rename("patients").reset_index()
    first = counted["group"] != ALL
    counted = counted.assign(first=first).sort_values(["gene", "first"], kind="stable", ignore_index=True)
    counted = counted.drop(columns="first")
    counted["of"] = counted.groupby(["gene", "group"])["patients"].transform("sum")
    ends = [exact_interval(k, n) for k, n in zip(counted["patients"], counted["of"], strict=True)]
    counted["share"] = counted["patients"] / counted["of"]
    counted[["low", "high"]] = np.array(ends).reshape(-1, 2)
    counted["published"] = [
        _published(gene, group, phenotype)
        for gene, group, phenotype in zip(
            counted["gene"], counted["group"], counted["phenotype"], strict=True
        )
    ]
    return counted


def _published(gene: str, group: str, phenotype: str) -> float:
    population = POPULATIONS.get(group.strip().lower())
    found = _reference()
    if population is None or (gene, population) not in found:
        return float("nan")
    return found[gene, population].get(phenotype, 0.0)


@lru_cache
def _reference() -> dict[tuple[str, str], dict[str, float]]:
    """(gene, population) -> phenotype -> share."""
    shares: dict[tuple[str, str], dict[str, float]] = {}
    for row in read_rows(TABLES / "reference_phenotypes.csv"):
        of_group = shares.setdefault((row["gene"], row["population"]), {})
        of_group[row["phenotype"]] = int(row["people"]) / int(row["of"])
    return shares


def indeterminate_reasons(results: pd.DataFrame) -> pd.DataFrame:
    """Count the reasons for indeterminate results.

    Parameters
    ----------
    results
        One row per patient and gene.

    Returns
    -------
    DataFrame
        ``gene``, ``why``, ``patients``, the most frequent first within a gene. Reasons that differ only in their
        weights count together.
    """
    unknown = results[results["why"] != ""]
    why = unknown["why"].str.replace(
        r"possible are .*", "several diplotypes with different phenotypes are possible", regex=True
    )
    counted = (
        unknown.assign(why=why).groupby(["gene", "why"], sort=True).size().rename("patients").reset_index()
    )
    return counted.sort_values(["gene", "patients"], ascending=[True, False], kind="stable").reset_index(
        drop=True
    )
