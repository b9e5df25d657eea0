"""What explanations need of the training patients: the reference, and where values lie among them.

It is stored with the model, as ``explanation.json`` and ``explanation.safetensors``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse.csgraph import connected_components

from models.ensemble.inputs import COVARIATES, FACTORS
from models.factors.loadings import Loadings, named_loadings
from models.factors.matching import match_factors
from omics.common.errors import InputError
from omics.common.files import read_state, write_state
from omics.common.seeds import named_generator
from stratomics.encoding.training_part import EncodedPatients

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.fitting.fitted import Fitted

__all__ = ["MemberReference", "TrainingReference", "factor_values", "percentile", "reference_patients"]

Array = NDArray[np.float64]

PATIENTS = 500
"""Largest number of training patients in the reference; with more, these are drawn at random."""

TOGETHER = 5
"""Patients who are averaged to one row of the reference, so that a model holds no row of a single patient."""

SHARES = np.linspace(0.01, 0.99, 50)
"""Shares at which quantiles of the training patients are kept; smallest and largest values are not kept."""

CORRELATED = 0.9
"""Features whose absolute correlation is at least this form a block."""

FEWEST, WIDEST = 3, 5000
"""Fewest patients, and most features of a view, for which correlations are computed; else each feature is alone."""

CONGRUENT = 0.7
"""Smallest absolute congruence of a factor of a member with a factor of the run."""

LEADING = 3
"""Features that describe a factor."""

NAME = "explanation"

NO_MATCH = np.zeros(0, dtype=np.int64), np.zeros(0)
"""Matches of a run that reports no factors."""


@dataclass(frozen=True)
class MemberReference:
    """The reference as one member encodes it.

    Attributes
    ----------
    blocks
        Block -> (r, width) inputs, each row the mean of five similar training patients.
    features
        View -> (p,) mean of each feature that the member keeps, on the harmonized scale.
    partner, sign
        (k,) factor of the member that is each factor of the run, -1 for none, and its sign.
    """

    blocks: Mapping[str, Array]
    features: Mapping[str, Array]
    partner: NDArray[np.int64]
    sign: Array


@dataclass(frozen=True)
class TrainingReference:
    """Training patients, as explanations need them; no value of a single patient is kept.

    Attributes
    ----------
    members
        The reference by member.
    patients
        Number of training patients in it.
    arms
        (r,) mean code of the arm in each row.
    factors
        Name of each factor of the run -> features with its largest loadings, such as ``mrna TP53 (+)``.
    quantiles
        ``covariates.NAME``, ``factor.NAME`` or ``view.NAME`` -> (50,) quantiles, or (50, p) of harmonized features.
    correlated
        View -> (p,) number of the block of correlated features of each feature of the first member.
    informative
        Whether out-of-fold predictions were better than chance: the 95% interval of discrimination is above 0.5.
    """

    members: Sequence[MemberReference]
    patients: int
    arms: Array
    factors: Mapping[str, Sequence[str]]
    quantiles: Mapping[str, Array]
    correlated: Mapping[str, NDArray[np.int64]]
    informative: bool

    @classmethod
    def of(cls, fitted: Fitted, cohort: MuData, loadings: Loadings, *, informative: bool) -> Self:
        """Describe the training patients of a model.

        Parameters
        ----------
        fitted
            The model.
        cohort
            Its training patients, or some of them, from :func:`reference_patients`.
        loadings
            Loadings of the factors that the run reports, fitted to all patients.
        informative
            Whether out-of-fold predictions were better than chance.

        Returns
        -------
        TrainingReference
            Means over groups of similar patients, and quantiles; no value of a single patient.
        """
        patients = fitted.encode(cohort)
        codes = np.zeros(cohort.n_obs) if patients.arms is None else patients.arms
        similar = _similar(patients, codes)
        members = []
        for number, (member, encoder) in enumerate(zip(patients.members, fitted.encoders, strict=True)):
            batch = patients.batch(number)
            own = named_loadings(encoder.harmonizer.features, encoder.factor_model)
            partner, sign = match_factors(loadings, own, CONGRUENT) if loadings else NO_MATCH
            members.append(
                MemberReference(
                    {name: _averaged(values, similar) for name, values in member.blocks.items()},
                    {view: values.mean(axis=0, dtype=np.float64) for view, values in batch.views.items()},
                    partner,
                    sign,
                )
            )
        names = list(next(iter(loadings.values())).columns) if loadings else []
        leading = {name: _leading(loadings, name) for name in names}
        scores = factor_values([one.blocks[FACTORS] for one in patients.members], members)
        quantiles = _quantiles(patients, fitted) | {
            f"factor.{name}": np.quantile(scores[:, k], SHARES) for k, name in enumerate(names)
        }
        correlated = {view: _blocks(values) for view, values in patients.batch(0).views.items()}
        arms = _averaged(codes, similar)
        return cls(members, similar.size, arms, leading, quantiles, correlated, informative)

    def save(self, folder: Path) -> None:
        """Write ``explanation.json`` and ``explanation.safetensors`` into the folder of the model."""
        arrays: dict[str, NDArray[np.generic]] = {"arms": self.arms}
        for number, member in enumerate(self.members):
            arrays |= {f"{number}.block.{name}": v.astype(np.float32) for name, v in member.blocks.items()}
            arrays |= {f"{number}.features.{view}": values for view, values in member.features.items()}
            arrays |= {f"{number}.partner": member.partner, f"{number}.sign": member.sign}
        arrays |= {f"quantiles.{name}": v.astype(np.float32) for name, v in self.quantiles.items()}
        arrays |= {f"correlated.{view}": values for view, values in self.correlated.items()}
        settings = {
            "members": len(self.members),
            "patients": self.patients,
            "factors": {name: list(features) for name, features in self.factors.items()},
            "informative": self.informative,
        }
        write_state(folder, NAME, settings, arrays)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises
        ------
        InputError
            If the model has no explanation data.
        """
        if not (folder / f"{NAME}.json").is_file():
            raise InputError(
                f"{folder}: this model has no explanation data, which newer runs store; run again, or explain it with "
                "its run directory while the training cohort is still where it was"
            )
        settings, arrays = read_state(folder, NAME)

        def under(prefix: str) -> dict[str, NDArray[np.float64]]:
            return {key.removeprefix(prefix): v for key, v in arrays.items() if key.startswith(prefix)}

        members = [
            MemberReference(
                {name: v.astype(np.float64) for name, v in under(f"{number}.block.").items()},
                under(f"{number}.features."),
                arrays[f"{number}.partner"],
                arrays[f"{number}.sign"],
            )
            for number in range(settings["members"])
        ]
        correlated = {view: values.astype(np.int64) for view, values in under("correlated.").items()}
        return cls(
            members,
            settings["patients"],
            arrays["arms"],
            settings["factors"],
            under("quantiles."),
            correlated,
            settings["informative"],
        )


