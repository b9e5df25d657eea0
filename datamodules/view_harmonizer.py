"""ViewHarmonizer: the fitted chain of preprocessing steps of one view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self, TypedDict

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.config import HarmonizeConfig
from datamodules.steps import IMPUTATIONS, NORMALIZATIONS, STEPS
from datamodules.steps.detection import DetectionLimit
from datamodules.steps.features import FeatureFilter, MostVariable
from datamodules.steps.normalization import LOGARITHMIC, normalizable
from datamodules.steps.scaling import RobustScaling
from datamodules.steps.site import SiteCorrection
from datamodules.view_table import PatientContext, Transforms, Values, ViewTable, aligned
from omics.cohort.spec import ViewSpec
from omics.common.errors import ConfigError
from omics.common.files import JsonObject, from_state, to_state
from omics.common.registry import resolve
from omics.modalities.amounts import CLOSED, amounts

if TYPE_CHECKING:
    from anndata import AnnData

__all__ = ["ViewHarmonizer", "ViewState"]


class ViewState(TypedDict):
    """The settings of a :class:`ViewHarmonizer`, for json.

    Attributes
    ----------
    spec
        The declaration of the view.
    measured
        Names of all features of training.
    steps
        ``name`` and settings of each fitted step, the imputation last.
    """

    spec: JsonObject
    measured: list[str]
    steps: list[JsonObject]


@dataclass(frozen=True)
class ViewHarmonizer:
    """The fitted preprocessing of one view.

    Attributes
    ----------
    spec
        The declaration of the view in the training cohort.
    measured
        (p,) names of all features of training.
    share
        (p,) mean share of each feature in a training patient's total; (0,) if the scale is not compositional.
    steps
        Name in STEPS -> the fitted step, in the order in which they are applied.
    imputation
        Name in IMPUTATIONS, and the fitted imputation.
    """

    spec: ViewSpec
    measured: pd.Index
    share: NDArray[np.float64]
    steps: Mapping[str, Any]
    imputation: tuple[str, Any]

    @property
    def features(self) -> pd.Index:
        """Names of the features that are kept."""
        names = self.measured
        for step in self.steps.values():
            names = names[step.kept] if hasattr(step, "kept") else names
        return names

    @classmethod
    def fit(
        cls, name: str, view: AnnData, spec: ViewSpec, patients: PatientContext, config: HarmonizeConfig
    ) -> Self:
        """Learn from the training patients of `view`; their sites are empty strings without site correction.

        Raises
        ------
        ConfigError
            If the scale of the view does not allow the chosen normalization.
        """
        normalization = config.normalize.get(name)
        if normalization is not None and not normalizable(spec):
            raise ConfigError(
                f"harmonize.normalize: view '{name}' is {spec.modality} declared {spec.scale}, which {normalization} "
                f"cannot normalize; it needs the scale {', '.join(LOGARITHMIC)}, and not the modality microbiome"
            )
        chain = _Chain(ViewTable.from_view(view, spec, view.var_names, patients).in_memory())
        detected, share = _profile(view, spec)
        chain.add(
            "filter", FeatureFilter.fit(chain.table, detected, config.max_missing, config.min_prevalence)
        )
        if normalization is not None:
            step = resolve(NORMALIZATIONS, normalization, f"harmonize.normalize.{name}")
            chain.add(normalization, step.fit(chain.table))
        chain.add("detection", DetectionLimit.fit(chain.table))
        if len(np.unique(patients.site[patients.site != ""])) > 1:
            chain.add("site", SiteCorrection.fit(chain.table))
        chain.add("variance", MostVariable.fit(chain.table, config.max_features))
        chain.add("scale", RobustScaling.fit(chain.table))
        imputation = resolve(IMPUTATIONS, config.impute, "harmonize.impute").fit(chain.table)
        return cls(spec, view.var_names, share, chain.steps, (config.impute, imputation))

    def transform(
        self, view: AnnData, spec: ViewSpec, patients: PatientContext, *, adapt: bool = False
    ) -> tuple[Values, NDArray[np.bool_]]:
        """Return the values (m, q) of the patients of `view`, without NaN, and which of them were measured.

        `spec` is the declaration of this `view`. With `adapt`, the correction of sites that are not in the training
        set is estimated from the patients of `view` themselves.
        """
        table = ViewTable.from_view(view, spec, self.measured, patients)
        for step in self.steps.values():
            adapted = step.adapted(table) if adapt and isinstance(step, SiteCorrection) else step
            table = table.after(adapted)
        values = np.empty((len(table), table.width), dtype=np.float32)
        observed = np.empty((len(table), table.width), dtype=bool)
        for block in table:
            observed[block.rows] = ~np.isnan(block.values)
            values[block.rows] = self.imputation[1].transform(block.values)
        return values, observed

    def outside(
        self, view: AnnData, spec: ViewSpec, patients: PatientContext
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Count per kept feature (q,) the values far outside the range of training, and the measured values."""
        table = ViewTable.from_view(view, spec, self.measured, patients)
        for name, step in self.steps.items():
            if name == "scale":
                break
            table = table.after(step)
        extreme, measured = (np.zeros(table.width, dtype=np.int64) for _ in range(2))
        for block in table:
            extreme += self.steps["scale"].outside(block.values).sum(axis=0)
            measured += (~np.isnan(block.values)).sum(axis=0)
        return extreme, measured

    def to_state(self) -> tuple[ViewState, dict[str, NDArray[Any]]]:
        """Return settings for json and arrays for safetensors."""
        arrays: dict[str, NDArray[Any]] = {"share": self.share}
        settings: ViewState = {"spec": vars(self.spec), "measured": list(self.measured), "steps": []}
        for name, step in (*self.steps.items(), self.imputation):
            plain, fitted = to_state(step, name)
            settings["steps"].append({"name": name, **plain})
            arrays |= fitted
        return settings, arrays

    @classmethod
    def from_state(cls, settings: ViewState, arrays: dict[str, NDArray[Any]]) -> Self:
        """Rebuild from :meth:`to_state`; removes the arrays of the steps from `arrays`."""

        def build(table: Mapping[str, str], stored: Mapping[str, Any]) -> Any:
            plain = {key: value for key, value in stored.items() if key != "name"}
            kind = resolve(table, stored["name"], "harmonization step")
            return from_state(kind, plain, arrays, stored["name"])

        *steps, imputation = settings["steps"]
        return cls(
            ViewSpec(**settings["spec"]),
            pd.Index(settings["measured"], dtype=object),
            arrays["share"],
            {stored["name"]: build(STEPS, stored) for stored in steps},
            (imputation["name"], build(IMPUTATIONS, imputation)),
        )


class _Chain:
    """The steps fitted so far, and the training patients after these steps."""

    def __init__(self, table: ViewTable) -> None:
        self.table = table
        self.steps: dict[str, Transforms] = {}

    def add(self, name: str, step: Transforms) -> None:
        self.steps[name] = step
        self.table = self.table.after(step).in_memory()


def _profile(view: AnnData, spec: ViewSpec) -> tuple[NDArray[np.int64] | None, NDArray[np.float64]]:
    """Count the patients in whom each feature was detected, and return its mean share of a patient's total."""
    p = view.n_vars
    detected, share, patients = np.zeros(p, dtype=np.int64), np.zeros(p), 0
    for _, raw in aligned(view, view.var_names, spec.scale):
        parts = amounts(raw, spec.scale)
        if parts is None:
            return None, np.zeros(0)
        parts = np.nan_to_num(parts, nan=0.0)
        total = parts.sum(axis=1)
        detected += (parts > 0).sum(axis=0)
        share += (parts[total > 0] / total[total > 0, None]).sum(axis=0)
        patients += int((total > 0).sum())
    return detected, share / max(patients, 1) if spec.scale in CLOSED else np.zeros(0)
