"""Harmonizer: all preprocessing that is fitted on patients before a model sees them."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.batch import Batch
from datamodules.config import HarmonizeConfig
from datamodules.covariates import CovariateEncoder
from datamodules.steps.site import separable
from datamodules.view_harmonizer import ViewHarmonizer, ViewState
from datamodules.view_table import PatientContext
from omics.checks.confounding import site_associations
from omics.cohort.read import cohort_endpoints, cohort_spec
from omics.cohort.spec import ViewSpec
from omics.common.errors import ConfigError, DataError, FitError, nearest
from omics.common.files import read_state, write_state

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["Harmonizer"]

log = logging.getLogger(__name__)

SIGNIFICANT = 0.05
"""Site correction is switched off where a strong association of site with outcome or arm has a smaller p-value."""


class Harmonizer:
    """The chain of preprocessing steps of every view, and the encoding of covariates.

    Values first go through their modality (stateless, one patient at a time). Then `fit` learns the steps
    from training patients, and `transform` applies them to training or new patients.

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
        """Column of the samples table with the sites, or None without site correction."""
        return self._site

    def fit(self, cohort: MuData) -> Self:
        """Learn from training patients.

        Raises
        ------
        DataError
            If no view has two patients and a feature that varies.
        ConfigError
            If a normalization names a view that does not exist, or one whose scale cannot be normalized.
        """
        spec = cohort_spec(cohort)
        for name in self.config.normalize:
            if name not in spec.views:
                raise ConfigError(f"harmonize.normalize: no view '{name}'; {nearest(name, spec.views)}")
        self.covariates.fit(cohort.obs, spec.covariates)
        self._site = spec.site if self.config.correct_site else None
        if self.config.correct_site and spec.site is None:
            log.info("harmonize.correct_site: the cohort declares no site, so there is nothing to correct")
        all_patients = self._patients(cohort)
        self.views = {}
        for name, view in spec.views.items():
            rows = _rows(cohort, name)
            patients = all_patients.take(rows)
            if self._site is not None and (reason := _reason_against_correction(cohort, rows, patients)):
                log.info("view '%s': no site correction: %s", name, reason)
                patients = PatientContext(np.full(len(rows), ""), patients.covariates)
            self.views[name] = ViewHarmonizer.fit(name, cohort[name], view, patients, self.config)
        if not any(len(view.features) for view in self.views.values()):
            raise DataError(
                "no view has two training patients and a feature that varies among them, and is measured and detected "
                "in enough of them; see harmonize.max_missing and harmonize.min_prevalence"
            )
        return self

    def transform(self, cohort: MuData) -> Batch:
        """Apply the fitted steps; features are matched by name, and missing features are imputed.

        Raises
        ------
        DataError
            If a view is declared as another modality than in training.
        """
        if not self.views:
            raise FitError("this Harmonizer was not fitted; call fit with training patients first")
        all_patients = self._patients(cohort)
        views, observed = {}, {}
        for name in self.views:
            views[name], observed[name] = self._view(cohort, name, all_patients)
        return Batch(
            cohort.obs_names.to_numpy(dtype=str),
            views,
            observed,
            all_patients.covariates,
            self.covariates.names,
            cohort_endpoints(cohort),
        )

    def replaced(self, batch: Batch, cohort: MuData, view: str) -> Batch:
        """Harmonize one view again, whose values have changed.

        Parameters
        ----------
        batch
            Patients as from :meth:`transform`.
        cohort
            The same patients with other values of `view`.
        view
            Name of the view.

        Returns
        -------
        Batch
            As :meth:`transform` of `cohort`.
        """
        values, observed = self._view(cohort, view, self._patients(cohort))
        return replace(
            batch, views={**batch.views, view: values}, observed={**batch.observed, view: observed}
        )

    def _view(
        self, cohort: MuData, name: str, patients: PatientContext
    ) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        view = self.views[name]
        shape = cohort.n_obs, len(view.features)
        values, observed = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=bool)
        if name in cohort.mod:
            rows = _rows(cohort, name)
            values[rows], observed[rows] = view.transform(
                cohort[name],
                self.declared(cohort, name),
                patients.take(rows),
                adapt=self.config.adapt,
            )
        return values, observed

    def declared(self, cohort: MuData, view: str) -> ViewSpec:
        """Return how `cohort` declares `view`; the scale may differ from training, the modality may not."""
        trained = self.views[view].spec
        spec = cohort_spec(cohort).views.get(view, trained)
        if spec.modality != trained.modality:
            raise DataError(
                f"view '{view}' is declared {spec.modality}, but the model was trained on {trained.modality}; "
                "rename the view, or declare it as in training"
            )
        return spec

    def patients(self, cohort: MuData, view: str) -> PatientContext:
        """Return the context (site, covariates) of the patients who have `view`."""
        return self._patients(cohort).take(_rows(cohort, view))

    def _patients(self, cohort: MuData) -> PatientContext:
        names = np.full(cohort.n_obs, "")
        if self._site in cohort.obs:
            site = cohort.obs[self._site]
            names = site.astype(str).where(site.notna(), "").to_numpy(dtype=str)
        return PatientContext(names, self.covariates.transform(cohort.obs))

    def save(self, folder: Path, name: str) -> None:
        """Write ``name.json`` and ``name.safetensors``."""
        stored: dict[str, ViewState] = {}
        arrays: dict[str, NDArray[Any]] = {}
        for view, harmonizer in self.views.items():
            stored[view], fitted = harmonizer.to_state()
            arrays |= {f"{view}.{key}": value for key, value in fitted.items()}
        settings = {
            "config": vars(self.config),
            "views": stored,
            "covariates": self.covariates.to_state(),
            "site": self._site,
        }
        write_state(folder, name, settings, arrays)

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, name)
        harmonizer = cls(HarmonizeConfig(**settings["config"]))
        for view, stored in settings["views"].items():
            fitted = {
                key.removeprefix(f"{view}."): value
                for key, value in arrays.items()
                if key.startswith(f"{view}.")
            }
            harmonizer.views[view] = ViewHarmonizer.from_state(stored, fitted)
        harmonizer.covariates = CovariateEncoder.from_state(settings["covariates"])
        harmonizer._site = settings["site"]
        return harmonizer


def _rows(cohort: MuData, view: str) -> NDArray[np.int64]:
    rows: NDArray[np.int64] = cohort.obs_names.get_indexer(cohort[view].obs_names)
    return rows


def _reason_against_correction(
    cohort: MuData, rows: NDArray[np.int64], patients: PatientContext
) -> str | None:
    """Return why the training patients of a view, at `rows`, must not be corrected for site, or None.

    Site correction would also remove a difference in outcome, arm or covariate that is associated with site. A strong
    association with p below `SIGNIFICANT` is enough, since a small view cannot show stronger evidence.
    """
    for what, strength, p in site_associations(cohort, rows):
        if p < SIGNIFICANT:
            return f"they differ in {what} (Cramer's V {strength:.2f}, p {p:.1g})"
    if not separable(patients.site, patients.covariates):
        return "a covariate cannot be separated from them"
    return None
