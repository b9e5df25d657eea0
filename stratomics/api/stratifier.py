"""Stratifier: the whole fit as one estimator, in the conventions of scikit-learn."""

from __future__ import annotations

import hashlib
import logging
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from datamodules.shift import shift_findings
from models.prediction import Prediction
from omics.checks.finding import WARNING
from omics.cohort.read import cohort_spec
from omics.common.errors import InputError
from omics.common.files import read_json, staged_folder, write_json
from omics.common.seeds import named_seed
from stratomics.api.curves import survival_at, survival_quantile
from stratomics.api.tools.stored_factors import checked_cohort, primary_endpoint
from stratomics.config import ExperimentConfig
from stratomics.evaluation.cases import cases_of
from stratomics.evaluation.metrics import DISCRIMINATION
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.experiment.check_config import check_config
from stratomics.experiment.parse_config import config_from_keys
from stratomics.experiment.prepare import complete_for_cohort
from stratomics.fitting.fit import fit
from stratomics.fitting.fitted import Fitted
from stratomics.predict import predict_blocks
from stratomics.runtime.logs import quiet_libraries

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["Stratifier", "UnfittedError", "patient_digests"]

log = logging.getLogger(__name__)

SETTINGS = "stratifier.json"

WRITTEN = "predictions"
"""Key of ``uns`` with the columns of ``obs`` that ``predict(..., write=True)`` wrote."""


class UnfittedError(InputError, NotFittedError):  # type: ignore[misc]  # scikit-learn has no type information
    """A model is used before it is fitted."""