def reference_patients(cohort: MuData, seed: int) -> MuData:
    """Draw the patients of the reference, at most 500.

    Parameters
    ----------
    cohort
        The training patients.
    seed
        Of the draw.

    Returns
    -------
    MuData
        In the order of the cohort.
    """
    rows = named_generator(seed, "reference patients").permutation(cohort.n_obs)[:PATIENTS]
    return cohort[np.sort(rows)].copy()


def percentile(quantiles: Array, values: Array) -> Array:
    """Share of the training patients, in percent, below each value.

    Parameters
    ----------
    quantiles
        (50,) quantiles of the training patients.
    values
        (n,) values; NaN gives NaN.

    Returns
    -------
    numpy.ndarray
        (n,) between 0 and 100; the middle of tied quantiles.
    """
    edges = np.concatenate([[0.0], SHARES, [1.0]])
    below = np.searchsorted(quantiles, values, side="left")
    until = np.searchsorted(quantiles, values, side="right")
    share: Array = np.where(np.isnan(values), np.nan, 50.0 * (edges[below] + edges[until + 1]))
    return share


def _similar(patients: EncodedPatients, arms: Array) -> NDArray[np.int64]:
    """(r, 5) rows of similar patients, by their inputs of the first member; up to four patients are left over."""
    inputs = np.hstack([arms[:, None], *patients.members[0].blocks.values()])
    size = min(TOGETHER, len(inputs))

    def halves(rows: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        if len(rows) < 2 * size:
            return [rows[:size]]
        widest = int(inputs[rows].var(axis=0).argmax())
        ordered = rows[np.argsort(inputs[rows, widest], kind="stable")]
        cut = len(rows) // size // 2 * size
        return [*halves(ordered[:cut]), *halves(ordered[cut:])]

    return np.array(halves(np.arange(len(inputs))))


def _averaged(values: NDArray[np.floating], similar: NDArray[np.int64]) -> Array:
    """(r, ...) mean over the patients of each group."""
    mean: Array = values.astype(np.float64)[similar].mean(axis=1)
    return mean


def _quantiles(patients: EncodedPatients, fitted: Fitted) -> dict[str, Array]:
    """Quantiles of numeric covariates as given, and of harmonized features."""
    found = {}
    for name, kind in fitted.encoders[0].harmonizer.covariates.kinds.items():
        if kind is float:
            values = pd.to_numeric(patients.cohort.obs[name], errors="coerce").to_numpy(
                np.float64, na_value=np.nan
            )
            if np.isfinite(values).any():
                found[f"{COVARIATES}.{name}"] = np.nanquantile(values, SHARES)
    batch = patients.batch(0)
    for view, values in batch.views.items():
        rows = batch.present(view)
        if rows.any() and values.shape[1]:
            found[f"view.{view}"] = np.quantile(values[rows], SHARES, axis=0)
    return found


def factor_values(scores: Sequence[Array], members: Sequence[MemberReference]) -> Array:
    """Mean over members of the factors of the run, from the factors (n, k) of each member.

    Parameters
    ----------
    scores
        Factors of n patients by member.
    members
        Matches of the factors.

    Returns
    -------
    numpy.ndarray
        (n, factors of the run); 0 for a factor that no member has.
    """
    total = np.zeros((len(scores[0]), len(members[0].partner)))
    count = np.zeros(len(members[0].partner))
    for values, member in zip(scores, members, strict=True):
        found = member.partner >= 0
        total[:, found] += values[:, member.partner[found]] * member.sign[found]
        count += found
    mean: Array = total / np.maximum(count, 1)
    return mean


def _leading(loadings: Loadings, factor: str) -> list[str]:
    """Features with the largest loadings of a factor, over all views."""
    rows = [
        (abs(value), f"{view} {feature} ({'+' if value > 0 else '-'})")
        for view, table in loadings.items()
        for feature, value in table[factor].items()
    ]
    return [text for _, text in sorted(rows, key=lambda row: -row[0])[:LEADING]]


def _blocks(values: NDArray[np.float32]) -> NDArray[np.int64]:
    """(p,) number of the block of correlated features of each feature."""
    if len(values) < FEWEST or values.shape[1] > WIDEST:
        return np.arange(values.shape[1])
    centred = values - values.mean(axis=0)
    scale = np.linalg.norm(centred, axis=0)
    standard = np.divide(centred, scale, out=np.zeros_like(centred), where=scale > 0)
    _, labels = connected_components(np.abs(standard.T @ standard) >= CORRELATED, directed=False)
    return np.asarray(labels, dtype=np.int64)
