"""``st.explain``: why the final model of a run predicts what it predicts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from stratomics.api.run import Run, open_run

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.explanation.from_run import RunExplanation

__all__ = ["Explained", "explain"]


@dataclass(frozen=True, repr=False)
class Explained:
    """Explanation of the predictions of a run.

    Attributes
    ----------
    run
        The run.
    result
        Attributions, details of one or a few patients, and the importance over the training patients.
    """

    run: Run
    result: RunExplanation

    @cached_property
    def contributions(self) -> pd.DataFrame:
        """Long table of contributions; see :func:`stratomics.explanation.table.contributions`."""
        from stratomics.explanation.table import contributions

        return contributions(self.result.explanation)

    @property
    def importance(self) -> pd.DataFrame | None:
        """Permutation importance; None unless the patients are all training patients of the run."""
        return None if self.result.importance is None else self.result.importance.table

    @property
    def rationales(self) -> dict[str, list[str]]:
        """Patient -> sentences, for the patient that was named, or the highest, middle and lowest prediction."""
        from models.survival.time_unit import survival_unit
        from stratomics.report.text.rationale import rationale_lines

        run = self.run.directory
        unit = survival_unit(run.survival) if run.kind == "survival" else None
        return {
            one.rationale.sample_id: rationale_lines(one, unit, self.result.informative)
            for one in self.result.details
        }

    def __repr__(self) -> str:
        """Scale, number of patients, and the reference."""
        found = self.result.explanation
        return (
            f"Explained: {len(found.sample_ids)} patients on the {found.scale}, relative to the mean of "
            f"{found.reference_patients} training patients"
        )


def explain(
    run: Run | str | Path,
    cohort: MuData | str | Path,
    patient: str | None = None,
    *,
    modifiable: Sequence[str] = (),
    neighbours: int = 5,
    endpoint: str | None = None,
) -> Explained:
    """Explain the predictions of the final model of a run.

    Parameters
    ----------
    run
        A finished run, its directory, or the id of its MLflow run.
    cohort
        Patients in memory, or the folder or file of a cohort. Outcomes are not used.
    patient
        One patient; by default all are explained, with details of three.
    modifiable
        Covariates along which a change of the decision is sought, besides the factors.
    neighbours
        Number of similar training patients.
    endpoint
        Endpoint of the model; by default the primary endpoint. For others there are no similar patients and no change
        of a decision.

    Returns
    -------
    Explained
        ``contributions``, ``rationales`` and, for the cohort of the run, ``importance``.

    Raises
    ------
    ConfigError
        If the model does not predict the endpoint.
    InputError
        If the patient is not in the cohort, no patient has a view of the model, or the model has no explanation data
        and its training cohort is gone.

    Examples
    --------
    >>> import stratomics as st
    >>> st.explain("runs/tcga_acc-0123456789", "new_patients", "P017").rationales  # doctest: +SKIP
    """
    from stratomics.explanation.from_run import ExplainRequest, explain_run

    opened = run if isinstance(run, Run) else open_run(run)
    source = str(cohort) if isinstance(cohort, str | Path) else cohort
    request = ExplainRequest(patient, tuple(modifiable), neighbours, endpoint)
    return Explained(opened, explain_run(opened.directory, source, request))
