"""The locked panel: an assay of a few analytes, and the calibrated prediction that it gives."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.feature_match import match_features
from models.prediction import Prediction
from omics.cohort.read import cohort_digest, cohort_endpoints, cohort_spec
from omics.common.errors import DataError, InputError, nearest
from omics.common.files import JsonObject
from omics.common.locked_json import content_digest, read_locked, write_locked
from omics.modalities.amounts import CLOSED
from stratomics.strata.panel.assay.bridge import Bridge
from stratomics.strata.panel.assay.prices import PriceList
from stratomics.strata.panel.calibration import CALIBRATIONS, PanelCalibration
from stratomics.strata.panel.learn import Learning, learn_panels
from stratomics.strata.panel.score_path import PanelScore, PanelSettings
from stratomics.strata.panel.target import EndpointTarget
from stratomics.strata.panel.values import AnalyteName, assay_values

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["PANEL", "LockedPanel", "PanelView", "lock_panel"]

log = logging.getLogger(__name__)

Array = NDArray[np.float64]

PANEL = "panel.json"
"""Name of the file of a locked panel in a run directory."""

KIND = "panel"
"""What a file of a locked panel holds."""

OWN = "training"
"""Name of the platform that the panel was learned on."""

EVENTS_PER_ANALYTE = 5
FAR = 3.0
ENOUGH = 10


@dataclass(frozen=True)
class PanelView:
    """A view that analytes of the panel belong to.

    Attributes
    ----------
    modality, scale
        As the training cohort declares them.
    measured
        All features of the view, on a scale that is relative to their total; else empty.
    """

    modality: str
    scale: str
    measured: tuple[str, ...] = ()


@dataclass(frozen=True)
class LockedPanel:
    """A locked panel.

    Attributes
    ----------
    endpoint
        Name of the endpoint.
    analytes
        Its analytes.
    views
        View -> how its values are given.
    score
        Limit of detection, centre, scale and weight of each analyte.
    calibration
        From the score to predictions, and sets or bounds that hold for 90% of the patients.
    cut
        A patient at or above this level (probability, log hazard, benefit) is positive.
    cohort
        Digest of the files of the training cohort.
    patients
        Number of training patients.
    bridges
        Platform -> how its values are converted.

    Examples
    --------
    >>> import stratomics as st
    >>> cohort = st.simulate(patients=120, features={"rna": 20, "protein": 10}, arm=False)
    >>> panel = st.Panel.fit(cohort, analytes=3)
    >>> len(panel.analytes), bool(panel.predict(cohort).patients["risk"].notna().all())
    (3, True)
    """

    endpoint: str
    analytes: tuple[AnalyteName, ...]
    views: Mapping[str, PanelView]
    score: PanelScore
    calibration: PanelCalibration
    cut: float
    cohort: str
    patients: int
    bridges: Mapping[str, Bridge]

    @staticmethod
    def fit(
        cohort: MuData,
        analytes: int = 5,
        *,
        settings: PanelSettings | None = None,
        prices: PriceList | None = None,
        share: float = 0.5,
        seed: int = 1,
    ) -> LockedPanel:
        """Learn a panel from all patients of a cohort who have the primary endpoint.

        Parameters
        ----------
        cohort
            The patients.
        analytes
            Number of analytes.
        settings
            How the panel is learned.
        prices
            Prices, for ``PanelSettings(select="price")``.
        share
            Share of patients at or above the cut.
        seed
            Seed of all random numbers.

        Returns
        -------
        LockedPanel
            The locked panel. It says nothing about how good it is: see the nested curve of ``stratomics panel``.
        """
        endpoint = cohort_endpoints(cohort).primary()
        rows = np.flatnonzero(endpoint.observed)
        values = assay_values(cohort)
        equal = PriceList.equal() if prices is None else prices
        learning = Learning(values.take(rows), EndpointTarget(endpoint.take(rows)), equal.of(values.names))
        return lock_panel(cohort, learning, analytes, settings or PanelSettings(), share, seed)

    def levels(self, cohort: MuData, platform: str = OWN) -> Array:
        """(n,) level that the cut is on: probability of a response, log hazard, or benefit.

        Parameters
        ----------
        cohort
            Patients with the analytes of the panel; a missing value counts as the median of training.
        platform
            Where the values were measured: ``training``, or the name of a bridge.

        Raises
        ------
        InputError
            If no patient has one of the analytes, if a view has another scale, or if the platform has no bridge.
        """
        return self.calibration.level(self._scores(cohort, platform))

    def predict(self, cohort: MuData, platform: str = OWN) -> Prediction:
        """Predict patients; arguments and errors as of :meth:`levels`.

        Returns
        -------
        Prediction
            One row per patient: risk or probability, the lower bound or the sets that hold for 90% of the patients,
            ``panel_positive``, and the number of analytes that were measured (``panel_measured``).
        """
        scores = self._scores(cohort, platform)
        ids = cohort.obs_names.to_numpy(dtype=str)
        plain = self.calibration.prediction(ids, scores, self.endpoint)
        measured = (~np.isnan(self._values(cohort))).sum(axis=1)
        positive = self.calibration.level(scores) >= self.cut
        return plain.with_columns({"panel_positive": positive, "panel_measured": measured})

    def _scores(self, cohort: MuData, platform: str) -> Array:
        values = self._values(cohort)
        if platform != OWN:
            if platform not in self.bridges:
                known = nearest(platform, self.bridges) if self.bridges else "the panel has none"
                raise InputError(
                    f"platform '{platform}' has no bridge to that of the panel; measure samples on both, and add one "
                    f"with `stratomics panel PANEL --bridge PAIRED.csv --platform {platform}` ({known})"
                )
            values = self.bridges[platform].to_training(values)
        self._warn_of_shift(values)
        return self.score(values)

    def _values(self, cohort: MuData) -> Array:
        """(n, m) values of the analytes, on the scale of their modality."""
        declared = cohort_spec(cohort).views
        for name, view in self.views.items():
            given = declared.get(name)
            if given is None:
                raise InputError(
                    f"the panel needs the view '{name}', which these patients do not have; "
                    f"{nearest(name, declared)}"
                )
            if (given.modality, given.scale) != (view.modality, view.scale):
                raise InputError(
                    f"view '{name}' is {given.modality} declared {given.scale}, and the panel was learned on "
                    f"{view.modality} declared {view.scale}; convert the values, or learn a bridge for the platform"
                )
            wanted = pd.Index([analyte.feature for analyte in self.analytes if analyte.view == name])
            match = match_features(wanted, cohort[name].var_names, view.scale)
            for feature in wanted[match.absent]:
                raise InputError(
                    f"view '{name}' has no analyte '{feature}', which the panel needs; rename the column "
                    f"if it has another name ({nearest(feature, match.given)})"
                )
            for note in match.notes:
                log.warning("view '%s': %s", name, note)
        features = {
            name: view.measured or [a.feature for a in self.analytes if a.view == name]
            for name, view in self.views.items()
        }
        read = assay_values(cohort, features)
        return read.values[:, [read.names.index(analyte) for analyte in self.analytes]]

    def _warn_of_shift(self, values: Array) -> None:
        """Warn if typical values of an analyte are far from those of training, as those of another platform are."""
        for analyte, column, place, scale in zip(
            self.analytes, values.T, self.score.location, self.score.scale, strict=True
        ):
            known = column[np.isfinite(column)]
            if len(known) >= ENOUGH and abs(float(np.median(known)) - place) > FAR * scale:
                log.warning(
                    "'%s': the median is %.3g, and in training it was %.3g; if this is another platform, name it and "
                    "add a bridge",
                    analyte,
                    float(np.median(known)),
                    place,
                )

    def with_bridge(self, platform: str, bridge: Bridge) -> Self:
        """Return the panel with a bridge from another platform."""
        return replace(self, bridges={**self.bridges, platform: bridge})

    def save(self, path: Path) -> None:
        """Write json with a digest of its content."""
        write_locked(path, KIND, self.to_json())

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what :meth:`save` wrote.

        Raises
        ------
        InputError
            If the file is absent, is not a panel, or was edited.
        """
        return cls.from_json(read_locked(path, KIND))

    @property
    def digest(self) -> str:
        """SHA-256 of the content, by which documents can name the panel."""
        return content_digest(self.to_json())

    def to_json(self) -> JsonObject:
        """Content for json."""
        score = self.score
        return {
            "endpoint": self.endpoint,
            "kind": self.calibration.kind,
            "form": score.form,
            "analytes": [
                {**asdict(analyte), "limit": limit, "center": place, "scale": scale}
                for analyte, limit, place, scale in zip(
                    self.analytes,
                    score.limit.tolist(),
                    score.location.tolist(),
                    score.scale.tolist(),
                    strict=True,
                )
            ],
            "views": {
                name: {**asdict(view), "measured": list(view.measured)} for name, view in self.views.items()
            },
            "weights": score.weights.tolist(),
            "score_center": score.center,
            "calibration": self.calibration.to_json(),
            "cut": self.cut,
            "cohort_digest": self.cohort,
            "patients": self.patients,
            "bridges": {name: bridge.to_json() for name, bridge in self.bridges.items()},
        }

    @classmethod
    def from_json(cls, content: JsonObject) -> Self:
        """Read what :meth:`to_json` returned."""
        analytes = content["analytes"]
        limit, place, scale = (
            np.array([one[key] for one in analytes], dtype=np.float64) for key in ("limit", "center", "scale")
        )
        weights = np.array(content["weights"], dtype=np.float64)
        columns = np.arange(len(analytes))
        return cls(
            content["endpoint"],
            tuple(AnalyteName(one["view"], one["feature"]) for one in analytes),
            {
                name: PanelView(view["modality"], view["scale"], tuple(view["measured"]))
                for name, view in content["views"].items()
            },
            PanelScore(content["form"], columns, limit, place, scale, weights, content["score_center"]),
            CALIBRATIONS[content["kind"]].from_json(content["calibration"]),
            content["cut"],
            content["cohort_digest"],
            content["patients"],
            {name: Bridge.from_json(one) for name, one in content["bridges"].items()},
        )


