"""Results of pharmacogenes that a cohort carries: one row per patient and gene, over all its views."""

from __future__ import annotations

import io
from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import pandas as pd

from omics.common.errors import CohortError, InputError
from omics.pgx.features import RESULT_COLUMNS
from omics.pgx.phenotype import INDETERMINATE
from omics.readers import PGX_RESULTS

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["gene_results", "has_gene_results", "parse_results"]

TEXTS = ("patient", "gene", "diplotype", "alternatives", "phenotype", "score", "source", "date", "why")


def has_gene_results(cohort: MuData) -> bool:
    """Whether a view of a cohort was read with the format pgx."""
    return any(PGX_RESULTS in view.uns for view in cohort.mod.values())


def gene_results(cohort: MuData) -> pd.DataFrame:
    """Collect the results of all views of a cohort.

    A gene in several views, such as CYP2D6 in a VCF and in the table of a structural caller, has the result that is
    determinate.

    Parameters
    ----------
    cohort
        The cohort.

    Returns
    -------
    DataFrame
        RESULT_COLUMNS, one row per patient and gene.

    Raises
    ------
    InputError
        If no view was read with the format pgx.
    CohortError
        If two views have different phenotypes of one gene of a patient.
    """
    tables = []
    for view in cohort.mod.values():
        if PGX_RESULTS in view.uns:
            table = parse_results(view.uns[PGX_RESULTS])
            tables.append(table[table["patient"].isin(view.obs_names)])
    if not tables:
        raise InputError(
            "the cohort has no pharmacogenes; declare a view with format: pgx, or run `stratomics init` again"
        )
    return _joined(tables)


def parse_results(text: str) -> pd.DataFrame:
    """Read a table of results from csv text."""
    kinds: dict[Hashable, type[str]] = dict.fromkeys(TEXTS, str)
    table = pd.read_csv(
        io.StringIO(str(text)),
        dtype=kinds,
        keep_default_na=False,
        na_values={"weight": [""], "mean": [""], "sd": [""]},
    )
    return table[list(RESULT_COLUMNS)]


def _joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    rows = pd.concat(tables, ignore_index=True)
    rows = rows.assign(unknown=rows["phenotype"] == INDETERMINATE)
    rows = rows.sort_values(["patient", "gene", "unknown"], kind="stable")
    known = rows[~rows["unknown"]]
    different = known.groupby(["patient", "gene"])["phenotype"].nunique()
    if (different > 1).any():
        patient, gene = different.index[int((different > 1).to_numpy().argmax())]
        raise CohortError(
            f"two views have different phenotypes of {gene}; keep one of them",
            "two_diplotypes",
            patient=str(patient),
        )
    first = rows.drop_duplicates(["patient", "gene"])
    return first.drop(columns="unknown").reset_index(drop=True)
