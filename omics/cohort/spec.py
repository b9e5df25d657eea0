"""``cohort.yaml`` as dataclasses."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

__all__ = [
    "RANDOMISED",
    "ArmSpec",
    "CohortSpec",
    "EndpointSpec",
    "ExposureSpec",
    "SamplesSpec",
    "TumourSizeSpec",
    "ViewSpec",
    "randomised_word",
]

RANDOMISED = ("yes", "no", "adaptive")
"""How arms were allocated: at random, not at random, or at random with probabilities that depend on outcomes."""


RARE = ("categories", "missing", "strict")
"""Keys of a cohort that :meth:`CohortSpec.as_dict` leaves out where they say nothing."""

RARE_OF_EXPOSURE = ("refit", "target")
"""The same of its block ``exposure``."""


def randomised_word(value: Any) -> Any:
    """Spell the key ``randomised`` as one of RANDOMISED; anything else but a truth value is returned as it is.

    YAML 1.1 reads a bare ``yes`` or ``no`` as a truth value, and releases up to 0.1 stored one.

    Examples
    --------
    >>> randomised_word(True), randomised_word("adaptive")
    ('yes', 'adaptive')
    """
    return ("yes" if value else "no") if isinstance(value, bool) else value


@dataclass(frozen=True)
class SamplesSpec:
    """The table with one row per patient; `id` is its id column, or ``{column, pattern}``.

    ``sheet`` is a sheet of a workbook; ``format`` names a reader where the ending of the file does not name it.
    """

    file: str
    id: Any = "sample_id"
    sheet: str | None = None
    format: str | None = None


@dataclass(frozen=True)
class ViewSpec:
    """One measured table.

    ``file`` is absent inside an h5mu file, which holds the values itself; ``format`` names a reader where
    the ending of the file does not name it. ``patient``, ``cell_type`` and ``min_cells`` belong to the format of cells,
    ``layer`` to AnnData, ``mod`` to MuData, ``sheet`` to workbooks. ``columns`` says which columns of a table of
    several views are this one's: the start of their names, or the first and the last. ``id``,
    ``samples_per_patient``, ``thousands`` and ``below`` say how ids and cells are read, ``panels``, ``sequenced``,
    ``filter`` and ``qc_warning`` what a reader keeps.
    """

    modality: str
    scale: str
    file: str | None = None
    format: str | None = None
    orient: str = "features_in_columns"
    timing: str = "baseline"
    patient: str | None = None
    cell_type: str | None = None
    min_cells: Any = None
    layer: str | None = None
    id: Any = None
    samples_per_patient: str | None = None
    thousands: str | None = None
    below: str | None = None
    panels: str | None = None
    filter: str | None = None
    qc_warning: str | None = None
    columns: Any = None
    mod: str | None = None
    sheet: str | None = None
    sequenced: Any = None


@dataclass(frozen=True)
class EndpointSpec:
    """One named endpoint; its kind decides which keys are required.

    In a file, `time` may be a list of columns, of which the first that is known counts, and `event` may be
    ``{column, is}``; a cohort that was read has one column for each (:mod:`omics.cohort.stated_columns`).
    """

    kind: str
    time: Any = None
    event: Any = None
    unit: str = "days"
    cause: str | None = None
    entry: str | None = None
    column: str | None = None
    positive: Any = None
    negative: Any = None
    levels: list[Any] | None = None


@dataclass(frozen=True)
class ArmSpec:
    """Which patients received which treatment."""

    column: str
    control: Any
    treated: Any = None
    randomised: Literal["yes", "no", "adaptive"] = "no"
    probability: Any = None
    strata: str | None = None


@dataclass(frozen=True)
class ExposureSpec:
    """Doses and levels of the patients, and how they become individual exposure.

    ``model`` is the name of a kinetic model, or a yaml file. ``events`` is absent inside an h5mu file, which holds the
    table itself. ``covariates`` maps covariates of the model to columns of the events or of the samples table;
    ``metrics`` names measures of exposure, ``window`` is ``first_cycle``, ``all`` or the time of its end. With
    ``refit`` each training part refits the model to its patients. ``target`` is the wanted range of one measure or of
    several: measure -> lowest and highest value, in the unit of the measure.
    """

    model: str
    events: str | None = None
    covariates: Mapping[str, str] = field(default_factory=dict)
    metrics: tuple[str, ...] = ()
    window: Any = "first_cycle"
    time_unit: Literal["hours", "days"] = "hours"
    refit: bool = False
    target: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    @property
    def model_file(self) -> str | None:
        """Path of the model where it is a file, relative to the folder of the cohort."""
        return self.model if self.model.endswith((".yaml", ".yml")) else None


@dataclass(frozen=True)
class TumourSizeSpec:
    """Sums of longest diameters of the patients over time.

    ``patient``, ``time`` and ``size`` are columns of the table; ``below`` is the smallest size that can be measured, in
    ``unit``. ``file`` is absent inside an h5mu file, which holds the table itself.
    """

    file: str | None = None
    patient: str = "patient"
    time: str = "time"
    size: str = "size"
    unit: Literal["mm", "cm"] = "mm"
    time_unit: Literal["days", "weeks", "months", "years"] = "days"
    below: Any = None


@dataclass(frozen=True)
class CohortSpec:
    """All of ``cohort.yaml``."""

    name: str
    views: Mapping[str, ViewSpec]
    endpoints: Mapping[str, EndpointSpec]
    samples: SamplesSpec | None = None
    title: str = ""
    primary: str | None = None
    arm: ArmSpec | None = None
    covariates: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    missing: Mapping[str, Any] = field(default_factory=dict)
    strict: bool = False
    site: str | None = None
    group: str | None = None
    part: str | None = None
    exposure: ExposureSpec | None = None
    tumour_size: TumourSizeSpec | None = None

    @property
    def primary_endpoint(self) -> str:
        """Name of the primary endpoint: `primary`, or the first one; empty for new patients without endpoints."""
        return self.primary if self.primary is not None else next(iter(self.endpoints), "")

    def as_dict(self) -> dict[str, object]:
        """Nested dict of the keys that are set, for yaml and json."""
        plain: dict[str, object] = _prune(dataclasses.asdict(self))
        if self.exposure is not None:
            plain["exposure"] = _without(plain["exposure"], RARE_OF_EXPOSURE)
        return _without(plain, RARE)


ENDPOINT_KINDS = ("survival", "response", "toxicity")


def _without(content: Any, rare: tuple[str, ...]) -> dict[str, object]:
    return {key: value for key, value in content.items() if value or key not in rare}


def _prune(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _prune(item) for key, item in value.items() if item is not None}
    return list(value) if isinstance(value, tuple) else value
