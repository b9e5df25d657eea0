"""The model file that MLflow loads: a run's final model behind ``mlflow models serve``.

MLflow copies this file into the logged model and runs it there; the package itself is installed beside it.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel, PythonModelContext

from stratomics.runtime.threads import use_one_thread

if TYPE_CHECKING:
    from stratomics.fitting.fitted import Fitted
    from stratomics.serving.request_schema import RequestSchema


class ServedModel(PythonModel):
    """Predicts a table of patients; see :class:`stratomics.serving.request_schema.RequestSchema` for what it reads."""

    fitted: Fitted
    request_schema: RequestSchema

    def load_context(self, context: PythonModelContext) -> None:
        """Load the saved model, once a server process."""
        use_one_thread()
        import torch

        from stratomics.fitting.fitted import Fitted
        from stratomics.serving.request_schema import RequestSchema

        torch.set_num_threads(1)
        folder = Path(context.artifacts["model"])
        self.fitted = Fitted.load(folder)
        self.request_schema = RequestSchema.of(folder, context.model_config["arm"])
        # The server answers in threads, and what is below us was not written for them.
        self.alone = threading.Lock()

    def predict(
        self,
        context: PythonModelContext,  # noqa: ARG002  # MLflow hands it on
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Give a row a patient: what ``stratomics predict`` says of him, and S(t) at ``params["times"]``."""
        from omics.common.errors import InputError
        from stratomics.serving.request_schema import response_table

        asked = (params or {}).get("times")
        times = self.request_schema.times if asked is None else list(asked)
        with self.alone:
            try:
                return response_table(self.fitted.predict(self.request_schema.patients(model_input)), times)
            except InputError as error:
                raise MlflowException.invalid_parameter_value(str(error)) from error


set_model(ServedModel())
