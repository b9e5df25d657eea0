"""The model file that MLflow loads for ``mlflow models serve``: the final model of a run.

MLflow copies this file into the logged model and runs the copy; stratomics has to be installed there.
"""

from __future__ import annotations

import threading
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from stratomics.runtime.threads import use_one_thread

if TYPE_CHECKING:
    from stratomics.explanation.reference import TrainingReference
    from stratomics.fitting.fitted import Fitted
    from stratomics.serving.request_schema import RequestSchema


class ServedModel(PythonModel):
    """Predicts a table of patients in the format of :class:`stratomics.serving.request_schema.RequestSchema`."""

    fitted: Fitted
    folder: Path
    request_schema: RequestSchema

    def load_context(self, context: PythonModelContext) -> None:
        """Load the saved model, once per server process."""
        use_one_thread()
        import torch

        from stratomics.fitting.fitted import Fitted
        from stratomics.serving.request_schema import RequestSchema

        torch.set_num_threads(1)
        folder = Path(context.artifacts["model"])
        self.fitted, self.folder = Fitted.load(folder), folder
        config = context.model_config
        self.request_schema = RequestSchema.of(folder, config["arm"], config.get("time_unit"))
        # The server answers in threads, and prediction is not thread-safe.
        self.lock = threading.Lock()

    @cached_property
    def reference(self) -> TrainingReference:
        """Explanation data of the model, read when an explanation is first requested."""
        from stratomics.explanation.reference import TrainingReference

        return TrainingReference.load(self.folder)

    def predict(
        self,
        context: PythonModelContext,  # noqa: ARG002  # the signature of MLflow
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # the signature of MLflow
    ) -> pd.DataFrame:
        """Predict one row per patient as ``stratomics predict`` does, with S(t) at ``params["times"]``.

        The column ``matched`` says which features have another name in training, and the column ``ignored`` names
        fields that the model does not know; with ``params["strict"]`` they are an error.
        With ``params["explain"]`` the column ``explanation`` has the contributions to each prediction, as JSON.
        """
        from omics.common.errors import InputError
        from stratomics.serving.explanation_cells import explanation_cells
        from stratomics.serving.request_schema import response_table

        given, schema = params or {}, self.request_schema
        times = schema.times if given.get("times") is None else list(given["times"])
        try:
            request, matched = schema.with_training_names(model_input)
            patients = schema.patients(request)
            if given.get("strict"):
                schema.refuse_unknown(request)
            with self.lock:
                table = response_table(self.fitted.predict(patients), times)
                if given.get("explain"):
                    table["explanation"] = explanation_cells(self.fitted, patients, self.reference)
        except InputError as error:
            raise MlflowException.invalid_parameter_value(str(error)) from error
        table = table.assign(matched=matched.to_numpy(), ignored=schema.ignored(request).to_numpy())
        return table if schema.time_unit is None else table.assign(time_unit=schema.time_unit)


set_model(ServedModel())
