"""The run directory: the files of a finished run, and how they are written and read."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.ensemble.training_history import TRAINING_HISTORY, fit_history
from models.prediction import Prediction
from omics.cohort.endpoints import Response, Survival
from omics.cohort.read import cohort_files, cohort_spec
from omics.common.errors import InputError
from omics.common.files import SCHEMA_VERSION, JsonObject, read_json, read_parquet, write_parquet, write_text
from omics.readers.gene_results import gene_results, has_gene_results
from stratomics.evaluation.cases import Cases, cases_of
from stratomics.evaluation.comparison import resamples
from stratomics.evaluation.follow_up import main_horizon
from stratomics.runs.patients_table import patients_table
from stratomics.runtime.versions import PROJECT, code_digests, package_versions

if TYPE_CHECKING:
    from mudata import MuData

    from datamodules.resampling import Design
    from datamodules.split import Fold
    from stratomics.config import ExperimentConfig

__all__ = ["RunDirectory", "input_files", "run_digest", "run_folder", "run_name", "save_run"]

_COMPLETE = "report.html"


@dataclass(frozen=True)
class RunDirectory:
    """A finished run, read from its saved tables without torch and without the model.

    Attributes
    ----------
    path
        The folder.
    """

    path: Path

    @property
    def finished(self) -> bool:
        """Whether the run is complete."""
        return (self.path / _COMPLETE).is_file()

    @cached_property
    def metrics(self) -> JsonObject:
        """Content of ``metrics.json``."""
        return read_json(self.path / "metrics.json")

    @cached_property
    def provenance(self) -> JsonObject:
        """Content of ``provenance.json``: cohort, digests, versions, digests of the code, seed, command."""
        return read_json(self.path / "provenance.json")

    @cached_property
    def config(self) -> JsonObject:
        """Keys of ``config.yaml``."""
        import yaml

        path = self.path / "config.yaml"
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise InputError(f"{path}: no such file; is this a finished run directory?") from None
        except (yaml.YAMLError, UnicodeDecodeError):
            content = None
        if not isinstance(content, dict):
            raise InputError(f"{path}: not a configuration; restore the file")
        return content

    @cached_property
    def patients(self) -> pd.DataFrame:
        """The table of :func:`stratomics.runs.patients_table.patients_table`: one row per patient."""
        return read_parquet(self.path / "patients.parquet")

    @cached_property
    def predictions(self) -> dict[str, Prediction]:
        """Method -> its out-of-fold predictions; stratomics comes first."""
        baselines = sorted(p for p in (self.path / "baselines").glob("*") if p.is_dir())
        folders = {"stratomics": self.path} | {folder.name: folder for folder in baselines}
        return {name: Prediction.load(folder) for name, folder in folders.items()}

    def training_history(self, fold: Fold | None) -> pd.DataFrame:
        """Loss by member and epoch in the fit of `fold`; None is the final model."""
        return fit_history(read_parquet(self.path / TRAINING_HISTORY), fold)

    @property
    def factor_scores(self) -> pd.DataFrame | None:
        """Factors of the patients, indexed by patient, without their standard deviations; None without factors."""
        path = self.path / "factors" / "factors.parquet"
        if not path.is_file():
            return None
        scores = read_parquet(path).set_index("sample_id")
        return scores[[name for name in scores if not str(name).endswith("_sd")]]

    @property
    def gene_results(self) -> pd.DataFrame | None:
        """Content of ``pgx.parquet``, one row per patient and pharmacogene; None if the cohort has no such view."""
        path = self.path / "pgx.parquet"
        return read_parquet(path) if path.is_file() else None

    @property
    def mixture_weights(self) -> dict[str, float]:
        """Candidate -> weight of its recalibrated estimates in the final model."""
        weights: dict[str, float] = read_json(self.path / "model" / "mixture.json")["weights"]
        return weights

    @property
    def factor_stability(self) -> pd.DataFrame | None:
        """Content of ``factors/stability.parquet``, the stability of each factor; None if there is no such table."""
        path = self.path / "factors" / "stability.parquet"
        return read_parquet(path) if path.is_file() else None

    @property
    def evaluated(self) -> pd.DataFrame:
        """Rows of `patients` with an observed primary endpoint, in the order of `cases`."""
        return self.patients[self.outcome.observed].reset_index(drop=True)

    @cached_property
    def cases(self) -> dict[str, Cases]:
        """Method -> predictions and outcomes of the patients of `evaluated`; stratomics comes first."""
        return {
            name: cases_of(prediction, self.sample_ids, self.outcome, self.horizons)
            for name, prediction in self.predictions.items()
        }

    @property
    def horizons(self) -> Sequence[float]:
        """Times of the configuration at which survival is shown; empty if it names none, or was not stored."""
        if not (self.path / "config.yaml").is_file():
            return ()
        chosen: Sequence[float] | None = self.config.get("evaluation", {}).get("horizons")
        return chosen or ()

    @property
    def horizon(self) -> float:
        """The one time at which results of the survival endpoint are shown, in its unit."""
        return main_horizon(self.survival, self.horizons)

    @cached_property
    def resamples(self) -> NDArray[np.float64]:
        """(draws + 1, n) bootstrap weights of the patients of `evaluated`, as for the intervals in ``metrics.json``."""
        units = self.patients["group" if "group" in self.patients else "sample_id"]
        groups = pd.factorize(units)[0][self.outcome.observed]
        return resamples(groups, int(self.config["evaluation"]["draws"]), int(self.provenance["seed"]))

    @property
    def sample_ids(self) -> NDArray[np.str_]:
        """(n,) ids in the order of `patients`."""
        return self.patients["sample_id"].to_numpy(dtype=str)

    @property
    def endpoint(self) -> str:
        """Name of the primary endpoint."""
        return str(self.provenance["endpoint"])

    @property
    def kind(self) -> str:
        """Kind of the primary endpoint: ``survival`` or ``response``."""
        return str(self.provenance["kind"])

    @property
    def outcome(self) -> Survival | Response:
        """The primary endpoint of all patients."""
        return self.survival if self.kind == Survival.kind else self.response

    @property
    def survival(self) -> Survival:
        """The primary endpoint of all patients, if it is survival."""
        time = self.patients[f"{self.endpoint}.time"].to_numpy(dtype=np.float64)
        event = _filled(self.patients[f"{self.endpoint}.event"])
        return Survival(time, event, ~np.isnan(time), str(self.provenance["unit"]))

    @property
    def response(self) -> Response:
        """The primary endpoint of all patients, if it is a response."""
        label = self.patients[self.endpoint]
        return Response(_filled(label), label.notna().to_numpy(dtype=bool))


def _filled(column: pd.Series[bool]) -> NDArray[np.bool_]:
    """(n,) bool; missing values are False."""
    return column.astype("boolean").fillna(value=False).to_numpy(dtype=bool)


def run_digest(
    fingerprint: Mapping[str, Any], cohort: str, packages: Mapping[str, str], code: Mapping[str, str]
) -> str:
    """SHA-256 over everything that the results of a run depend on.

    The version of stratomics does not count: the digest of its source text takes its place.

    Parameters
    ----------
    fingerprint
        Keys of the configuration that results depend on.
    cohort
        Digest of the files of the cohort.
    packages
        Package -> version, from :func:`stratomics.runtime.versions.package_versions`.
    code
        Module -> digest of its source text, from :func:`stratomics.runtime.versions.code_digests`.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    versions = {name: version for name, version in packages.items() if name != PROJECT}
    content = [fingerprint, cohort, versions, code]
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def run_folder(runs: Path, config: ExperimentConfig, design: Design) -> Path:
    """Path of the run directory of an experiment, ``RUNS/NAME-HASH``.

    Parameters
    ----------
    runs
        Folder of run directories.
    config
        The experiment.
    design
        Its patients.

    Returns
    -------
    pathlib.Path
        HASH is the beginning of :func:`run_digest`.
    """
    digest = run_digest(config.fingerprint(), design.digest, package_versions(), code_digests())
    return runs / f"{run_name(config, design.cohort)}-{digest[:10]}"