class Stratifier(BaseEstimator):  # type: ignore[misc]  # scikit-learn has no type information
    """Harmonization, factors, networks and calibration as one model of the endpoints of a cohort.

    Patients may lack any views, in training and in prediction. Settings are those of a configuration; None means the
    defaults of ``configs/default.yaml``.

    Parameters
    ----------
    seed
        Seed of all random numbers.
    endpoints
        Endpoints to learn in addition to the primary one; None means every response, and one survival endpoint, with
        enough patients.
    inner_folds
        Number of inner folds; each gives one member of the ensemble.
    harmonize, factors, head, trainer
        Groups of keys of a configuration, such as ``factors={"model": "pca", "count": 10}``.

    Attributes
    ----------
    fitted_
        The fitted ensemble.
    config_
        The complete configuration.

    Examples
    --------
    >>> import stratomics as st
    >>> model = st.Stratifier(inner_folds=2, factors={"count": 2, "per_view": 0}, trainer={"epochs": 1})
    >>> cohort = st.simulate(patients=60, features={"rna": 8, "protein": 6})
    >>> sorted(model.fit(cohort[:40].copy()).predict(cohort[40:].copy()))[:3]
    ['abstain', 'abstain_reason', 'benefit']
    """

    def __init__(
        self,
        *,
        seed: int = 1,
        endpoints: Sequence[str] | None = None,
        inner_folds: int = 5,
        harmonize: Mapping[str, Any] | None = None,
        factors: Mapping[str, Any] | None = None,
        head: Mapping[str, Any] | None = None,
        trainer: Mapping[str, Any] | None = None,
    ) -> None:
        self.seed = seed
        self.endpoints = endpoints
        self.inner_folds = inner_folds
        self.harmonize = harmonize
        self.factors = factors
        self.head = head
        self.trainer = trainer

    def fit(self, cohort: MuData, y: None = None) -> Self:  # noqa: ARG002  # scikit-learn passes y
        """Fit to all patients of a cohort; everything that is learned comes from them alone.

        Parameters
        ----------
        cohort
            Training patients with at least one endpoint; it is not changed.
        y
            Not used: a cohort has its endpoints.

        Returns
        -------
        Stratifier
            This model.

        Raises
        ------
        InputError
            If a setting does not exist, or the patients are too few.
        """
        quiet_libraries()
        primary_endpoint(cohort)
        config = self._config()
        check_config(config)
        self.config_ = complete_for_cohort(config, cohort)
        self.fitted_ = fit(cohort, self.config_, named_seed(self.seed, "final"))
        self.trained_on_ = patient_digests(cohort.obs_names)
        return self

    def predict(self, cohort: MuData, *, write: bool = False) -> pd.DataFrame:
        """Predict patients, with any subset of the views.

        Parameters
        ----------
        cohort
            The patients; outcomes are not read.
        write
            Also write the columns into ``cohort.obs``.

        Returns
        -------
        pandas.DataFrame
            Indexed by sample id, in the order of `cohort`. For survival: ``risk`` (higher means an earlier event),
            ``risk_sd``, ``survival_bound``; for a response: ``response_probability``, ``response_sd``,
            ``response_set``; with arms ``benefit`` (treated minus control) and ``benefit_sd``; ``ood`` and ``abstain``.

        Raises
        ------
        UnfittedError
            If the model is not fitted.
        InputError
            If `write` would replace a column that the cohort needs, or change a view of another cohort.

        Warns
        -----
        UserWarning
            If some of the patients are training patients.
        """
        table = self._prediction(cohort).patients.drop(columns=["repeat", "fold"]).set_index("sample_id")
        if write:
            _write(table, cohort)
        return table

    def score(self, cohort: MuData, y: None = None) -> float:  # noqa: ARG002  # scikit-learn passes y
        """Discrimination in patients with the primary endpoint: Harrell's C, or the area under the ROC curve.

        Parameters
        ----------
        cohort
            Patients that the model was not trained on.
        y
            Not used.

        Returns
        -------
        float
            Higher is better; 0.5 is chance.
        """
        outcome = primary_endpoint(cohort)
        cases = cases_of(self._prediction(cohort), cohort.obs_names.to_numpy(dtype=str), outcome)
        value = find_metric(DISCRIMINATION[outcome.kind]).function(cases, np.ones((1, len(cases))))
        return float(value[0])

    def survival_at(self, cohort: MuData, time: float) -> pd.DataFrame:
        """Predict survival at one time, with an interval; see :func:`stratomics.api.curves.survival_at`.

        Parameters
        ----------
        cohort
            The patients.
        time
            The time, in the unit of the endpoint.

        Returns
        -------
        pandas.DataFrame
            Indexed by sample id: ``survival``, ``low`` and ``high``.
        """
        return survival_at(self._prediction(cohort), time)

    def quantile(self, cohort: MuData, share: float = 0.5) -> pd.Series[float]:
        """Predict the time by which a share of patients like each one has the event.

        Parameters
        ----------
        cohort
            The patients.
        share
            Share with the event; 0.5 gives the median survival time.

        Returns
        -------
        pandas.Series
            Indexed by sample id; infinite where the predicted curve does not fall that far.
        """
        return survival_quantile(self._prediction(cohort), share)

    def save(self, folder: str | Path) -> Path:
        """Write the model as json and safetensors.

        Parameters
        ----------
        folder
            Folder of the model; an earlier model there is replaced.

        Returns
        -------
        Path
            The folder. Ids of training patients are stored as digests only.
        """
        fitted, place = self._fitted(), Path(folder)
        with staged_folder(place) as staged:
            fitted.save(staged)
            write_json(
                staged / SETTINGS, {"settings": self.get_params(), "trained_on": sorted(self.trained_on_)}
            )
        return place

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what :meth:`save` wrote.

        Parameters
        ----------
        folder
            Folder of the model.

        Returns
        -------
        Stratifier
            The fitted model.

        Raises
        ------
        InputError
            If a file is missing or damaged.
        """
        if not (Path(folder) / SETTINGS).is_file():
            raise InputError(f"{folder}: no saved Stratifier; give a folder that Stratifier.save has written")
        content = read_json(Path(folder) / SETTINGS)
        return cls.of(Fitted.load(Path(folder)), content["settings"], content["trained_on"])

    @classmethod
    def of(cls, fitted: Fitted, settings: Mapping[str, Any], trained_on: Iterable[str]) -> Self:
        """Make a model of a fitted ensemble.

        Parameters
        ----------
        fitted
            The ensemble.
        settings
            Parameters of the model.
        trained_on
            Digests of the ids of the training patients.

        Returns
        -------
        Stratifier
            The fitted model.
        """
        model = cls(**settings)
        model.config_, model.fitted_, model.trained_on_ = model._config(), fitted, frozenset(trained_on)
        return model

    def _config(self) -> ExperimentConfig:
        keys = {"seed": self.seed, "endpoints": self.endpoints, "split": {"inner_folds": self.inner_folds}}
        groups = {name: getattr(self, name) for name in ("harmonize", "factors", "head", "trainer")}
        return config_from_keys(keys | {name: group for name, group in groups.items() if group is not None})

    def _fitted(self) -> Fitted:
        if not hasattr(self, "fitted_"):
            raise UnfittedError("this Stratifier is not fitted; call fit(cohort) first")
        return self.fitted_

    def _prediction(self, cohort: MuData) -> Prediction:
        fitted = self._fitted()
        _check_views(fitted, checked_cohort(cohort))
        known = len(patient_digests(cohort.obs_names) & self.trained_on_)
        if known:
            warnings.warn(
                f"{known} of these {cohort.n_obs} patients are training patients, whose predictions look better than "
                "those of new patients will be; st.run(...).predictions has out-of-fold predictions",
                UserWarning,
                stacklevel=3,
            )
        blocks = list(predict_blocks(fitted, cohort))
        tables = {
            name: pd.concat([b.long[name] for b in blocks], ignore_index=True) for name in blocks[0].long
        }
        return Prediction(pd.concat([b.patients for b in blocks], ignore_index=True), tables)


def patient_digests(ids: Iterable[str]) -> frozenset[str]:
    """Digests of ids, since the ids of patients are not stored in a model."""
    return frozenset(hashlib.sha256(str(name).encode()).hexdigest()[:16] for name in ids)


def _check_views(fitted: Fitted, cohort: MuData) -> None:
    """Refuse patients who have no view of the model, and log what differs from the training patients."""
    harmonizer = fitted.encoders[0].harmonizer
    views = list(cohort_spec(cohort).views)
    if not set(views) & set(harmonizer.views):
        raise InputError(
            f"these patients have the views {', '.join(views)}, and the model was trained on "
            f"{', '.join(harmonizer.views)}; name views as in training"
        )
    for finding in shift_findings(harmonizer, cohort):
        if finding.severity == WARNING:
            log.warning("%s: %s", finding.place, finding.sentence)


def _write(table: pd.DataFrame, cohort: MuData) -> None:
    if cohort.is_view:
        raise InputError("this cohort is a view of another one; predict a copy: cohort.copy()")
    written = set(cohort.uns.get(WRITTEN, ()))
    for column in table:
        if column in cohort.obs and column not in written:
            raise InputError(
                f"the cohort has a column '{column}' from elsewhere, which write=True would replace; rename it"
            )
    for column in table:
        cohort.obs[column] = table[column].to_numpy()
    cohort.uns[WRITTEN] = np.array(sorted(written | set(map(str, table))), dtype=object)
