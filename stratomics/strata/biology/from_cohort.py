"""What a gene-set analysis needs of a cohort: the features of its views, factors or groups, and pathway activity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from datamodules.harmonizer import Harmonizer
from omics.cohort.read import cohort_spec
from omics.cohort.views import modality_of
from omics.common.errors import DataError, InputError, nearest
from omics.common.view_blocks import measured_patients, value_blocks
from stratomics.strata.biology.identifiers import LEAST_MATCHED
from stratomics.strata.biology.one_view import FEWEST, ContrastModel, FeatureTable
from stratomics.strata.biology.progeny import covered_share, pathway_activity

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["activity_of", "factor_comparison", "feature_tables", "group_comparisons"]

MOST_GROUPS = 20
"""A column with more values is no column of groups."""

PAIR = 2


def feature_tables(cohort: MuData, harmonizer: Harmonizer) -> list[FeatureTable]:
    """Harmonized values of all features that the harmonizer kept, one table per view.

    Parameters
    ----------
    cohort
        All patients.
    harmonizer
        Fitted on them.

    Returns
    -------
    list of FeatureTable
        Views without features are left out. Missing values are imputed as for the factors.
    """
    batch = harmonizer.transform(cohort)
    tables = []
    for view, names in harmonizer.features.items():
        if view in cohort.mod and len(names):
            present = batch.present(view)
            values = pd.DataFrame(batch.views[view][present], batch.sample_ids[present], names)
            modality = harmonizer.views[view].spec.modality
            tables.append(FeatureTable(view, modality, values, cohort[view].var.loc[names]))
    return tables


def factor_comparison(scores: pd.DataFrame, stability: pd.DataFrame) -> tuple[ContrastModel, list[str]]:
    """Compare patients by their factors, all in one model; factors with poor stability are not tested.

    Parameters
    ----------
    scores
        Patients x factors; NaN for a patient without any view.
    stability
        Columns ``factor`` and ``verdict``, from :func:`models.factors.stability.stability`.

    Returns
    -------
    ContrastModel
        The comparison.
    list of str
        A sentence on the factors that are left out; empty if there is none.
    """
    verdict = stability.set_index("factor")["verdict"]
    poor = [name for name in map(str, scores.columns) if verdict.get(name, "poor") == "poor"]
    tested = tuple(name for name in map(str, scores.columns) if name not in poor)
    return ContrastModel(scores, tested), [_poor_sentence(poor)] if poor else []


def _poor_sentence(poor: list[str]) -> str:
    numbers = ", ".join(name.removeprefix("factor") for name in poor)
    are = f"Factor {numbers} is" if len(poor) == 1 else f"Factors {numbers} are"
    return f"{are} not tested, because of poor stability."


def group_comparisons(samples: pd.DataFrame, column: str) -> list[ContrastModel]:
    """Compare each group of patients with the rest.

    Parameters
    ----------
    samples
        One row per patient.
    column
        Column of the groups; patients without a value are left out.

    Returns
    -------
    list of ContrastModel
        One per group, named by column and group; of two groups, the second against the first.

    Raises
    ------
    InputError
        If there is no such column.
    DataError
        If it has one value, more than twenty, or no group of five patients.

    Examples
    --------
    >>> samples = pd.DataFrame({"msi": ["high"] * 5 + ["stable"] * 6})
    >>> [one.tested for one in group_comparisons(samples, "msi")]
    [('msi stable',)]
    """
    if column not in samples:
        raise InputError(
            f"no column '{column}' in the samples table; {nearest(column, map(str, samples.columns))}"
        )
    values = samples[column]
    levels = sorted(values.dropna().unique(), key=str)
    if not PAIR <= len(levels) <= MOST_GROUPS:
        raise DataError(
            f"column '{column}' has {len(levels)} different values; give a column with 2 to {MOST_GROUPS} groups"
        )
    known = values.notna()
    comparisons = []
    for level in levels[1:] if len(levels) == PAIR else levels:
        inside = (values == level).astype(np.float64).where(known)
        if min(inside.sum(), known.sum() - inside.sum()) >= FEWEST:
            text = str(level)
            name = text if text.casefold().startswith(column.casefold()) else f"{column} {text}"
            comparisons.append(ContrastModel(inside.to_frame(name), (name,)))
    if not comparisons:
        raise DataError(
            f"no group of column '{column}' has {FEWEST} patients, and {FEWEST} outside; merge groups"
        )
    return comparisons


def activity_of(cohort: MuData) -> pd.DataFrame | None:
    """Compute the pathway activity of the patients in the first view of transcripts that has the genes for it.

    Parameters
    ----------
    cohort
        All patients.

    Returns
    -------
    pandas.DataFrame or None
        From :func:`stratomics.strata.biology.progeny.pathway_activity`, on the log scale of the modality; None if no
        view has a third of the genes of PROGENy, and five patients.
    """
    for view, spec in cohort_spec(cohort).views.items():
        if spec.modality != "transcriptomics":
            continue
        table, modality = cohort[view], modality_of(spec)
        values = np.empty(table.shape)
        for rows, raw in value_blocks(table):
            values[rows] = modality.transform(raw, spec.scale)
        values[~np.isfinite(values)] = np.nan
        kept, known = measured_patients(table), np.isfinite(values).any(axis=0)
        frame = pd.DataFrame(values[kept][:, known], table.obs_names[kept], table.var_names[known])
        if covered_share(table.var[known]) >= LEAST_MATCHED and len(frame) >= FEWEST:
            return pathway_activity(frame, table.var[known])
    return None
