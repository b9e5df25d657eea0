"""The format ``pgx``: genotypes, diplotypes, phenotypes or scores of pharmacogenes from a VCF, a table or a program."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from omics.common.errors import CohortError
from omics.pgx.features import features_of, results_of
from omics.pgx.tables import CREDIT, LATEST
from omics.readers import PGX_RESULTS
from omics.readers.matrix import patient_table
from omics.readers.notes import attach_notes
from omics.readers.pgx_programs import calls_of_folder, calls_of_program, is_program_output
from omics.readers.pgx_tables import Calls, calls_of_table
from omics.readers.pgx_vcf import calls_of_vcf

__all__ = ["read_calls", "read_pgx"]

VCF_ENDINGS = (".vcf", ".vcf.gz", ".bcf")


def read_calls(path: Path) -> Calls:
    """Read the calls of all patients of a file or folder.

    Parameters
    ----------
    path
        A VCF, a table of diplotypes, phenotypes or scores, a result of PharmCAT or pypgx, or a folder of such results.

    Returns
    -------
    dict
        Patient -> gene -> call.

    Raises
    ------
    CohortError
        If the content is wrong.
    """
    if path.is_dir():
        return calls_of_folder(path)
    if path.name.endswith(VCF_ENDINGS):
        return calls_of_vcf(path)
    if is_program_output(path):
        return calls_of_program(path)
    if path.suffix in (".json", ".zip") or path.name.endswith(".json.gz"):
        raise CohortError("no result of PharmCAT or pypgx", "unknown_format", file=str(path))
    return calls_of_table(path)


def read_pgx(path: Path) -> pd.DataFrame:
    """Read pharmacogenes as features; one patient does not change the features of another.

    Parameters
    ----------
    path
        As for :func:`read_calls`.

    Returns
    -------
    DataFrame
        ``sample_id``, then the features of :func:`omics.pgx.features.features_of`. The results are in ``attrs``.

    Raises
    ------
    CohortError
        If the content is wrong, or no gene was called in any patient.

    References
    ----------
    CPIC, www.clinpgx.org; Caudle et al. 2020, doi 10.1111/cts.12692
    """
    calls = read_calls(path)
    features = features_of(calls)
    table = patient_table(
        list(features.index), list(features.columns), features.to_numpy(dtype=np.float64), str(path)
    )
    results = results_of(calls)
    table.attrs[PGX_RESULTS] = results.to_csv(index=False)
    return attach_notes(table, _notes(results))


def _notes(results: pd.DataFrame) -> list[str]:
    indeterminate = results["phenotype"] == "Indeterminate"
    notes = [f"phenotypes by the tables of {CREDIT}, {LATEST}"]
    if indeterminate.any():
        counts = results.loc[indeterminate, "gene"].value_counts().sort_index()
        listed = ", ".join(f"{gene} {count}" for gene, count in counts.items())
        notes += [f"indeterminate patients per gene: {listed}"]
    missing = int(results["missing"].sum())
    if missing:
        notes += [f"{missing} positions of patients are missing, and none of them is read as the reference"]
    return notes