def input_files(cohort: str, external: str | None) -> dict[str, Path]:
    """Files that a run reads.

    Parameters
    ----------
    cohort
        Folder, file or bundled name of the cohort.
    external
        The same for an external cohort, if there is one.

    Returns
    -------
    dict
        Name -> file; names of an external cohort begin with ``external/``.
    """
    files = cohort_files(cohort)
    if external is not None:
        files |= {f"external/{name}": path for name, path in cohort_files(external).items()}
    return files


def run_name(config: ExperimentConfig, cohort: MuData) -> str:
    """Name of the experiment, or else of its cohort, with only characters that a folder may have.

    Parameters
    ----------
    config
        The experiment.
    cohort
        Its cohort.

    Returns
    -------
    str
        Beginning of the name of the run directory.
    """
    return re.sub(r"[^\w.-]+", "_", config.name or cohort_spec(cohort).name).strip(".") or "cohort"


def _write_config(path: Path, config: ExperimentConfig) -> None:
    """Write the complete configuration, which gives the same results again."""
    import yaml

    body = yaml.safe_dump(config.as_dict(), sort_keys=False)
    write_text(path, f"# schema_version: {SCHEMA_VERSION}\n{body}")


def save_run(
    folder: Path, config: ExperimentConfig, cohort: MuData, predictions: Mapping[str, Prediction]
) -> None:
    """Write configuration and tables of a run; baselines go to ``baselines/NAME``.

    Parameters
    ----------
    folder
        The run directory.
    config
        The experiment, complete.
    cohort
        The evaluated patients.
    predictions
        Method -> its out-of-fold predictions.
    """
    _write_config(folder / "config.yaml", config)
    write_parquet(folder / "patients.parquet", patients_table(cohort))
    if has_gene_results(cohort):
        write_parquet(folder / "pgx.parquet", gene_results(cohort))
    for name, prediction in predictions.items():
        prediction.save(folder if name == "stratomics" else folder / "baselines" / name)
