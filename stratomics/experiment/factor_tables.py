"""Tables of the factors of a run: scores, loadings, variance explained, associations, stability."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.batch import Batch
from datamodules.harmonizer import Harmonizer
from datamodules.split import patient_groups
from models.factors import FACTOR_MODELS
from models.factors.associations import associations
from models.factors.factor_model import FactorModel, Factors
from models.factors.loadings import Loadings, factor_names, named_loadings, ranked_loadings
from models.factors.stability import split_half_fits, stability
from omics.cohort.read import observed_views
from omics.common.files import write_parquet
from omics.common.registry import resolve
from omics.common.seeds import named_seed

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.config import ExperimentConfig

__all__ = ["factor_seed", "save_factors"]


def factor_seed(seed: int) -> int:
    """Seed of the factors of all patients; another name would change the factors of every run."""
    return named_seed(seed, "factors of everybody")


def save_factors(
    folder: Path,
    config: ExperimentConfig,
    cohort: MuData,
    members: Sequence[tuple[Harmonizer, FactorModel]],
) -> None:
    """Fit factors to all patients once more, and write tables that describe them into `folder`.

    This fit uses all patients; each member of the ensemble leaves some out. It describes the cohort:
    it makes no prediction and selects nothing.

    Parameters
    ----------
    folder
        Folder to create, with ``factors.parquet``, ``loadings.parquet``, ``variance_explained.parquet``,
        ``associations.parquet``, ``stability.parquet``, and the fit itself as ``reference.harmonizer`` and
        ``reference.factors``, for :func:`models.factors.annotate.annotate`.
    config
        The experiment.
    cohort
        All patients.
    members
        Harmonizer and factor model of each member of the final model.
    """
    seed = factor_seed(config.seed)
    kind = resolve(FACTOR_MODELS, config.factors.model, "factors.model")
    harmonizer = Harmonizer(config.harmonize).fit(cohort)
    batch = harmonizer.transform(cohort)

    def fit(part: Batch, part_seed: int) -> Loadings:
        features = {view: harmonizer.features[view] for view in part.views}
        return named_loadings(features, kind(config.factors.count, part_seed).fit(part))

    model: FactorModel = kind(config.factors.count, seed).fit(batch)
    loadings = named_loadings(harmonizer.features, model)
    scores = _scores(cohort.obs_names.to_numpy(dtype=str), model.transform(batch))
    halves = list(split_half_fits(fit, batch, seed, patient_groups(cohort)))
    # The scores of a patient without any view are the prior mean, which has no information.
    measured = scores.set_index("sample_id")[observed_views(cohort).any(axis=1).to_numpy()]
    tables = {
        "factors": scores,
        "loadings": ranked_loadings(loadings),
        "variance_explained": model.variance_explained().rename_axis("view").reset_index(),
        "associations": associations(measured[list(model.variance_explained())], cohort),
        "stability": stability(loadings, halves, [named_loadings(h.features, m) for h, m in members]),
    }
    folder.mkdir()
    for name, table in tables.items():
        write_parquet(folder / f"{name}.parquet", table)
    harmonizer.save(folder, "reference.harmonizer")
    model.save(folder, "reference.factors")


def _scores(sample_ids: NDArray[np.str_], factors: Factors) -> pd.DataFrame:
    """One row per patient: sample_id, factorI and factorI_sd, the posterior mean and standard deviation."""
    names = factor_names(factors.mean.shape[1])
    sds = [f"{name}_sd" for name in names]
    table = pd.DataFrame(np.hstack([factors.mean, factors.sd]), columns=names + sds)
    table.insert(0, "sample_id", sample_ids)
    return table
