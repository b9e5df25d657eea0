"""Log the final model to MLflow as a pyfunc model from code, and register it under a name and an alias."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from models.prediction import MEASURED_SHARE
from stratomics.serving.request_schema import ID, RequestSchema
from stratomics.tracking.description import model_description
from stratomics.tracking.mlflow_store import current_store

if TYPE_CHECKING:
    from stratomics.config import TrackingConfig
    from stratomics.runs.run_directory import RunDirectory

__all__ = ["log_model"]

MODEL_FILE = Path(__file__).parents[1] / "serving" / "served_model.py"


def log_model(client: Any, mlflow_run: str, run: RunDirectory, tracking: TrackingConfig) -> None:
    """Log the final model of a complete run, register it, and point the alias to it.

    The logged files are ``served_model.py`` and the files of ``model/``: code, json and safetensors, no pickle. The
    page of the registered model shows the model card.

    Parameters
    ----------
    client
        MLflow's client.
    mlflow_run
        Id of the MLflow run.
    run
        The complete run.
    tracking
        Store, name of the model and alias.
    """
    import mlflow
    from mlflow.models import Model

    arm = run.provenance.get("arm")
    time_unit = run.provenance.get("unit")
    request_schema = RequestSchema.of(run.path / "model", arm, time_unit)
    name = _allowed(tracking.model or run.config.get("name") or str(run.provenance["cohort"]))
    with current_store(tracking.uri), _without_bytecode():
        logged = Model.log(
            artifact_path=None,
            flavor=mlflow.pyfunc,
            name=name,
            run_id=mlflow_run,
            python_model=str(MODEL_FILE),
            artifacts={"model": str(run.path / "model")},
            model_config={"arm": arm, "time_unit": time_unit},
            signature=_signature(request_schema, run),
            input_example=request_schema.example(),
            # Without this list MLflow would start a process to infer the requirements.
            pip_requirements=[f"{package}=={release}" for package, release in _packages(run).items()],
        )
        _register(client, name, tracking.alias, logged, mlflow_run, model_description(run))


@contextmanager
def _without_bytecode() -> Iterator[None]:
    """Keep Python from writing ``__pycache__`` beside the logged code, which MLflow imports where it stores it."""
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def _register(client: Any, name: str, alias: str, logged: Any, mlflow_run: str, description: str) -> None:
    """Add a version; the description of the model is that of its newest version."""
    if not client.search_registered_models(f"name = '{name}'"):
        client.create_registered_model(name)
    version = client.create_model_version(
        name, logged.model_uri, mlflow_run, description=description, model_id=logged.model_id
    )
    client.update_registered_model(name, description)
    client.set_registered_model_alias(name, alias, version.version)


def _allowed(name: str) -> str:
    """Replace characters that MLflow does not allow in names of models.

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
    """Columns of the request and of the response.

    A cell of a view may be any JSON value, and RequestSchema checks it as files are checked. One optional column per
    feature would need 64 bytes per feature and would refuse integers in columns of floats; a map of numbers would take
    0.02 milliseconds per value to check.
    """
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, DataType, ParamSchema, ParamSpec, Schema
    from mlflow.types.schema import AnyType

    kinds: dict[str, DataType] = {"f": DataType.double, "b": DataType.boolean, "O": DataType.string}
    anything = AnyType()  # type: ignore[no-untyped-call]  # mlflow 3.17 is not fully typed
    request = [ColSpec(anything, column, required=False) for column in request_schema.columns if column != ID]
    table = run.predictions["stratomics"].patients.drop(columns=["repeat", "fold"])
    numbers = [f"{MEASURED_SHARE}{view}" for view in request_schema.harmonizer.views]
    numbers += [f"survival_{time:g}" for time in request_schema.times]
    texts = ["matched", "ignored", *(["time_unit"] if request_schema.time_unit else [])]
    table = table.assign(**dict.fromkeys(numbers, pd.Series(dtype=float)))
    table = table.assign(**dict.fromkeys(texts, pd.Series(dtype=object)))
    response = [ColSpec(kinds[dtype.kind], str(column)) for column, dtype in table.dtypes.items()]
    times = (
        [ParamSpec("times", DataType.double, request_schema.times, shape=(-1,))]
        if request_schema.times
        else []
    )
    switches = [ParamSpec(name, DataType.boolean, default=False) for name in ("strict", "explain")]
    params = [*times, *switches]
    return ModelSignature(
        Schema([ColSpec(DataType.string, ID), *request]), Schema([*response]), ParamSchema(params)
    )
