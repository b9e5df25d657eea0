"""Which phenotypes change between two dates of the tables: of all diplotypes, and of the patients of a cohort."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations_with_replacement
from pathlib import Path

import pandas as pd

from omics.common.errors import CohortError, ConfigError, nearest
from omics.pgx.nomenclature import diplotype_text
from omics.pgx.phenotype import phenotype_in
from omics.pgx.tables import DATES, PhenotypeTable, table_of_date
from omics.readers.plain_tables import read_columns

__all__ = ["changed_diplotypes", "changed_patients", "compared_genes"]

Diplotypes = dict[tuple[str, str], str]
"""(gene, diplotype) -> phenotype and score, as one text."""


def changed_diplotypes(old: str, new: str) -> pd.DataFrame:
    """Diplotypes that both tables have, with the phenotypes of both.

    Parameters
    ----------
    old, new
        Date of a shipped table, or path of a csv of diplotypes: ``gene``, ``diplotype``, ``phenotype`` and, optionally,
        ``activity_score``.

    Returns
    -------
    DataFrame
        ``gene``, ``diplotype``, ``old``, ``new``, and ``changed``.

    Raises
    ------
    ConfigError
        If there is no such table.

    Examples
    --------
    >>> table = changed_diplotypes("2025-11-05", "2026-10-11")
    >>> int(table.loc[table["gene"] == "TPMT", "changed"].sum())
    706
    """
    before, after = _table(old), _table(new)
    rows = [(*key, before[key], after[key]) for key in before if key in after]
    table = pd.DataFrame(rows, columns=["gene", "diplotype", "old", "new"])
    return table.assign(changed=table["old"] != table["new"])


def compared_genes(changes: pd.DataFrame) -> pd.DataFrame:
    """Count the diplotypes of both tables, and those that changed, per gene."""
    groups = changes.groupby("gene")["changed"]
    return pd.DataFrame({"diplotypes": groups.size(), "changed": groups.sum().astype(int)}).reset_index()


def changed_patients(results: pd.DataFrame, changes: pd.DataFrame) -> pd.DataFrame:
    """Patients of a cohort whose phenotype differs between the two tables.

    Parameters
    ----------
    results
        One row per patient and gene, as from :func:`omics.readers.gene_results.gene_results`.
    changes
        As from :func:`changed_diplotypes`.

    Returns
    -------
    DataFrame
        ``patient``, ``gene``, ``diplotype``, ``old``, ``new``.
    """
    changed = changes.loc[changes["changed"], ["gene", "diplotype", "old", "new"]]
    found = results[["patient", "gene", "diplotype"]].merge(changed, on=["gene", "diplotype"])
    return found.sort_values(["patient", "gene"]).reset_index(drop=True)


def _table(name: str) -> Diplotypes:
    if name in DATES:
        return dict(_all_diplotypes(table_of_date(name)))
    path = Path(name)
    if not path.is_file():
        raise ConfigError(
            f"'{name}' is neither a date of a table nor a csv of diplotypes; {nearest(name, DATES)}"
        )
    table = read_columns(path)
    for column in ("gene", "diplotype", "phenotype"):
        if column not in table:
            raise CohortError(
                f"no column '{column}'; {nearest(column, map(str, table.columns))}",
                "missing_column",
                file=name,
                column=column,
            )
    scores = (
        table["activity_score"].fillna("").astype(str) if "activity_score" in table else [""] * len(table)
    )
    return {
        (str(gene), diplotype_text(tuple(str(diplotype).split("/")))): _text(str(phenotype), str(score))
        for gene, diplotype, phenotype, score in zip(
            table["gene"], table["diplotype"], table["phenotype"], scores, strict=True
        )
    }


def _all_diplotypes(table: PhenotypeTable) -> Iterator[tuple[tuple[str, str], str]]:
    for gene, classes in table.classes.items():
        if not any(second for _, second in table.pairs[gene]):
            continue  # one allele per patient
        for pair in combinations_with_replacement(classes, 2):
            name = diplotype_text(pair)
            found = phenotype_in(table, gene, name)
            yield (gene, name), _text(found.text, "" if found.score is None else str(found.score))


def _text(phenotype: str, score: str) -> str:
    score = score.removesuffix(".0")
    return phenotype if score in ("", "n/a") else f"{phenotype} ({score})"
