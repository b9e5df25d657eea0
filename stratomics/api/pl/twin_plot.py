"""Plot of one patient under several regimens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from omics.common.errors import InputError
from stratomics.api.pl.axes import drawing, note
from stratomics.pharmacology.twins.result import Twins
from stratomics.report.figures.twins import draw_twin_curves

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["twin"]


def twin(twins: Twins, patient: str, *, ax: Axes | None = None) -> Axes:
    """Draw the predicted survival of one patient under each regimen, with 90% bands and exposure in the legend.

    Parameters
    ----------
    twins
        What ``st.twin`` returned.
    patient
        Id of the patient.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        Regimens whose exposure is outside the range of training are grey. Predictions are model-based; they are causal
        only where the dose was randomised. For research; not for dosing of patients.

    Raises
    ------
    InputError
        There is no such patient, or the run has no survival endpoint.
    """
    one = twins.of(patient)
    if not len(one.curves):
        raise InputError("these twins have no survival endpoint; their predictions are probabilities")
    exposure = one.exposure[one.exposure["measure"] == one.exposure["measure"].iloc[0]]
    labels = [
        f"{row.regimen}: {row.measure} {row.estimate:.3g} ({row.low:.3g} to {row.high:.3g})"
        for row in exposure.itertuples()
    ]
    beyond = list(one.exposure.loc[one.exposure["outside"], "regimen"])
    with drawing(ax, (7.0, 4.2)) as axes:
        draw_twin_curves(axes, one.curves, beyond, twins.unit, labels)
        note(axes, [twins.note])
    return axes
