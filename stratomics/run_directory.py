"""The run directory: what a run leaves behind, written aside and believed only when whole."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.prediction import Prediction
from omics.cohort import cohort_digest, cohort_endpoints, cohort_spec, observed_views
from omics.endpoints import Response, Survival
from omics.files import SCHEMA_VERSION, read_json, read_parquet, write_parquet, write_text
from stratomics import __version__

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.config import ExperimentConfig

__all__ = ["RunDirectory", "patients_table", "run_folder", "set_aside"]

_COMPLETE = "report.html"


@dataclass(frozen=True)
class RunDirectory:
    """A finished run, read from its saved tables: no torch, no checkpoint."""

    path: Path

    @property
    def finished(self) -> bool:
        """Whether the run came to its end."""
        return (self.path / _COMPLETE).is_file()

    @cached_property
    def metrics(self) -> dict[str, Any]:
        """Content of ``metrics.json``."""
        return read_json(self.path / "metrics.json")

    @cached_property
    def provenance(self) -> dict[str, Any]:
        """Content of ``provenance.json``: cohort, digests, versions, seed, command."""
        return read_json(self.path / "provenance.json")

    @cached_property
    def patients(self) -> pd.DataFrame:
        """A row per patient, as :func:`patients_table` wrote it."""
        return read_parquet(self.path / "patients.parquet")

    @cached_property
    def predictions(self) -> dict[str, Prediction]:
        """Method -> its out-of-fold predictions; ours first."""
        baselines = sorted(p for p in (self.path / "baselines").glob("*") if p.is_dir())
        ours = {"stratomics": Prediction.load(self.path)}
        return ours | {folder.name: Prediction.load(folder) for folder in baselines}

    @property
    def sample_ids(self) -> NDArray[np.str_]:
        """(n,) ids in the order of `patients`."""
        return self.patients["sample_id"].to_numpy(dtype=str)

    @property
    def endpoint(self) -> str:
        """Name of the endpoint that decided."""
        return str(self.provenance["endpoint"])

    @property
    def survival(self) -> Survival:
        """The deciding endpoint of every patient."""
        time = self.patients[f"{self.endpoint}.time"].to_numpy(dtype=np.float64)
        event = self.patients[f"{self.endpoint}.event"].astype("boolean").fillna(value=False)
        return Survival(time, event.to_numpy(dtype=bool), ~np.isnan(time), str(self.provenance["unit"]))


def run_folder(runs: Path, config: ExperimentConfig, cohort: MuData) -> Path:
    """``RUNS/NAME-HASH``: hash of configuration, cohort digest and package version."""
    content = [config.deciding(), cohort_digest(cohort), __version__]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    return runs / f"{config.name or cohort_spec(cohort).name}-{digest[:10]}"


@contextmanager
def set_aside(folder: Path) -> Iterator[Path]:
    """Give a folder beside `folder` to write in, renamed to it at the end, removed on any failure."""
    aside = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    try:
        yield aside
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise


def write_config(path: Path, config: ExperimentConfig) -> None:
    """Write the complete configuration, which runs again to the same numbers."""
    import yaml

    body = yaml.safe_dump(dataclasses.asdict(config), sort_keys=False)
    write_text(path, f"# schema_version: {SCHEMA_VERSION}\n{body}")


def patients_table(cohort: MuData) -> pd.DataFrame:
    """Lay out a row per patient: endpoints, arm, site, covariates, and which views were observed.

    Columns are ``sample_id``, ``NAME.time`` and ``NAME.event`` (or ``NAME``) per endpoint, ``arm``,
    ``site``, ``group``, ``covariate.NAME`` and ``view.NAME``.
    """
    spec, obs = cohort_spec(cohort), cohort.obs
    columns: dict[str, Any] = {"sample_id": obs.index.to_numpy(dtype=str)}
    for name, endpoint in cohort_endpoints(cohort).named.items():
        columns |= _endpoint_columns(name, endpoint)
    roles: Mapping[str, str | None] = {
        "arm": None if spec.arm is None else spec.arm.column,
        "site": spec.site,
        "group": spec.group,
        **{f"covariate.{name}": name for name in spec.covariates},
    }
    columns |= {role: obs[name].to_numpy() for role, name in roles.items() if name is not None}
    columns |= {f"view.{name}": seen.to_numpy() for name, seen in observed_views(cohort).items()}
    return pd.DataFrame(columns)


def _endpoint_columns(name: str, endpoint: Survival | Response) -> dict[str, Any]:
    if isinstance(endpoint, Survival):
        return {f"{name}.time": endpoint.time, f"{name}.event": _nullable(endpoint.event, endpoint.observed)}
    return {name: _nullable(endpoint.positive, endpoint.observed)}


def _nullable(values: NDArray[np.bool_], observed: NDArray[np.bool_]) -> pd.Series[bool]:
    return pd.Series(values, dtype="boolean").where(pd.Series(observed))


def save_run(
    folder: Path, config: ExperimentConfig, cohort: MuData, predictions: Mapping[str, Prediction]
) -> None:
    """Write configuration and tables of a run; baselines under ``baselines/NAME``."""
    write_config(folder / "config.yaml", config)
    write_parquet(folder / "patients.parquet", patients_table(cohort))
    for name, prediction in predictions.items():
        prediction.save(folder if name == "stratomics" else folder / "baselines" / name)
