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
from datamodules.table import Patients
from datamodules.view_harmonizer import ViewHarmonizer
from omics.checks.confounding import site_tied_to_outcome_or_arm
from omics.cohort import cohort_endpoints, cohort_spec
from omics.errors import ConfigError, DataError, FitError, nearest
from omics.files import read_state, write_state
from omics.spec import ViewSpec

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["Harmonizer"]

log = logging.getLogger(__name__)


class Harmonizer:
    """Every view through its chain of steps, and the coding of covariates.

    Values go through their modality first (stateless, one patient at a time); then `fit` learns
    from the training patients it is given, and `transform` applies that to anybody.

    Examples
    --------
    >>> from omics.cohort import read_cohort
    >>> cohort = read_cohort("bundled:tcga_acc")
    >>> batch = Harmonizer(HarmonizeConfig()).fit(cohort[:70]).transform(cohort[70:])
    >>> len(batch), batch.views["rppa"].shape, int(batch.present("rppa").sum())
    (22, (22, 33), 16)
    """

    def __init__(self, config: HarmonizeConfig) -> None:
        self.config = config
        self.views: dict[str, ViewHarmonizer] = {}
        self._covariates = CovariateEncoder()
        self._site: str | None = None

    @property
    def features(self) -> dict[str, pd.Index]:
        """View -> names of the features that are kept."""
        return {name: view.features for name, view in self.views.items()}

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
        self._covariates.fit(cohort.obs, spec.covariates)
        self._site = spec.site if self.config.correct_site and self._correctable(cohort) else None
        everybody = self._patients(cohort)
        self.views = {
            name: ViewHarmonizer.fit(
                name, cohort[name], view, everybody.take(_rows(cohort, name)), self.config
            )
            for name, view in spec.views.items()
        }
        if not any(len(view.features) for view in self.views.values()):
            raise DataError("no view has a feature that varies among the training patients")
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
            self._covariates.names,
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

    def patients(self, cohort: MuData, view: str) -> Patients:
        """Give what the steps of `view` know of the patients whom it has."""
        return self._patients(cohort).take(_rows(cohort, view))

    def _patients(self, cohort: MuData) -> Patients:
        known = self._site in cohort.obs
        site = cohort.obs[self._site].astype(str).where(cohort.obs[self._site].notna(), "") if known else None
        names = np.full(cohort.n_obs, "") if site is None else site.to_numpy(dtype=str)
        return Patients(names, self._covariates.transform(cohort.obs))

    def _correctable(self, cohort: MuData) -> bool:
        """Judge, on training patients, whether correcting for site could take the signal along."""
        spec = cohort_spec(cohort)
        if spec.site is None:
            return False
        for finding in site_tied_to_outcome_or_arm(cohort):
            log.info("sites are not corrected for: %s", finding.sentence)
            return False
        site = cohort.obs[spec.site].astype(str).to_numpy(dtype=str)
        if not separable(site, self._covariates.transform(cohort.obs)):
            log.info("sites are not corrected for: a covariate cannot be told from the site '%s'", spec.site)
            return False
        return True

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
            "covariates": self._covariates.state(),
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
        harmonizer._covariates = CovariateEncoder.from_state(settings["covariates"])
        harmonizer._site = settings.get("site")
        return harmonizer


def _rows(cohort: MuData, view: str) -> NDArray[np.int64]:
    rows: NDArray[np.int64] = cohort.obs_names.get_indexer(cohort[view].obs_names)
    return rows
