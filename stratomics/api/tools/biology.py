"""Gene-set analysis of the factors of a cohort, or of its groups, and activity of signalling pathways."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from models.factors.annotate import FACTORS
from omics.common.errors import DataError, InputError
from stratomics.api.tools.projection import stability
from stratomics.api.tools.stored_factors import checked_cohort, stored_factors, stored_keys, writable
from stratomics.strata.biology.from_cohort import (
    activity_of,
    factor_comparison,
    feature_tables,
    group_comparisons,
)
from stratomics.strata.biology.identifiers import canonical
from stratomics.strata.biology.one_view import ContrastModel
from stratomics.strata.biology.panel_sets import analyse_everything, panel_scores
from stratomics.strata.biology.sets import SetCollection, read_gmt

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.strata.panel.panel import LockedPanel

__all__ = ["BIOLOGY", "biology", "pathway_activity", "stored_biology"]

BIOLOGY = "biology"
"""Key of the analysis in ``uns``."""

log = logging.getLogger(__name__)


def biology(
    cohort: MuData,
    sets: str | Path | Mapping[str, Iterable[str]] | None = None,
    groups: str | None = None,
    *,
    panel: LockedPanel | None = None,
    key: str = FACTORS,
    copy: bool = False,
) -> MuData | None:
    """Find sets of features that rise or fall with factors or a panel, or differ between groups of patients.

    A set of genes, proteins, metabolites or taxa is compared with all other features of its view by CAMERA (Wu and
    Smyth 2012, doi 10.1093/nar/gks461). Factors with poor stability are not tested. Nothing is fetched from a network.

    Parameters
    ----------
    cohort
        A cohort after ``st.tl.factors``; with `groups` or `panel`, factors are not needed.
    sets
        A gmt file, or set -> ids of its features. By default: MSigDB Hallmarks and WikiPathways for genes and proteins,
        Reactome pathways for metabolites (ChEBI), and taxa from the lineages that name the features of a microbiome.
        Ids are compared with the names of features and with the columns of ``var``.
    groups
        Column of ``cohort.obs``; each of its groups is tested against the rest too.
    panel
        A locked panel (``st.Panel``): its score is tested too, against all features but its analytes.
    key
        Key of the factors.
    copy
        Write into a copy of the cohort, and return it.

    Returns
    -------
    MuData or None
        The copy if `copy` is True. ``uns["biology"]`` has ``tests``, the table that ``st.get.biology`` returns,
        ``notes``: how features were matched, and what was not tested, and ``key``. New factors of this key remove it.

    Raises
    ------
    InputError
        If the cohort has no factors, and neither `groups` nor `panel` is given, or the sets cannot be read.
    DataError
        If nothing can be tested: no id agrees, species are mixed, or all factors have poor stability.

    Examples
    --------
    >>> import stratomics as st
    >>> cohort = st.datasets.acc()
    >>> st.tl.biology(cohort, groups="radiation")
    >>> st.get.biology(cohort)["view"].unique().tolist()
    ['cna', 'mrna', 'rppa']
    """
    checked_cohort(cohort, write=not copy)
    given = _given(sets)
    config, families, notes = HarmonizeConfig(), list[list[ContrastModel]](), list[str]()
    if (groups is None and panel is None) or key in stored_keys(cohort):
        stored = stored_factors(cohort, key)
        config = HarmonizeConfig(**json.loads(str(cohort.uns[key]["harmonize"])))
        mean = np.where(stored.known[:, None], stored.mean, np.nan)
        scores = pd.DataFrame(mean, cohort.obs_names, list(stored.names))
        model, notes = factor_comparison(scores, stability(cohort, key))
        families.append([model] if model.tested else [])
    if groups is not None:
        families.append(group_comparisons(cohort.obs, groups))
    if not any(families) and panel is None:
        raise DataError(
            "all factors have poor stability, so that none is interpreted; name groups to compare"
        )
    tables = feature_tables(cohort, Harmonizer(config).fit(cohort))
    scored = None if panel is None else panel_scores(panel, cohort)
    found = analyse_everything(tables, families, scored, given)
    found = replace(found, notes=(*notes, *found.notes, *found.panel))
    for note in found.notes:
        log.info(note)
    target = writable(cohort, copy=copy)
    about = {"tests": found.tests, "notes": np.array(found.notes, dtype=object)}
    target.uns[BIOLOGY] = {**about, "key": key}
    return target if copy else None


def pathway_activity(cohort: MuData) -> pd.DataFrame:
    """Compute the activity of 14 signalling pathways in each patient, by PROGENy.

    Parameters
    ----------
    cohort
        A cohort with a view of human transcripts.

    Returns
    -------
    pandas.DataFrame
        Patients of this view x pathways; see :func:`stratomics.strata.biology.progeny.pathway_activity`. Activities are
        relative to these patients.

    Raises
    ------
    DataError
        If no view has a third of the genes.
    """
    activity = activity_of(checked_cohort(cohort))
    if activity is None:
        raise DataError(
            "no view of transcripts has a third of the genes of PROGENy; name genes by human symbols, or give a column "
            "of var with them"
        )
    return activity


def stored_biology(cohort: MuData) -> pd.DataFrame:
    """Read the table of tests that :func:`biology` wrote.

    Raises
    ------
    InputError
        If there is none.
    """
    about: Any = checked_cohort(cohort).uns.get(BIOLOGY)
    if not hasattr(about, "keys") or "tests" not in about:
        raise InputError("no gene-set analysis in this cohort; run st.tl.biology(cohort) first")
    table: pd.DataFrame = about["tests"]
    return table.copy()


def _given(sets: str | Path | Mapping[str, Iterable[str]] | None) -> SetCollection | None:
    if sets is None:
        return None
    if isinstance(sets, str | Path):
        return read_gmt(Path(sets))
    if not isinstance(sets, Mapping) or not sets or any(isinstance(one, str) for one in sets.values()):
        raise InputError("sets are neither a gmt file nor a dict of set to list of ids; give one of them")
    members = {str(name): tuple(dict.fromkeys(map(canonical, one))) for name, one in sets.items()}
    return SetCollection("given", members, {name: name for name in members})
