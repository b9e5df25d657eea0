"""Published groups, found without their labels, and new patients who lack a view.

Adjusted Rand index at the published number of groups, of the mixture and of k-means on the same factors, beside those
on factors of MOFA. Balanced error of 70 new breast cancer patients, none of whom has proteins; DIABLO, supervised, has
0.068 (Singh et al. 2019, doi 10.1093/bioinformatics/bty1054).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from benchmarks.clock import SHARED
from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from models.factors import FACTOR_MODELS
from omics.cohort.assemble import join_cohort
from omics.cohort.read import read_cohort
from omics.cohort.spec import CohortSpec, ViewSpec
from omics.common.registry import resolve
from stratomics.runtime.logs import quiet_libraries
from stratomics.strata.groups.factor_space import Coordinates, FactorSpace
from stratomics.strata.groups.mixture import GroupMixture

if TYPE_CHECKING:
    from mudata import MuData

STRATA = SHARED / "strata"
MODELS = (("gfa", 15), ("gfa", 10), ("pca", 10), ("mofa", 10))
SNF = {"C1A.C1B": 0.740, "COC": 0.361, "mRNA_K4": 0.423, "subtype": 0.387, "tissue": 0.699}
"""Label -> adjusted Rand index of similarity network fusion, which uses the patients with all views alone."""


@dataclass(frozen=True)
class Labelled:
    """A cohort and one published classification of its patients."""

    name: str
    cohort: MuData
    label: pd.Series


def rows() -> Iterator[str]:
    if not STRATA.is_dir():
        yield f"absent: {STRATA}"
        return
    quiet_libraries()
    sets = list(_sets())
    for model, count in MODELS:
        results = []
        for one in sets:
            patients = _coordinates(one.cohort, one.cohort, model, count)
            k = one.label.nunique()
            groups = (
                GroupMixture.fit(patients, k, np.random.default_rng(1)).probabilities(patients).argmax(axis=1)
            )
            results.append((_agreement(one.label, groups), _agreement(one.label, _k_means(patients, k))))
            snf = f", SNF {SNF[one.name]:.3f}" if one.name in SNF else ""
            yield f"{model} {count}, {one.name} ({k}): mixture {results[-1][0]:.3f}, k-means {results[-1][1]:.3f}{snf}"
        mixture, k_means = np.mean(results, axis=0)
        yield f"{model} {count}, mean: mixture {mixture:.3f}, k-means {k_means:.3f}"
        yield f"{model} {count}, new patients without proteins: balanced error {_new_patients(model, count):.3f}"


def _sets() -> Iterator[Labelled]:
    acc = read_cohort("bundled:tcga_acc")
    labels = pd.read_csv(STRATA / "tcga_acc_subtypes" / "labels.csv", index_col=0).loc[acc.obs_names]
    for name in ("C1A.C1B", "COC", "mRNA_K4"):
        yield Labelled(name, acc, labels[name])
    train, _, label = _breast()
    yield Labelled("subtype", train, label.loc[train.obs_names])
    cells = read_cohort(STRATA / "nci60_arrays")
    yield Labelled("tissue", cells, _outcome("nci60_arrays")["tissue"].loc[cells.obs_names])
    for name, file, column in (
        ("crc_cms", "mrna_entrez_log2.csv.gz", "CMS.Syn"),
        ("gbm_m3c", "mrna.csv.gz", "class"),
    ):
        outcome = _outcome(name)
        values = pd.read_csv(STRATA / name / file, index_col=0)
        values = values if set(values.index) & set(outcome.index) else values.T
        outcome = outcome.loc[values.index]
        values.columns = values.columns.astype(str)
        spec = CohortSpec(name, {"mrna": ViewSpec("transcriptomics", "log")}, {})
        yield Labelled(name, join_cohort(outcome[[column]], {"mrna": values}, spec, ""), outcome[column])


def _breast() -> tuple[MuData, MuData, pd.Series]:
    cohort, outcome = read_cohort(STRATA / "breast_pam50"), _outcome("breast_pam50")
    train = (outcome["part"].loc[cohort.obs_names] == "train").to_numpy()
    return cohort[train].copy(), cohort[~train].copy(), outcome["subtype"]


def _outcome(name: str) -> pd.DataFrame:
    return pd.read_csv(STRATA / name / "outcome.csv", index_col=0)


def _coordinates(train: MuData, patients: MuData, model: str, count: int) -> Coordinates:
    harmonizer = Harmonizer(HarmonizeConfig()).fit(train)
    factors = resolve(FACTOR_MODELS, model, "factor model")(count, 0).fit(harmonizer.transform(train))
    space = FactorSpace.fit(factors.variance_explained())
    return space.coordinates(factors.transform(harmonizer.transform(patients)))


def _new_patients(model: str, count: int) -> float:
    """Mean over subtypes of the share assigned to a group that another subtype names in training."""
    train, new, label = _breast()
    learned, placed = _coordinates(train, train, model, count), _coordinates(train, new, model, count)
    mixture = GroupMixture.fit(learned, 3, np.random.default_rng(1))
    known = pd.crosstab(
        mixture.probabilities(learned).argmax(axis=1), label.loc[train.obs_names].to_numpy()
    ).idxmax(axis=1)
    called = known.reindex(mixture.probabilities(placed).argmax(axis=1)).to_numpy()
    truth = label.loc[new.obs_names].to_numpy()
    return float(np.mean([(called[truth == subtype] != subtype).mean() for subtype in np.unique(truth)]))


def _k_means(patients: Coordinates, k: int) -> np.ndarray:
    from sklearn.cluster import KMeans

    return KMeans(k, n_init=50, random_state=0).fit_predict(patients.mean)


def _agreement(label: pd.Series, groups: np.ndarray) -> float:
    from sklearn.metrics import adjusted_rand_score

    labelled = label.notna().to_numpy()
    return float(adjusted_rand_score(label[labelled].astype(str), groups[labelled]))
