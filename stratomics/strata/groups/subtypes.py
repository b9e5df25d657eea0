"""Subtypes: groups of patients that are learned without outcomes, and the probability of each for a new patient."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.config import HarmonizeConfig
from omics.cohort.read import observed_views
from omics.common.errors import DataError
from omics.common.files import read_state, staged_folder, write_state
from omics.common.seeds import named_generator, named_seed
from stratomics.strata.groups.existence import Existence, groups_exist
from stratomics.strata.groups.factor_space import Coordinates, FittedFactors
from stratomics.strata.groups.mixture import GroupMixture
from stratomics.strata.groups.other_ways import consensus_groups, graph_groups

if TYPE_CHECKING:
    from mudata import MuData

    from datamodules.batch import Batch

__all__ = ["SubtypeSearch", "Subtypes", "search_subtypes"]

Array = NDArray[np.float64]

FEWEST = 5
"""Patients of the smallest group."""

PATIENTS_PER_GROUP = 10
"""There are at least this many patients for each group."""

FOLDS = 5
FALSE_ALARM = 0.05
"""Share of patients like those of training who are called like none of the groups."""

NONE = "none of them"


@dataclass(frozen=True)
class Subtypes:
    """Groups of patients, and where a new patient belongs.

    Attributes
    ----------
    factors
        What places a patient among the training patients.
    mixture
        The k groups, from the largest to the smallest: S1, S2 and so on.
    left_out
        (m,) distances of training patients to the nearest group of a mixture without them, in increasing order.
    """

    factors: FittedFactors
    mixture: GroupMixture
    left_out: Array

    @property
    def names(self) -> list[str]:
        """Names of the groups."""
        return [f"S{number + 1}" for number in range(len(self.mixture.shares))]

    def predict(self, cohort: MuData) -> pd.DataFrame:
        """Return the probability of each group.

        Parameters
        ----------
        cohort
            Patients, who may lack any of the views.

        Returns
        -------
        pandas.DataFrame
            One row per patient: ``sample_id``; ``subtype``, the most probable group; ``p_S1`` and so on, which a
            missing view brings closer to the shares of the groups; ``p_none``, the share of training patients who were
            as far from all groups when they were left out; ``none``, whether it is at most 0.05. A group that no
            training patient belongs to is often not noticed by it. A patient without any view gets the shares of the
            groups, and an empty `p_none`.
        """
        patients = self.factors.coordinates(cohort)
        probability = self.mixture.probabilities(patients)
        distance = self.mixture.distance(patients)
        beyond = len(self.left_out) - np.searchsorted(self.left_out, distance, side="left")
        p_none = np.where(patients.known, (1 + beyond) / (1 + len(self.left_out)), np.nan)
        return pd.DataFrame(
            {
                "sample_id": cohort.obs_names.to_numpy(dtype=str),
                "subtype": np.array(self.names)[probability.argmax(axis=1)],
                **{f"p_{name}": column for name, column in zip(self.names, probability.T, strict=True)},
                "p_none": p_none,
                "none": p_none <= FALSE_ALARM,
            }
        )

    def save(self, folder: Path) -> None:
        """Write json and safetensors files into a new folder."""
        with staged_folder(folder) as place:
            self.factors.save(place)
            arrays = {
                "shares": self.mixture.shares,
                "means": self.mixture.means,
                "covariance": self.mixture.covariance,
                "left_out": self.left_out,
            }
            write_state(place, "subtypes", {}, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        _, arrays = read_state(folder, "subtypes")
        mixture = GroupMixture(arrays["shares"], arrays["means"], arrays["covariance"])
        return cls(FittedFactors.load(folder), mixture, arrays["left_out"])


@dataclass(frozen=True)
class SubtypeSearch:
    """What a search for groups of patients found.

    Attributes
    ----------
    existence
        Test of each number of groups.
    factors
        The space in which groups were searched.
    subtypes
        The groups; None if the data show gradients without groups, and no number was asked for.
    agreement
        Adjusted Rand index between the groups of the mixture and those of each other way.
    ways
        One row per patient, one column per way of grouping; the mixture first. Empty without groups.
    """

    existence: Existence
    factors: FittedFactors
    subtypes: Subtypes | None
    agreement: dict[str, float]
    ways: pd.DataFrame


def search_subtypes(
    cohort: MuData,
    numbers: tuple[int, ...] = (2, 3, 4, 5, 6),
    k: int | None = None,
    *,
    model: str = "gfa",
    count: int = 15,
    harmonize: HarmonizeConfig | None = None,
    seed: int = 1,
) -> SubtypeSearch:
    """Learn groups of patients from factors; outcomes are never read.

    Parameters
    ----------
    cohort
        The patients, who may lack any of the views.
    numbers
        Numbers of groups to test.
    k
        Number of groups to learn in any case; by default the largest number that the test supports.
    model, count
        Factor model, a name in FACTOR_MODELS, and its number of factors.
    harmonize
        How views are made comparable.
    seed
        Seed of everything that is random.

    Returns
    -------
    SubtypeSearch
        The test, the groups if there are any, and how other ways of grouping agree.

    Raises
    ------
    DataError
        If there are fewer than ten patients for each group, or a group has fewer than five.
    """
    _check_patients(cohort, numbers, k)
    settings = harmonize or HarmonizeConfig()
    factors, batch = FittedFactors.fit(cohort, model, count, settings, named_seed(seed, "subtypes"))
    patients = factors.of_batch(batch)
    existence = groups_exist(
        patients.mean[patients.known], numbers, named_generator(seed, "subtypes", "existence")
    )
    chosen = existence.k if k is None else k
    if chosen is None:
        return SubtypeSearch(existence, factors, None, {}, pd.DataFrame())
    mixture = GroupMixture.fit(patients, chosen, named_generator(seed, "subtypes", "mixture"), FEWEST)
    left_out = _left_out_distances(patients, chosen, seed)
    subtypes = Subtypes(factors, mixture, left_out)
    ways, agreement = _side_by_side(cohort, batch, patients, mixture, seed)
    smallest = int(ways["mixture"].value_counts().min())
    if smallest < FEWEST:
        raise DataError(
            f"with {chosen} groups the smallest has {smallest} patients; ask for fewer groups, so that each has at "
            f"least {FEWEST}"
        )
    return SubtypeSearch(existence, factors, subtypes, agreement, ways)


def _check_patients(cohort: MuData, numbers: tuple[int, ...], k: int | None) -> None:
    numbers = (*numbers, k) if k is not None else numbers
    patients = int(observed_views(cohort).any(axis=1).sum())
    most = patients // PATIENTS_PER_GROUP
    if min(numbers) < 2:  # noqa: PLR2004  # one group is no grouping
        raise DataError(f"{min(numbers)} groups are asked for; ask for at least 2")
    if max(numbers) > most:
        raise DataError(
            f"{max(numbers)} groups are too many for {patients} patients with a view; ask for at most {most}, ten "
            "patients per group"
        )


def _left_out_distances(patients: Coordinates, k: int, seed: int) -> Array:
    """Distances of known patients to the nearest group of a mixture of the other folds, in increasing order."""
    known = patients.take(patients.known)
    fold = named_generator(seed, "subtypes", "folds").permutation(np.arange(len(known)) % FOLDS)
    parts = []
    for number in range(FOLDS):
        generator = named_generator(seed, "subtypes", "left out", str(number))
        mixture = GroupMixture.fit(known.take(fold != number), k, generator)
        parts.append(mixture.distance(known.take(fold == number)))
    return np.sort(np.concatenate(parts))


def _side_by_side(
    cohort: MuData, batch: Batch, patients: Coordinates, mixture: GroupMixture, seed: int
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Group the known patients by three ways; also the agreement of the others with the mixture."""
    from sklearn.metrics import adjusted_rand_score

    k, rows = len(mixture.shares), np.flatnonzero(patients.known)
    views = {}
    for name, values in batch.views.items():
        if values.shape[1]:
            lacking = ~batch.present(name)
            views[name] = np.where(lacking[:, None], np.nan, values)[rows].astype(np.float64)
    labels = {
        "mixture": mixture.probabilities(patients)[rows].argmax(axis=1),
        "consensus of k-means": consensus_groups(
            patients.mean[rows], k, named_generator(seed, "subtypes", "consensus")
        ),
        "graph of shared views": graph_groups(views, k, named_generator(seed, "subtypes", "graph")),
    }
    table = pd.DataFrame(labels, index=cohort.obs_names[rows]) + 1
    agreement = {
        name: float(adjusted_rand_score(labels["mixture"], groups))
        for name, groups in labels.items()
        if name != "mixture"
    }
    return table, agreement
