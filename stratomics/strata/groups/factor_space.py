"""The space in which patients are grouped: factors times the root of what they explain, with their uncertainty."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from models.factors import FACTOR_MODELS, READS_OUTCOMES
from models.factors.annotate import factor_scale
from models.factors.factor_model import FactorModel, Factors
from omics.common.errors import ConfigError, DataError
from omics.common.files import read_state, write_state
from omics.common.registry import resolve

if TYPE_CHECKING:
    from mudata import MuData

    from datamodules.batch import Batch

__all__ = ["Coordinates", "FactorSpace", "FittedFactors"]

Array = NDArray[np.float64]

LEAST_EXPLAINED = 0.01
"""A factor that explains less than this share of every view is left out."""

LARGEST_SHARE = 0.995
"""Largest posterior variance of a factor, as a share of its prior variance."""

NAME = "factors"


@dataclass(frozen=True)
class Coordinates:
    """n patients in the space of q factors.

    Attributes
    ----------
    mean
        (n, q) posterior mean of the factors, scaled.
    value, variance
        (n, q) the factors as measured values with independent errors: without the prior of the factor model, which
        pulls the mean of a patient with few data towards 0. The less is measured, the larger the variance.
    known
        (n,) False for a patient without any view.
    """

    mean: Array
    value: Array
    variance: Array
    known: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.mean)

    @property
    def sd(self) -> Array:
        """(n, q) posterior standard deviation; infinite for a patient without any view."""
        # The mean is the measured value times 1 - share, where share is the posterior variance of the unscaled factor.
        with np.errstate(invalid="ignore", divide="ignore"):
            remains = np.where(self.value == 0.0, 1.0, self.mean / self.value)
        spread: Array = np.sqrt(self.variance * remains)
        spread[~self.known] = np.inf
        return spread

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Coordinates:
        """Select patients."""
        return Coordinates(self.mean[rows], self.value[rows], self.variance[rows], self.known[rows])


@dataclass(frozen=True)
class FactorSpace:
    """The factors that count, and the standard deviation that each is given.

    Attributes
    ----------
    names
        Names of the q factors.
    kept
        (q,) their positions in the factor model.
    scale
        (q,) root of the variance that each explains, mean over views.
    """

    names: tuple[str, ...]
    kept: NDArray[np.int64]
    scale: Array

    @classmethod
    def fit(cls, explained: pd.DataFrame) -> Self:
        """Leave out factors that explain next to nothing of every view.

        Parameters
        ----------
        explained
            Proportion of the variance of each view (rows) that each factor (columns) explains.

        Raises
        ------
        DataError
            If no factor explains a hundredth of a view.

        Examples
        --------
        >>> FactorSpace.fit(pd.DataFrame({"factor1": [0.5, 0.0], "factor2": [0.001, 0.002]})).names
        ('factor1',)
        """
        kept = np.flatnonzero(
            explained.to_numpy(dtype=np.float64).max(axis=0, initial=0.0) >= LEAST_EXPLAINED
        )
        if not kept.size:
            raise DataError(
                f"no factor explains {LEAST_EXPLAINED:.0%} of a view, so that patients cannot be grouped; fit more "
                "factors or check the views"
            )
        return cls(tuple(str(name) for name in explained.columns[kept]), kept, factor_scale(explained)[kept])

    def coordinates(self, factors: Factors) -> Coordinates:
        """Place patients in the space.

        Parameters
        ----------
        factors
            Of the factor model that the space was made from; prior mean 0 and sd 1.

        Returns
        -------
        Coordinates
            The posterior N(m, v) of a factor with prior N(0, 1) is that of a measured value m / (1 - v) with error
            variance v / (1 - v).
        """
        mean = factors.mean[:, self.kept]
        share = np.clip(factors.sd[:, self.kept] ** 2, 0.0, LARGEST_SHARE)
        return Coordinates(
            mean * self.scale,
            mean / (1.0 - share) * self.scale,
            share / (1.0 - share) * self.scale**2,
            factors.known,
        )


@dataclass(frozen=True)
class FittedFactors:
    """What places a patient in the space in which patients are grouped.

    Attributes
    ----------
    harmonizer
        Fitted on the training patients.
    model
        Factors that the views share.
    model_name
        Its name in FACTOR_MODELS.
    space
        The factors that count.
    """

    harmonizer: Harmonizer
    model: FactorModel
    model_name: str
    space: FactorSpace

    @classmethod
    def fit(
        cls, cohort: MuData, model: str, count: int, harmonize: HarmonizeConfig, seed: int
    ) -> tuple[Self, Batch]:
        """Fit factors to all patients of a cohort, without outcomes.

        Parameters
        ----------
        cohort
            The patients, who may lack any of the views.
        model, count
            Factor model, a name in FACTOR_MODELS, and its number of factors.
        harmonize
            How views are made comparable.
        seed
            Seed of the model.

        Returns
        -------
        tuple
            The factors, and the harmonized patients.

        Raises
        ------
        ConfigError
            If the model reads outcomes.
        """
        if model == READS_OUTCOMES:
            raise ConfigError(
                f"factors of {model} are learned with outcomes, so that groups of them would be too; choose gfa, pca, "
                "vae or mofa"
            )
        kind = resolve(FACTOR_MODELS, model, "factor model")
        harmonizer = Harmonizer(harmonize).fit(cohort)
        batch = harmonizer.transform(cohort)
        factors: FactorModel = kind(count, seed).fit(batch)
        return cls(harmonizer, factors, model, FactorSpace.fit(factors.variance_explained())), batch

    def coordinates(self, cohort: MuData) -> Coordinates:
        """Place patients in the space of the factors, from whichever views they have."""
        return self.of_batch(self.harmonizer.transform(cohort))

    def of_batch(self, batch: Batch) -> Coordinates:
        """Place patients who are harmonized already."""
        return self.space.coordinates(self.model.transform(batch))

    def save(self, folder: Path) -> None:
        """Write json and safetensors files into a folder."""
        self.harmonizer.save(folder, f"{NAME}.harmonizer")
        self.model.save(folder, f"{NAME}.model")
        settings = {"model": self.model_name, "factors": list(self.space.names)}
        write_state(folder, NAME, settings, {"kept": self.space.kept, "scale": self.space.scale})

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, NAME)
        kind = resolve(FACTOR_MODELS, settings["model"], "factor model")
        return cls(
            Harmonizer.load(folder, f"{NAME}.harmonizer"),
            kind.load(folder, f"{NAME}.model"),
            settings["model"],
            FactorSpace(tuple(settings["factors"]), arrays["kept"], arrays["scale"]),
        )
