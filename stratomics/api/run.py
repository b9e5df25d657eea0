"""Run an experiment from Python, and look at a finished run."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from models.prediction import Prediction
from omics.cohort.read import cohort_spec
from omics.cohort.write import write_cohort
from omics.common.errors import InputError
from omics.common.files import file_digest
from stratomics.api.curves import survival_at, survival_quantile
from stratomics.api.settings import settings
from stratomics.api.tools.stored_factors import primary_endpoint
from stratomics.config import TrackingConfig
from stratomics.evaluation.comparison import LABELS, OURS
from stratomics.experiment.parse_config import config_from_keys
from stratomics.report.text.metrics import control_sentence, difference_sentences
from stratomics.runs.run_directory import RunDirectory
from stratomics.runtime.logs import quiet_libraries

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.api.stratifier import Stratifier
    from stratomics.report.plots import Panel
    from stratomics.strata.panel.from_run import RunPanel

__all__ = ["Run", "open_run", "run"]

GROUPS = ("harmonize", "factors", "head", "trainer")
"""Groups of keys of a configuration that are settings of a Stratifier too."""


@dataclass(frozen=True, repr=False)
class Run:
    """A finished run: nested evaluation, final model and report.

    Attributes
    ----------
    directory
        Its run directory.
    """

    directory: RunDirectory

    @property
    def path(self) -> Path:
        """Folder of the run."""
        return self.directory.path

    @property
    def report(self) -> Path:
        """The report, an html file."""
        return self.path / "report.html"

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """One row per method and metric: ``estimate``, and ``low`` and ``high`` of its 95% interval."""
        content = self.directory.metrics
        endpoint = content["endpoint"]
        by_method = {OURS: content[endpoint]} | {
            name: figures[endpoint] for name, figures in content["baselines"].items()
        }
        return _long(by_method)

    @property
    def predictions(self) -> pd.DataFrame:
        """Out-of-fold predictions: one row per patient and repeat."""
        return self.prediction().patients.copy()

    @property
    def sentences(self) -> list[str]:
        """What the paired differences and the negative controls allow to conclude, one sentence each."""
        sentences = difference_sentences(self.directory.metrics)
        control = control_sentence(self.directory.metrics)
        return [*sentences, control] if control else sentences

    @cached_property
    def figures(self) -> dict[str, Panel]:
        """Figures of the report by name; each has a ``figure`` of matplotlib, a ``sentence`` and a ``table``."""
        from stratomics.report.plots import panels

        return panels(self.directory)

    @cached_property
    def model(self) -> Stratifier:
        """The final model, fitted on all patients; it predicts new patients."""
        from stratomics.api.stratifier import Stratifier, patient_digests
        from stratomics.fitting.fitted import Fitted
        from stratomics.predict import find_model

        config = self.directory.config
        keys = {name: config[name] for name in ("seed", "endpoints", *GROUPS)}
        keys["inner_folds"] = config["split"]["inner_folds"]
        fitted = Fitted.load(find_model(self.path))
        return Stratifier.of(fitted, keys, patient_digests(self.directory.sample_ids))

    def compare(self) -> pd.DataFrame:
        """Compare stratomics with each method on the primary metric.

        Returns
        -------
        pandas.DataFrame
            Indexed by method, stratomics first: ``metric``, ``estimate``, ``low``, ``high`` of the method, and
            ``difference``, ``difference_low``, ``difference_high``: stratomics minus the method, on the same patients.
            An interval that includes 0 is no evidence of a difference.
        """
        content = self.directory.metrics
        metric, endpoint = content["metric"], content["endpoint"]
        table = self.metrics.query("metric == @metric").set_index("method")
        differences = {name: figures[endpoint][metric] for name, figures in content["differences"].items()}
        columns = {"estimate": "difference", "low": "difference_low", "high": "difference_high"}
        return table.join(pd.DataFrame(differences).T.rename(columns=columns)).rename(index=LABELS)

    def prediction(self, method: str = OURS) -> Prediction:
        """Out-of-fold predictions of one method, with its survival curves or class probabilities.

        Parameters
        ----------
        method
            ``stratomics`` or a baseline of the run.

        Returns
        -------
        Prediction
            ``patients`` and the long tables.

        Raises
        ------
        InputError
            If the run has no such method.
        """
        known = self.directory.predictions
        if method not in known:
            raise InputError(f"{self.path}: no method '{method}'; choose one of {', '.join(known)}")
        return known[method]

    def panel(
        self,
        analytes: Iterable[int] = range(2, 21),
        *,
        lock: int | None = None,
        form: str = "linear",
        select: str | None = None,
        prices: str | Path | None = None,
        noise: str | Path | None = None,
        share: float = 0.5,
        target: str = "endpoint",
        save: bool = False,
    ) -> RunPanel:
        """Learn small panels in the folds of the run, and lock one, as ``stratomics panel`` does.

        Parameters
        ----------
        analytes
            Numbers of analytes of the curve.
        lock
            Number of analytes to lock; by default the recommended one.
        form, select
            Form of the score (linear, rank, ratio) and order of analytes (path, stability, price).
        prices, noise
            Tables of prices and of the noise of the assay, csv files.
        share
            Share of the patients at or above the cut.
        target
            ``endpoint``; ``benefit``, the effect of a randomised treatment on it; or ``model``, the out-of-fold score
            of the delivered model, which is fitted again in every fold.
        save
            Write curve, panel and scores into the run, and its report again. A locked panel is never replaced.

        Returns
        -------
        RunPanel
            ``rows`` is the curve, ``panel`` the locked panel.
        """
        from stratomics.experiment.teacher import teacher_of
        from stratomics.report.panel_files import save_panel
        from stratomics.strata.panel.from_run import PanelRequest, panel_of_run

        request = PanelRequest(
            tuple(sorted(analytes)),
            lock,
            form,
            select,
            None if prices is None else Path(prices),
            None if noise is None else Path(noise),
            share,
            target,
        )
        found = panel_of_run(self.directory, request, teacher=teacher_of(self.directory))
        if save:
            save_panel(self.directory, found)
        return found

    def survival_at(self, time: float) -> pd.DataFrame:
        """Out-of-fold survival at one time, with an interval; see :func:`stratomics.api.curves.survival_at`."""
        return survival_at(self.prediction(), time)

    def quantile(self, share: float = 0.5) -> pd.Series[float]:
        """Out-of-fold time by which a share has the event; see :func:`stratomics.api.curves.survival_quantile`."""
        return survival_quantile(self.prediction(), share)

    def __repr__(self) -> str:
        """Name of the run, its endpoint and its patients."""
        run = self.directory
        return f"Run of {len(run.patients)} patients, {run.kind} endpoint '{run.endpoint}', in {self.path}"

    def _repr_html_(self) -> str:
        """Link and comparison, for notebooks; pandas escapes the texts."""
        return self.compare().to_html(float_format="{:.3f}".format, na_rep="")


def run(cohort: MuData | str | Path, *, again: bool = False, **config: Any) -> Run:
    """Run one experiment: nested evaluation beside simple models, final model, report.

    Parameters
    ----------
    cohort
        A cohort in memory, or the folder or file of one. A cohort in memory is written to the folder ``cohorts`` beside
        the run, because worker processes and later commands read it.
    again
        Repeat a run that is complete; otherwise it is opened.
    **config
        Keys of a configuration, such as ``split={"repeats": 1}`` or ``factors={"count": 10}``.

    Returns
    -------
    Run
        The finished run. A run that was stopped continues from its last finished fold.

    Raises
    ------
    ConfigError
        If a key is unknown or has a wrong value.

    Notes
    -----
    Folder of runs, number of processes and the MLflow store are options of ``st.settings``.
    """
    from stratomics.experiment.run_experiment import run_experiment

    quiet_libraries()
    if not isinstance(cohort, str | Path):
        primary_endpoint(cohort)
    runs = Path(settings.runs)
    keys = _with_settings(config)
    # Wrong keys are an error before anything is written.
    config_from_keys(keys)
    keys["cohort"] = str(cohort) if isinstance(cohort, str | Path) else str(_stored(cohort, runs / "cohorts"))
    return Run(run_experiment(config_from_keys(keys), runs, again=again))


def open_run(run: str | Path) -> Run:
    """Open a finished run.

    Parameters
    ----------
    run
        Its run directory, or the id of its MLflow run, whose files are downloaded to a folder that exists as long
        as the returned object.

    Returns
    -------
    Run
        The run.

    Raises
    ------
    InputError
        If it is not a finished run.
    """
    from stratomics.tracking.find_run import is_mlflow_run

    if is_mlflow_run(str(run)):
        from stratomics.tracking.mlflow_store import download_run

        folder = Path(tempfile.mkdtemp(prefix="stratomics-"))
        uri = settings.tracking_uri or TrackingConfig().uri
        try:
            opened = Run(RunDirectory(download_run(uri, str(run), folder)))
        except BaseException:
            shutil.rmtree(folder)
            raise
        weakref.finalize(opened, shutil.rmtree, folder, ignore_errors=True)
        return opened
    opened = Run(RunDirectory(Path(run)))
    if not opened.directory.finished:
        raise InputError(f"{run}: not a finished run; give a folder with report.html, or run it to its end")
    return opened


def _with_settings(config: Mapping[str, Any]) -> dict[str, object]:
    """Keys of a configuration, completed by the options of this process."""
    keys: dict[str, object] = dict(config)
    if settings.workers is not None:
        keys.setdefault("workers", settings.workers)
    if settings.tracking_uri is not None:
        keys["tracking"] = {"uri": settings.tracking_uri, **config.get("tracking", {})}
    return keys


def _stored(cohort: MuData, folder: Path) -> Path:
    """File of a cohort in memory; the same cohort is written once."""
    with tempfile.TemporaryDirectory() as place:
        part = write_cohort(cohort, Path(place) / "cohort.h5mu")
        digest = hashlib.sha256(file_digest(part).encode()).hexdigest()[:10]
        path = folder / f"{cohort_spec(cohort).name}-{digest}.h5mu"
    return path if path.is_file() else write_cohort(cohort, path)


def _long(by_method: Mapping[str, Mapping[str, Mapping[str, float]]]) -> pd.DataFrame:
    rows = [
        {"method": method, "metric": metric, **figure}
        for method, figures in by_method.items()
        for metric, figure in figures.items()
    ]
    return pd.DataFrame(rows).reindex(columns=["method", "metric", "estimate", "low", "high"])
