"""Methylation arrays: a matrix of beta values, probes in rows, with detection p-values if it has them."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.errors import CohortError
from omics.readers.delimited import read_columns, read_header
from omics.readers.matrix import patients_by_features

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
    header = read_header(path)
    names = _pair(header.names)
    probe = names[0]
    table = read_columns(path, replace(header, names=names), {probe})
    patients = [name for name in names[1:] if not COMPANION.search(name)]
    beta = table[patients].to_numpy(copy=True)
    _check_range(table[names[1:]].to_numpy(), names[1:], table[probe], path)
    place = {patient: i for i, patient in enumerate(patients)}
    for name in names[1:]:
        if COMPANION.search(name):
            undetected = table[name].to_numpy() > MAX_DETECTION_P
            beta[undetected, place[_patient_of(name, place, path)]] = np.nan
    return patients_by_features(patients, table[probe].tolist(), beta.T, path)


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


def _check_range(values: NDArray[np.float64], names: list[str], probes: pd.Series[str], path: Path) -> None:
    outside = (values < 0) | (values > 1)
    if outside.any():
        row, column = (int(i[0]) for i in outside.nonzero())
        raise CohortError(
            f"probe '{probes.iloc[row]}' is {values[row, column]:g}; beta values and p-values lie in [0, 1]",
            "outside_unit_interval",
            file=str(path),
            column=names[column],
        )
