"""The final model in MLflow: a models-from-code pyfunc, registered under a name, found by an alias."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from stratomics.serving.request_schema import ID, RequestSchema
from stratomics.tracking.mlflow_store import current

if TYPE_CHECKING:
    from stratomics.config import TrackingConfig
    from stratomics.runs.run_directory import RunDirectory

__all__ = ["log_model"]

MODEL_FILE = Path(__file__).parents[1] / "serving" / "served_model.py"


def log_model(client: Any, mlflow_run: str, run: RunDirectory, tracking: TrackingConfig) -> None:
    """Log the final model of a finished run, and have `tracking.alias` point to it.

    What is logged is ``serving.py`` and the files of ``model/``: code, json and safetensors, no pickle.
    """
    import mlflow
    from mlflow.models import Model

    arm = run.provenance.get("arm")
    request_schema = RequestSchema.of(run.path / "model", arm)
    name = _allowed(tracking.model or run.config.get("name") or str(run.provenance["cohort"]))
    with current(tracking.uri):
        logged = Model.log(
            artifact_path=None,
            flavor=mlflow.pyfunc,
            name=name,
            run_id=mlflow_run,
            python_model=str(MODEL_FILE),
            artifacts={"model": str(run.path / "model")},
            model_config={"arm": arm},
            signature=_signature(request_schema, run),
            input_example=request_schema.example(),
            # Named, so that MLflow does not start a process to guess them.
            pip_requirements=[f"{package}=={release}" for package, release in _packages(run).items()],
        )
        _register(client, name, tracking.alias, logged, mlflow_run)


def _register(client: Any, name: str, alias: str, logged: Any, mlflow_run: str) -> None:
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    version = client.create_model_version(name, logged.model_uri, mlflow_run, model_id=logged.model_id)
    client.set_registered_model_alias(name, alias, version.version)


def _allowed(name: str) -> str:
    """Without what MLflow forbids in names of models.

    Examples
    --------
    >>> _allowed("trial 7: a/b")
    'trial 7_ a_b'
    """
    return re.sub(r"[/:.%\"']", "_", name)


def _packages(run: RunDirectory) -> dict[str, str]:
    packages: dict[str, str] = run.provenance.get("packages") or {}
    return {package: release for package, release in packages.items() if release != "absent"}


def _signature(request_schema: RequestSchema, run: RunDirectory) -> Any:
    """Columns of a table of patients and of the answer.

    A cell of a view is any json: thousands of optional columns would be a signature of 64 bytes a feature and refuse
    whole numbers where they saw fractions, and maps of numbers cost 0.02 milliseconds a value to check; our own checks
    are those of files.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
    from mlflow.types.schema import AnyType

    kinds: dict[str, DataType] = {"f": DataType.double, "b": DataType.boolean, "O": DataType.string}
    anything = AnyType()  # type: ignore[no-untyped-call]  # mlflow 3.17 types only a part of itself
    asked = [ColSpec(anything, column, required=False) for column in request_schema.columns if column != ID]
    said = run.predictions["stratomics"].patients.drop(columns=["repeat", "fold"])
    said = said.assign(**{f"survival_{time:g}": pd.Series(dtype=float) for time in request_schema.times})
    told = [ColSpec(kinds[own.kind], str(column)) for column, own in said.dtypes.items()]
    times = (
        [ParamSpec("times", DataType.double, request_schema.times, shape=(-1,))]
        if request_schema.times
        else []
    )
    return ModelSignature(Schema([ColSpec(DataType.string, ID), *asked]), Schema([*told]), ParamSchema(times))
