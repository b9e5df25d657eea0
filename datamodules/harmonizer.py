"""Harmonizer: the only thing fitted on patients before a model sees them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.batch import Batch
from datamodules.config import HarmonizeConfig
from datamodules.covariates import CovariateEncoder
from datamodules.migration import view_of_first_schema
from datamodules.steps.site import separable
from datamodules.view_harmonizer import ViewHarmonizer
from datamodules.view_table import PatientContext
from omics.checks.confounding import site_ties
from omics.cohort.read import cohort_endpoints, cohort_spec
from omics.cohort.spec import ViewSpec
from omics.common.errors import ConfigError, DataError, FitError, nearest
from omics.common.files import read_state, write_state

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["Harmonizer"]

log = logging.getLogger(__name__)

LIKELY = 0.05
"""p-value below which a strong tie between site and outcome or arm switches site correction off."""


class Harmonizer:
    """Every view through its chain of steps, and the coding of covariates.

    Values go through their modality first (stateless, one patient at a time); then `fit` learns
    from the training patients it is given, and `transform` applies that to anybody.

    Examples
    --------
    >>> from omics.cohort.read import read_cohort
    >>> cohort = read_cohort("bundled:tcga_acc")
    >>> batch = Harmonizer(HarmonizeConfig()).fit(cohort[:70]).transform(cohort[70:])
    >>> len(batch), batch.views["rppa"].shape, int(batch.present("rppa").sum())
    (22, (22, 33), 16)
    """

    def __init__(self, config: HarmonizeConfig) -> None:
        self.config = config
        self.views: dict[str, ViewHarmonizer] = {}
        self.covariates = CovariateEncoder()
        self._site: str | None = None

    @property
    def features(self) -> dict[str, pd.Index]:
        """View -> names of the features that are kept."""
        return {name: view.features for name, view in self.views.items()}

    @property
    def site(self) -> str | None:
        """Column of the samples table that sites stand in, where they are corrected for."""
        return self._site

    def fit(self, cohort: MuData) -> Self:
        """Learn from training patients.

        Raises
        ------
        DataError
            If no view has two patients and a feature that varies.
        ConfigError
            A normalization of a view that is not there, or whose scale does not allow it.
        """
        spec = cohort_spec(cohort)
        for name in self.config.normalize:
            if name not in spec.views:
                raise ConfigError(f"harmonize.normalize: no view '{name}'; {nearest(name, spec.views)}")
        self.covariates.fit(cohort.obs, spec.covariates)
        self._site = spec.site if self.config.correct_site else None
        if self.config.correct_site and spec.site is None:
            log.info("harmonize.correct_site: the cohort declares no site, so there is nothing to correct")
        everybody = self._patients(cohort)
        self.views = {}
        for name, view in spec.views.items():
            rows = _rows(cohort, name)
            patients = everybody.take(rows)
            if self._site is not None and (reason := _against_correction(cohort, rows, patients)):
                log.info("view '%s': sites are not corrected for: %s", name, reason)
                patients = PatientContext(np.full(len(rows), ""), patients.covariates)
            self.views[name] = ViewHarmonizer.fit(name, cohort[name], view, patients, self.config)
        if not any(len(view.features) for view in self.views.values()):
            raise DataError(
                "no view has two training patients and a feature that varies among them, and is measured and found in "
                "enough of them; see harmonize.max_missing and harmonize.min_prevalence"
            )
        return self

    def transform(self, cohort: MuData) -> Batch:
        """Apply what was learned to any patients; features are matched by name, a missing one is imputed.

        Raises
        ------
        DataError
            A view that is declared as another modality than in training.
        """
        if not self.views:
            raise FitError("this Harmonizer was not fitted; call fit with training patients first")
        everybody = self._patients(cohort)
        views, observed = {}, {}
        for name, view in self.views.items():
            shape = cohort.n_obs, len(view.features)
            views[name], observed[name] = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=bool)
            if name in cohort.mod:
                rows = _rows(cohort, name)
                views[name][rows], observed[name][rows] = view.transform(
                    cohort[name], self.declared(cohort, name), everybody.take(rows), adapt=self.config.adapt
                )
        return Batch(
            cohort.obs_names.to_numpy(dtype=str),
            views,
            observed,
            everybody.covariates,
            self.covariates.names,
            cohort_endpoints(cohort),
        )

    def declared(self, cohort: MuData, view: str) -> ViewSpec:
        """How `cohort` declares `view`; its scale may be another than that of training, its modality not."""
        trained = self.views[view].spec
        spec = cohort_spec(cohort).views.get(view, trained)
        if spec.modality != trained.modality:
            raise DataError(
                f"view '{view}' is declared {spec.modality} and the model was trained on {trained.modality}; "
                "rename the view or declare it as it was"
            )
        return spec

    def patients(self, cohort: MuData, view: str) -> PatientContext:
        """Give what the steps of `view` know of the patients whom it has."""
        return self._patients(cohort).take(_rows(cohort, view))

    def _patients(self, cohort: MuData) -> PatientContext:
        known = self._site in cohort.obs
        names = np.full(cohort.n_obs, "")
        if known:
            site = cohort.obs[self._site]
            names = site.astype(str).where(site.notna(), "").to_numpy(dtype=str)
        return PatientContext(names, self.covariates.transform(cohort.obs))

    def save(self, folder: Path, name: str) -> None:
        """Write ``name.json`` and ``name.safetensors``."""
        stored: dict[str, Any] = {}
        arrays: dict[str, NDArray[Any]] = {}
        for view, harmonizer in self.views.items():
            stored[view], learned = harmonizer.state()
            arrays |= {f"{view}.{key}": value for key, value in learned.items()}
        settings: dict[str, Any] = {
            "config": vars(self.config),
            "views": stored,
            "covariates": self.covariates.state(),
            "site": self._site,
        }
        write_state(folder, name, settings, arrays)

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, name)
        harmonizer = cls(HarmonizeConfig(**settings["config"]))
        for view, stored in settings["views"].items():
            learned = {
                key.removeprefix(f"{view}."): value
                for key, value in arrays.items()
                if key.startswith(f"{view}.")
            }
            build = ViewHarmonizer.from_state if "steps" in stored else view_of_first_schema
            harmonizer.views[view] = build(stored, learned)
        harmonizer.covariates = CovariateEncoder.from_state(settings["covariates"])
        harmonizer._site = settings.get("site")
        return harmonizer


def _rows(cohort: MuData, view: str) -> NDArray[np.int64]:
    rows: NDArray[np.int64] = cohort.obs_names.get_indexer(cohort[view].obs_names)
    return rows


def _against_correction(cohort: MuData, rows: NDArray[np.int64], patients: PatientContext) -> str | None:
    """Say what correcting a view's training patients, at `rows`, for site would take along, if anything.

    A tie that is strong and likely (p below `LIKELY`) is enough: a small view can show no more.
    """
    for what, strength, p in site_ties(cohort, rows):
        if p < LIKELY:
            return f"they differ in {what} (Cramer's V {strength:.2f}, p {p:.1g})"
    if not separable(patients.site, patients.covariates):
        return "a covariate cannot be told from them"
    return None
