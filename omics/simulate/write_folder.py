"""Write and read a simulated cohort: the files for ``read_cohort``, and the truth."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from omics.cohort.spec import CohortSpec
from omics.common.errors import InputError
from omics.common.files import JsonObject, read_json, read_parquet, write_json, write_parquet
from omics.simulate.truth import Truth

__all__ = [
    "OUTCOME",
    "TRUTH",
    "cohort_files",
    "has_truth",
    "read_truth",
    "stored_truth",
    "view_file",
    "write_truth",
]

OUTCOME = "outcome.csv"
TRUTH = "truth"
"""Key of ``.uns`` under which a simulated MuData holds the truth."""

_TABLE, _SETTINGS = "truth/patients.parquet", "truth/settings.json"
_SCALARS = (
    "treatment_log_hazard_ratio",
    "response_intercept",
    "weibull_shape",
    "weibull_scale",
    "horizon",
)


def view_file(view: str) -> str:
    """Name of the file of a view."""
    return f"{view}.csv.gz"


def cohort_files(
    spec: CohortSpec, samples: pd.DataFrame, views: Mapping[str, pd.DataFrame]
) -> dict[str, bytes]:
    """Contents of the files of a cohort; the same tables give the same bytes.

    Parameters
    ----------
    spec
        Specification of the cohort.
    samples
        One row per patient, indexed by id.
    views
        View -> patients x features.

    Returns
    -------
    dict of bytes
        Name of a file -> its content.
    """
    settings = yaml.safe_dump(spec.as_dict(), sort_keys=False, default_flow_style=None, width=110)
    files = {"cohort.yaml": settings.encode(), OUTCOME: samples.to_csv(index_label="sample_id").encode()}
    for view, frame in views.items():
        table = frame.to_csv(index_label="sample_id", float_format="%.10g")
        files[view_file(view)] = gzip.compress(table.encode(), compresslevel=6, mtime=0)
    return files


def write_truth(truth: Truth, config: Mapping[str, Any], folder: Path) -> None:
    """Write the truth about patients to ``truth/patients.parquet``, the rest to ``truth/settings.json``.

    Parameters
    ----------
    truth
        The truth.
    config
        Settings of the simulation.
    folder
        Folder of the cohort.
    """
    (folder / "truth").mkdir(exist_ok=True)
    write_parquet(folder / _TABLE, _patients(truth))
    write_json(folder / _SETTINGS, _settings(truth, config))


def stored_truth(truth: Truth, config: Mapping[str, Any]) -> dict[str, pd.DataFrame | str]:
    """Pack the truth for ``.uns`` of a MuData, from which :func:`read_truth` reads it in an ``.h5mu`` file.

    Parameters
    ----------
    truth
        The truth.
    config
        Settings of the simulation.

    Returns
    -------
    dict
        ``patients``, one row per patient, and ``settings`` as json.
    """
    return {"patients": _patients(truth), "settings": json.dumps(_settings(truth, config))}


def _settings(truth: Truth, config: Mapping[str, Any]) -> JsonObject:
    return {
        "config": dict(config),
        **{name: getattr(truth, name) for name in _SCALARS},
        "doses": truth.doses.tolist(),
        "loadings": {view: values.tolist() for view, values in truth.loadings.items()},
        **({"panel": truth.panel} if truth.panel else {}),
    }


def _patients(truth: Truth) -> pd.DataFrame:
    columns: dict[str, Sequence[str] | NDArray[Any]] = {"sample_id": truth.sample_id}
    columns |= {f"factor_{k + 1}": column for k, column in enumerate(truth.factors.T)}
    columns |= {"prognostic": truth.prognostic, "predictive": truth.predictive}
    mean = truth.rmst(truth.horizon)
    for arm, dose in enumerate(truth.doses):
        columns[f"log_hazard_{dose:g}"] = truth.log_hazard[:, arm]
        columns[f"rmst_{dose:g}"] = mean[:, arm]
        columns[f"response_probability_{dose:g}"] = truth.response_probability[:, arm]
        columns[f"toxicity_probability_{dose:g}"] = truth.toxicity_probability[:, arm]
    columns |= {"benefit_response": truth.benefit_response, "benefit_rmst": truth.benefit_rmst}
    columns |= {"benefits": truth.benefits, "responder": truth.responder}
    return pd.DataFrame(columns)


def has_truth(cohort: str | Path) -> bool:
    """Whether a folder or an ``.h5mu`` file is a simulated cohort with its truth.

    Examples
    --------
    >>> has_truth("no_such_folder")
    False
    """
    path = Path(cohort)
    if path.suffix != ".h5mu" or not path.is_file():
        return (path / "truth").is_dir()
    import h5py

    with h5py.File(path) as file:
        return f"uns/{TRUTH}" in file


def read_truth(cohort: str | Path) -> Truth:
    """Read the truth of a simulated cohort from its folder or its ``.h5mu`` file.

    Raises
    ------
    InputError
        If a file is missing, malformed or has an unknown schema version.
    """
    table, settings = (
        _read_h5mu(Path(cohort)) if Path(cohort).suffix == ".h5mu" else _read_folder(Path(cohort))
    )
    doses = np.array(settings["doses"], dtype=np.float64)
    factors = [name for name in table.columns if name.startswith("factor_")]
    return Truth(
        sample_id=tuple(table["sample_id"]),
        doses=doses,
        factors=table[factors].to_numpy(),
        loadings={view: np.array(values) for view, values in settings["loadings"].items()},
        prognostic=table["prognostic"].to_numpy(),
        predictive=table["predictive"].to_numpy(),
        toxicity_probability=table[[f"toxicity_probability_{dose:g}" for dose in doses]].to_numpy(),
        responder=table["responder"].to_numpy(),
        **{name: settings[name] for name in _SCALARS},
        panel=tuple((view, feature) for view, feature in settings.get("panel", ())),
    )


def _read_folder(folder: Path) -> tuple[pd.DataFrame, JsonObject]:
    return read_parquet(folder / _TABLE), read_json(folder / _SETTINGS)


def _read_h5mu(path: Path) -> tuple[pd.DataFrame, JsonObject]:
    import h5py
    from anndata.io import read_elem

    with h5py.File(path) as file:
        if f"uns/{TRUTH}" not in file:
            raise InputError(f"{path}: no truth in this file; only a simulated cohort has one")
        truth = read_elem(file[f"uns/{TRUTH}"])
    return truth["patients"], json.loads(str(truth["settings"]))
