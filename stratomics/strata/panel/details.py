"""What a report says about a locked panel, and the files of a panel in a run directory."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Self

from omics.common.files import JsonObject, read_json, write_json
from stratomics.strata.panel.assay.noise import NoiseEffect
from stratomics.strata.panel.curve import PanelCurve
from stratomics.strata.panel.false_selections import StabilitySettings

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CURVE", "SCORES", "PanelAnalyte", "PanelDetails", "load_curve", "save_curve"]

CURVE, SCORES = "panel_curve.json", "panel_scores.csv"
"""Names of files in a run directory."""


@dataclass(frozen=True)
class PanelAnalyte:
    """One analyte of a locked panel.

    Attributes
    ----------
    view, feature
        Its name.
    weight
        Weight, or direction, in the score.
    in_folds
        Share of the outer folds whose panel of the same size has the analyte.
    frequency
        Share of the halves of stability selection that selected it, on all patients.
    exchangeable
        Other analytes with an absolute correlation of at least 0.8 with it.
    """

    view: str
    feature: str
    weight: float
    in_folds: float
    frequency: float
    exchangeable: tuple[str, ...]


@dataclass(frozen=True)
class PanelDetails:
    """One locked panel.

    Attributes
    ----------
    form, select
        Form of the score, and how its analytes were selected.
    analytes
        Its analytes, in the order of selection.
    cost
        Price of the panel; the number of analytes without prices.
    events
        Number of events, or of patients in the smaller class, that it was learned from.
    stability
        Settings of the stability selection.
    cut, share
        The cut, and the share of patients at or above it.
    digest
        Digest of the panel.
    noise
        Effect of the noise of the assay; None if none was given.
    """

    form: str
    select: str
    analytes: tuple[PanelAnalyte, ...]
    cost: float
    events: int
    stability: StabilitySettings
    cut: float
    share: float
    digest: str
    noise: NoiseEffect | None

    @classmethod
    def from_json(cls, content: JsonObject) -> Self:
        """Read what ``dataclasses.asdict`` gave."""
        analytes = tuple(
            PanelAnalyte(**(one | {"exchangeable": tuple(one["exchangeable"])}))
            for one in content["analytes"]
        )
        noise = content["noise"]
        if noise is not None:
            lists = {key: tuple(noise[key]) for key in ("failing", "below_limit")}
            noise = NoiseEffect(**(noise | lists))
        stability = StabilitySettings(**content["stability"])
        return cls(**(content | {"analytes": analytes, "noise": noise, "stability": stability}))


def save_curve(path: Path, curve: PanelCurve, details: PanelDetails | None) -> None:
    """Write the curve and the details of the locked panel.

    Parameters
    ----------
    path
        The file.
    curve
        All sizes.
    details
        The locked panel, if there is one.
    """
    write_json(path, {"curve": curve.to_json(), "panel": None if details is None else asdict(details)})


def load_curve(path: Path) -> tuple[PanelCurve, PanelDetails | None]:
    """Read what :func:`save_curve` wrote."""
    content = read_json(path)
    details = None if content["panel"] is None else PanelDetails.from_json(content["panel"])
    return PanelCurve.from_json(content["curve"]), details