def lock_panel(
    cohort: MuData, learning: Learning, analytes: int, settings: PanelSettings, share: float, seed: int
) -> LockedPanel:
    """Select, fit, calibrate and lock a panel on all training patients.

    Parameters
    ----------
    cohort
        The cohort that `learning` was read from.
    learning
        Patients, target and prices.
    analytes
        Number of analytes.
    settings
        How the panel is learned.
    share
        Share of patients at or above the cut, by their held-out scores.
    seed
        Seed of all random numbers.

    Returns
    -------
    LockedPanel
        The locked panel.

    Raises
    ------
    DataError
        If the selection finds no analyte, or held-out scores carry no information.
    """
    if analytes * EVENTS_PER_ANALYTE > learning.events:
        log.warning(
            "%d analytes are many for %d events or patients in the smaller class; five of them per analyte allow %d",
            analytes,
            learning.events,
            learning.events // EVENTS_PER_ANALYTE,
        )
    panels = learn_panels(learning, [analytes], settings, seed, "panel", "locked")
    score, calibration = panels.path.scores[analytes], panels.calibrations[analytes]
    if not len(score.columns) or calibration.slope == 0:
        raise DataError(
            f"held-out scores of {analytes} analyte(s) carry no information about the endpoint, so there is nothing "
            "to lock; choose another number of analytes"
        )
    names = tuple(learning.patients.names[column] for column in score.columns)
    spec = cohort_spec(cohort)
    views = {
        view: PanelView(
            spec.views[view].modality,
            spec.views[view].scale,
            tuple(map(str, cohort[view].var_names)) if spec.views[view].scale in CLOSED else (),
        )
        for view in dict.fromkeys(name.view for name in names)
    }
    cut = float(np.quantile(calibration.level(panels.held_out[analytes]), 1.0 - share))
    return LockedPanel(
        spec.primary_endpoint,
        names,
        views,
        replace(score, columns=np.arange(len(names))),
        calibration,
        cut,
        cohort_digest(cohort),
        len(learning.patients),
        {},
    )
