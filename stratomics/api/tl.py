"""Tools: factors of all patients of a cohort, their associations, biology and UMAP; written into the cohort."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from models.factors import FACTOR_MODELS
from models.factors.annotate import FACTORS, annotate, known_column, loadings_key
from models.factors.associations import associations as association_table
from models.factors.factor_model import FactorModel
from omics.common.errors import ConfigError, DataError, InputError, nearest
from omics.common.registry import check_choice, lazy_getattr, resolve
from stratomics.api.dose import dose
from stratomics.api.tools.biology import BIOLOGY, biology, pathway_activity
from stratomics.api.tools.groups import search_subtypes, subtypes
from stratomics.api.tools.projection import project, reconstruct, stability
from stratomics.api.tools.scanpy_tools import neighbours_umap
from stratomics.api.tools.stored_factors import (
    UMAP,
    associations_key,
    checked_cohort,
    stored_factors,
    stored_keys,
    writable,
)
from stratomics.api.tools.tumour_growth import tumour_growth
from stratomics.api.tools.twin_trial import twin_trial
from stratomics.experiment.factor_tables import factor_seed
from stratomics.experiment.parse_config import config_from_keys
from stratomics.runtime.logs import quiet_libraries

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.config import ExperimentConfig

__all__ = [
    "associations",
    "biology",
    "dose",
    "factors",
    "pathway_activity",
    "project",
    "reconstruct",
    "search_subtypes",
    "stability",
    "subtypes",
    "tumour_growth",
    "twin_trial",
    "umap",
]

if not TYPE_CHECKING:
    # A misspelt name gets a suggestion; type checkers find it by themselves.
    __getattr__ = lazy_getattr(__name__, {name: f"{__name__}:{name}" for name in __all__})


def __dir__() -> list[str]:
    return sorted(__all__)


log = logging.getLogger(__name__)


def factors(
    cohort: MuData,
    count: int = 15,
    model: str = "pca",
    *,
    key_added: str = FACTORS,
    seed: int = 1,
    copy: bool = False,
    **harmonize: Any,
) -> MuData | None:
    """Fit factors that the views share to all patients of a cohort, and write them into it.

    This describes the cohort. To predict, use :class:`stratomics.Stratifier`, which fits factors inside the training
    folds: a model that is trained on these factors, and evaluated on the same patients, is overfitted. With the same
    settings they are the factors in the report of a run. Outcomes are not used, except by the model
    ``supervised_vae``; the cohort need not have an endpoint.

    Parameters
    ----------
    cohort
        The patients, who may lack any of the views.
    count
        Number of factors to start with. The models gfa and mofa drop factors that explain nothing, and gfa splits a
        factor that the views do not share.
    model
        Factor model: pca, gfa, vae, supervised_vae, mofa, or one that is registered.
    key_added
        Key of what is written, as listed below for the default.
    seed
        Seed of everything that is random in the model.
    copy
        Write into a copy of the cohort, and return it.
    **harmonize
        How views are made comparable, such as ``max_features=500``: settings of
        :class:`datamodules.config.HarmonizeConfig`.

    Returns
    -------
    MuData or None
        The copy if `copy` is True. Otherwise `cohort` gets:

        - ``obsm["X_factors"]``, ``obsm["X_factors_sd"]``: posterior mean and sd (n, k), times the root of the variance
          that each factor explains (mean over views), so that distances between patients count a factor by what it
          explains. Also in each view, for its patients.
        - ``obs["factors_known"]``: False for patients without any view, who have the prior: mean 0.
        - ``varm["loadings"]`` of each view (``KEY_loadings`` for other keys): for factors of variance 1, on the
          harmonized scale; 0 for a feature that was left out.
        - ``uns["factors"]``: ``names``, ``scale``, ``variance_explained`` (views x factors), and the settings.

        Associations, biology and UMAP of earlier factors with the same key are removed.

    Raises
    ------
    ConfigError
        If a setting does not exist or is out of range.
    InputError
        If `cohort` is a view of another one, has too few patients or features for `count`, or uses the key for
        something else.

    Examples
    --------
    >>> import stratomics as st
    >>> cohort = st.datasets.acc()
    >>> st.tl.factors(cohort, count=3, max_features=50)
    >>> cohort.obsm["X_factors"].shape, cohort["rppa"].varm["loadings"].shape
    ((92, 3), (33, 3))
    """
    checked_cohort(cohort, write=not copy)
    config = _config(harmonize, count=count, model=model, seed=seed)
    check_choice(FACTOR_MODELS, model, "factor model")
    _check_key(cohort, key_added)
    quiet_libraries()
    target = writable(cohort, copy=copy)
    harmonizer = Harmonizer(config.harmonize).fit(target)
    batch = harmonizer.transform(target)
    features = sum(values.shape[1] for values in batch.views.values())
    _check_count(count, int(batch.known(batch.views).sum()), features)
    # The seed that a run uses for the factors of its report.
    fitted: FactorModel = resolve(FACTOR_MODELS, model, "factor model")(count, factor_seed(seed)).fit(batch)
    _remove_results(target, key_added)
    annotate(target, harmonizer, fitted, key_added)
    found = len(target.uns[key_added]["names"])
    if found < count:
        log.warning(
            "%d of the %d factors that were asked for explain something; the others are dropped", found, count
        )
    target.uns[key_added] |= {
        "model": model,
        "count": count,
        "seed": seed,
        "harmonize": json.dumps(asdict(config.harmonize)),
    }
    return target if copy else None


def associations(cohort: MuData, key: str = FACTORS, *, copy: bool = False) -> MuData | None:
    """Test each factor against each covariate, the site, the arm and each endpoint of the cohort.

    The table is descriptive. Patients without any view are left out, since their factors have no information.

    Parameters
    ----------
    cohort
        A cohort after :func:`factors`; without endpoints, the other variables are tested.
    key
        Key of the factors.
    copy
        Write into a copy of the cohort, and return it.

    Returns
    -------
    MuData or None
        The copy if `copy` is True. ``uns["factors_associations"]`` is the table of
        :func:`models.factors.associations.associations`, a data frame with one row per test.

    Raises
    ------
    InputError
        If the cohort has no such factors, or is a view of another one.
    """
    checked_cohort(cohort, write=not copy)
    stored = stored_factors(cohort, key)
    scores = pd.DataFrame(stored.mean, cohort.obs_names, list(stored.names))[stored.known]
    table = association_table(scores, cohort)
    target = writable(cohort, copy=copy)
    texts = {
        name: table[name].astype(str) for name in ("factor", "kind", "name", "test", "measure", "direction")
    }
    numbers = {name: table[name].astype(float) for name in ("effect", "p", "q")}
    target.uns[associations_key(key)] = table.assign(n=table["n"].astype(int), **texts, **numbers)
    return target if copy else None


def umap(
    cohort: MuData, key: str = FACTORS, *, seed: int = 1, neighbours: int = 15, copy: bool = False
) -> MuData | None:
    """Place the patients in the plane by UMAP of their factors.

    UMAP is a picture. Distances between groups and the density of points have no meaning, and no cluster that is seen
    only here should be interpreted.

    Parameters
    ----------
    cohort
        A cohort after :func:`factors`.
    key
        Key of the factors.
    seed
        The same seed gives the same coordinates.
    neighbours
        Number of neighbours of each patient that the graph connects, the patient included; more neighbours give more
        weight to the whole.
    copy
        Write into a copy of the cohort, and return it.

    Returns
    -------
    MuData or None
        The copy if `copy` is True. ``obsm["X_umap"]`` has the coordinates (n, 2), NaN for patients without any view;
        each view has those of its patients, so that ``scanpy.pl.umap(cohort["rna"])`` works. ``uns["umap"]`` has the
        settings.

    Raises
    ------
    InputError
        If the cohort has no such factors, is a view of another one, or has too few patients for `neighbours`.
    """
    checked_cohort(cohort, write=not copy)
    stored = stored_factors(cohort, key)
    places = np.full((cohort.n_obs, 2), np.nan)
    places[stored.known] = neighbours_umap(stored.mean[stored.known], seed, neighbours)
    target = writable(cohort, copy=copy)
    target.obsm[f"X_{UMAP}"] = places
    for view in _views_with_factors(target, key):
        rows = target.obs_names.get_indexer(target[view].obs_names)
        target[view].obsm[f"X_{UMAP}"] = places[rows]
    target.uns[UMAP] = {"key": key, "params": {"random_state": seed, "n_neighbors": neighbours}}
    return target if copy else None


def _config(harmonize: Mapping[str, object], *, count: int, model: str, seed: int) -> ExperimentConfig:
    """Check the settings of :func:`factors`, with errors that name its arguments."""
    known = [field.name for field in fields(HarmonizeConfig)]
    for name in harmonize:
        if name not in known:
            raise ConfigError(
                f"unknown argument '{name}'; {nearest(name, [*known, 'count', 'model', 'key_added', 'seed', 'copy'])}"
            )
    try:
        return config_from_keys(
            {"factors": {"count": count, "model": model}, "harmonize": harmonize, "seed": seed}
        )
    except ConfigError as error:
        raise ConfigError(re.sub(r"\b(?:harmonize|factors)\.", "", str(error))) from None


def _views_with_factors(cohort: MuData, key: str) -> list[str]:
    return [name for name, view in cohort.mod.items() if f"X_{key}" in view.obsm]


def _check_key(cohort: MuData, key: str) -> None:
    """Refuse a key that would replace something else, or that h5mu cannot store."""
    if not key or "/" in key or key in (UMAP, BIOLOGY):
        raise InputError(
            f"key_added is '{key}'; choose a name without '/', other than '{UMAP}' and '{BIOLOGY}'"
        )
    if key in stored_keys(cohort):
        return
    used = [f"uns['{key}']"] if key in cohort.uns else []
    used += [f"obs['{known_column(key)}']"] if known_column(key) in cohort.obs else []
    for place, table in (("", cohort), *((f"['{name}']", view) for name, view in cohort.mod.items())):
        used += [f"{place}.obsm['{name}']" for name in (f"X_{key}", f"X_{key}_sd") if name in table.obsm]
        used += [f"{place}.varm['{loadings_key(key)}']"] if place and loadings_key(key) in table.varm else []
    if used:
        raise InputError(
            f"this cohort has {used[0]} from elsewhere, which would be replaced; choose another key_added"
        )


def _check_count(count: int, patients: int, features: int) -> None:
    limit = min(patients - 1, features)
    if count > limit:
        raise DataError(
            f"{count} factors are too many for {patients} patients with a view and {features} features; ask for at "
            f"most {limit}"
        )


def _remove_results(cohort: MuData, key: str) -> None:
    """Remove what was computed from earlier factors of the same key."""
    cohort.uns.pop(associations_key(key), None)
    if cohort.uns.get(BIOLOGY, {}).get("key") == key:
        del cohort.uns[BIOLOGY]
    if cohort.uns.get(UMAP, {}).get("key") == key:
        del cohort.uns[UMAP]
        for table in (cohort, *cohort.mod.values()):
            if f"X_{UMAP}" in table.obsm:
                del table.obsm[f"X_{UMAP}"]
