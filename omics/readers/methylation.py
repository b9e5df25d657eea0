"""Read methylation arrays: a matrix of beta values with probes in rows, and detection p-values if it has them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.common.errors import CohortError
from omics.readers.delimited import read_cells, read_header, with_row_names
from omics.readers.matrix import patient_table

__all__ = ["MAX_DETECTION_P", "read_beta_matrix"]

MAX_DETECTION_P = 0.01
"""Detection p-value above which a probe counts as not measured."""
COMPANION = re.compile(r"[ ._-]?detection[ ._-]?p(?:[ ._-]?val(?:ue)?)?(?:\.\d+)?$", re.IGNORECASE)
BETA_SUFFIX = re.compile(r"[ ._-]AVG_Beta$", re.IGNORECASE)


def read_beta_matrix(path: Path) -> pd.DataFrame:
    """Read beta values of a methylation array, from ``getBeta`` of minfi or from a processed table at GEO.

    Columns such as ``S1_Detection Pval``, or a plain ``Detection Pval`` to the right of its patient, have detection
    p-values: where p > 0.01 the signal of the probe does not exceed the background, and beta becomes NaN.
    The ``.AVG_Beta`` that GenomeStudio adds to the name of a patient is removed.

    Parameters
    ----------
    path
        Tab- or comma-separated, also with gzip; the first column has the probes, then one column per patient.

    Returns
    -------
    DataFrame
        ``sample_id``, then one column per probe, in the order of the file.

    Raises
    ------
    CohortError
        If a beta or p-value is outside [0, 1], a number is text, p-values belong to no patient, or a probe or a
        patient has no name or appears twice.

    References
    ----------
    Aryee et al. 2014 (minfi), doi 10.1093/bioinformatics/btu049;
    https://www.ncbi.nlm.nih.gov/geo/info/geo_illu.html
    """
    header = with_row_names(read_header(path), path)
    probe, *names = _pair(header.names)
    cells = read_cells(path, replace(header, names=[probe, *names]), [probe, *names])
    probes, values = cells.text(probe), cells.numbers(names)
    _check_range(values, names, probes, path)
    place = {name: i for i, name in enumerate(names)}
    patients = [name for name in names if not COMPANION.search(name)]
    for name in names:
        if COMPANION.search(name):
            undetected = values[:, place[name]] > MAX_DETECTION_P
            values[undetected, place[_patient_of(name, patients, path)]] = np.nan
    beta = values[:, [place[name] for name in patients]]
    return patient_table(patients, probes, beta.T, str(path))


def _pair(names: list[str]) -> list[str]:
    """Add the name of the patient to every plain column of detection p-values.

    >>> _pair(["ID_REF", "S1.AVG_Beta", "Detection Pval", "S2", "Detection Pval.1"])
    ['ID_REF', 'S1', 'S1 Detection Pval', 'S2', 'S2 Detection Pval']
    """
    paired = names[:1]
    for name in names[1:]:
        bare = COMPANION.fullmatch(name)
        paired.append(f"{paired[-1]} Detection Pval" if bare else BETA_SUFFIX.sub("", name))
    return paired


def _patient_of(companion: str, patients: Collection[str], path: Path) -> str:
    patient = COMPANION.sub("", companion)
    if patient not in patients:
        raise CohortError(
            f"detection p-values without a column '{patient}'; add the beta values of this patient",
            "orphan_detection",
            file=str(path),
            column=companion,
        )
    return patient


def _check_range(values: NDArray[np.float64], names: list[str], probes: list[str], path: Path) -> None:
    outside = (values < 0) | (values > 1)
    if outside.any():
        row, column = (int(i[0]) for i in outside.nonzero())
        raise CohortError(
            f"probe '{probes[row]}' is {values[row, column]:g}; beta values and p-values must lie in [0, 1]",
            "outside_unit_interval",
            file=str(path),
            column=names[column],
        )
