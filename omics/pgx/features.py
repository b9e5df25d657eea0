"""Features of a patient: expected activity scores with their standard deviations, and weights of phenotypes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from omics.pgx.gene_call import CLEAR, GeneCall, GeneResult, result_of
from omics.pgx.phenotype import INDETERMINATE
from omics.pgx.phenotype_names import categories, score_genes

__all__ = ["RESULT_COLUMNS", "features_of", "results_of"]

Calls = Mapping[str, Mapping[str, GeneCall]]
"""Patient -> gene -> call."""

SHOWN = 3
"""Number of further diplotypes that the table of results lists."""

RESULT_COLUMNS = (
    "patient",
    "gene",
    "diplotype",
    "weight",
    "alternatives",
    "phenotype",
    "score",
    "mean",
    "sd",
    "missing",
    "positions",
    "source",
    "date",
    "why",
)


def features_of(calls: Calls) -> pd.DataFrame:
    """Convert calls to numbers, one patient at a time.

    Every gene that some patient was tested for has the same features in every cohort: ``GENE score`` and
    ``GENE score sd`` where the gene has an activity score, and ``GENE PHENOTYPE`` for each phenotype, with the weight
    of the consistent diplotypes that have it.

    Parameters
    ----------
    calls
        Patient -> gene -> call.

    Returns
    -------
    DataFrame
        Patients x features; NaN where the gene was not tested or the patient is indeterminate.

    Examples
    --------
    >>> row = features_of({"P1": {"CYP2D6": GeneCall("CYP2D6", "table", {"*1/*4": 1.0})}}).loc["P1"]
    >>> row[["CYP2D6 score", "CYP2D6 Intermediate Metabolizer", "CYP2D6 Poor Metabolizer"]].tolist()
    [1.0, 1.0, 0.0]
    """
    genes = sorted({gene for found in calls.values() for gene in found})
    rows = {
        patient: {
            name: value for gene, call in found.items() for name, value in _features(gene, result_of(call))
        }
        for patient, found in calls.items()
    }
    columns = [name for gene in genes for name in _names(gene)]
    return pd.DataFrame.from_dict(rows, orient="index", columns=None, dtype=np.float64).reindex(
        columns=columns
    )


def _names(gene: str) -> list[str]:
    scores = [f"{gene} score", f"{gene} score sd"] if gene in score_genes() else []
    return scores + [f"{gene} {name}" for name in categories(gene)]


def _features(gene: str, result: GeneResult) -> Iterator[tuple[str, float]]:
    if gene in score_genes():
        yield f"{gene} score", result.mean
        yield f"{gene} score sd", result.sd
    known = 1.0 - result.weights.get(INDETERMINATE, 0.0) if result.weights else 0.0
    for name in categories(gene):
        weight = sum(weight for text, weight in result.weights.items() if name in text.split(", "))
        yield f"{gene} {name}", weight / known if known >= CLEAR else math.nan


def results_of(calls: Calls) -> pd.DataFrame:
    """Table of the results, one row per patient and gene.

    Parameters
    ----------
    calls
        Patient -> gene -> call.

    Returns
    -------
    DataFrame
        RESULT_COLUMNS: the heaviest diplotype with its weight, up to three alternatives, phenotype, score, its expected
        value and standard deviation, missing positions, source, date of the table, and why a patient is indeterminate.
    """
    rows = [
        (patient, gene, *_cells(call, result_of(call)))
        for patient, found in calls.items()
        for gene, call in sorted(found.items())
    ]
    return pd.DataFrame(rows, columns=list(RESULT_COLUMNS))


def _cells(call: GeneCall, result: GeneResult) -> tuple[object, ...]:
    ordered = list(call.diplotypes.items())
    top, weight = ordered[0] if ordered else ("", math.nan)
    others = "; ".join(f"{name} {share:.3g}" for name, share in ordered[1 : 1 + SHOWN])
    score = "" if result.score is None else str(result.score)
    numbers = (result.mean, result.sd, call.missing, call.positions)
    return (top, weight, others, result.phenotype, score, *numbers, call.source, result.date, result.why)
