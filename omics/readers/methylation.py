"""Methylation arrays: a matrix of beta values, probes in rows, with detection p-values if it has them."""

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
COMPANION = re.compile(r"[ ._-]?detection[ ._-]?p(?:[ ._-]?val(?:ue)?)?(?:\.\d+)?$", re.IGNORECASE)
BETA_SUFFIX = re.compile(r"[ ._-]AVG_Beta$", re.IGNORECASE)


def read_beta_matrix(path: Path) -> pd.DataFrame:
    """Beta values of a methylation array, as ``getBeta`` of minfi or a processed table at GEO has them.

    Columns such as ``S1_Detection Pval``, or a bare ``Detection Pval`` right of its patient, are
    companions: where p > 0.01 the probe does not stand out from the background, and beta becomes NaN.
    GenomeStudio's ``.AVG_Beta`` behind a patient is cut off.

    Parameters
    ----------
    path
        Tab- or comma-separated, gzip too; first column the probe, then a column a patient.

    Returns
    -------
    DataFrame
        ``sample_id``, then a column a probe, in the order of the file.

    Raises
    ------
    CohortError
        A beta or a p outside [0, 1], text for a number, a companion without its patient, or a
        probe or a patient without a name or twice.

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
    """Give every companion the name of its patient.

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
            f"detection p-values without a column '{patient}'; give the beta values of that patient too",
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
            f"probe '{probes[row]}' is {values[row, column]:g}; beta values and p-values lie in [0, 1]",
            "outside_unit_interval",
            file=str(path),
            column=names[column],
        )
