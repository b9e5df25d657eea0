"""Rules that several keys of a ``cohort.yaml`` must meet together."""

from __future__ import annotations

from os.path import normpath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from omics.cells.min_cells import check_min_cells
from omics.cohort.ids import check_id
from omics.cohort.spec import RANDOMISED
from omics.cohort.view_options import check_view_keys
from omics.common.errors import CohortError, nearest
from omics.events.stored_events import EXPOSURE
from omics.events.tumour_sizes import AFTER_BASELINE
from omics.readers import CELLS, PGX
from omics.readers.plain_tables import table_format

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from omics.cohort.spec import ArmSpec, CohortSpec, EndpointSpec, SamplesSpec, ViewSpec

__all__ = ["check_endpoint_keys", "check_spec", "refuse_after_baseline", "require_endpoints"]

RESERVED_ENDPOINTS = {"baselines", "differences", "endpoint", "intervals", "metric", "schema_version"}
"""Keys that ``metrics.json`` uses beside the names of endpoints."""

SERIES, WORKBOOK = "series_matrix.txt", ".xlsx"
"""A series matrix of GEO has clinical lines and a table of measurements; a workbook has sheets."""

ORIENTATIONS = ("features_in_columns", "features_in_rows")


def check_endpoint_keys(name: str, endpoint: EndpointSpec, file: str) -> None:
    """Check that an endpoint has the keys of its kind and no keys of another kind.

    Parameters
    ----------
    name, endpoint
        Name and content of the endpoint.
    file
        Named in errors.

    Raises
    ------
    CohortError
        If a key belongs to another kind, a response does not say which label is positive, or its levels are wrong.
    """
    survival = endpoint.kind == "survival"
    _check_time(name, endpoint, file)
    if not survival and endpoint.positive is None and endpoint.levels is None:
        raise CohortError(
            f"endpoint '{name}' does not say which label is a response; give 'positive'",
            "missing_key",
            file=file,
            column="positive",
        )
    if endpoint.levels is not None:
        _check_levels(name, endpoint, file)
    foreign = (
        ("column", "positive", "negative", "levels") if survival else ("time", "event", "cause", "entry")
    )
    for key in foreign:
        if getattr(endpoint, key) is not None:
            raise CohortError(
                f"endpoint '{name}' is of kind {endpoint.kind} and has no '{key}'; remove it, or declare two endpoints",
                "foreign_key",
                file=file,
                column=key,
            )


def _check_time(name: str, endpoint: EndpointSpec, file: str) -> None:
    """Check that the time is a column or a list of columns, and the event a column or ``{column, is}``."""
    times = endpoint.time if isinstance(endpoint.time, list) else [endpoint.time]
    if not times or not all(time is None or isinstance(time, str) for time in times):
        raise CohortError(
            f"endpoint '{name}': 'time' is {endpoint.time!r}, and must be text, or a list of columns of which the "
            "first known one counts",
            "wrong_type",
            file=file,
        )
    event = endpoint.event
    stated = isinstance(event, dict) and set(event) == {"column", "is"} and isinstance(event["column"], str)
    if event is not None and not isinstance(event, str) and not stated:
        raise CohortError(
            f"endpoint '{name}': 'event' is {event!r}, and must be text, or {{column: NAME, is: [VALUES]}} with the "
            "values of an event",
            "wrong_type",
            file=file,
        )


def check_spec(spec: CohortSpec, file: str) -> None:
    """Check that the keys of a specification do not contradict each other.

    Parameters
    ----------
    spec
        The specification.
    file
        Named in errors.

    Raises
    ------
    CohortError
        If no view is declared, a name is reserved or malformed, a file is named twice, the arm, an orientation or
        a view of cells is wrong, or `primary` names no endpoint.
    """
    if not spec.views:
        raise CohortError("no views are declared; name at least one table", "no_views", file=file)
    # Exposure that was estimated is a view without a file.
    files = {name for name, view in spec.views.items() if view.file is not None}
    views = {"clinical"} & set(spec.views) | (set() if spec.exposure is None else {EXPOSURE} & files)
    taken = views | (RESERVED_ENDPOINTS & set(spec.endpoints))
    if taken:
        raise CohortError(f"the name '{min(taken)}' is taken; choose another", "reserved_name", file=file)
    for name in (*spec.views, *spec.endpoints):
        if name != name.strip() or not name or "/" in name:
            raise CohortError(
                f"'{name}' is not a valid name of a view or an endpoint; use a word without spaces around it or /",
                "bad_name",
                file=file,
            )
    _check_files(spec, file)
    if spec.samples is not None:
        _check_samples(spec.samples, file)
    if spec.arm is not None:
        _check_arm(spec.arm, file)
    for name, view in spec.views.items():
        _check_cells(name, view, file)
        check_view_keys(name, view, file)
        _check_genes(name, view, file)
        if view.orient not in ORIENTATIONS:
            raise CohortError(
                f"view '{name}': unknown orient '{view.orient}'; {nearest(view.orient, ORIENTATIONS)}",
                "unknown_orient",
                file=file,
            )
    if spec.endpoints and spec.primary is not None and spec.primary not in spec.endpoints:
        raise CohortError(
            f"primary '{spec.primary}' is not an endpoint; {nearest(spec.primary, spec.endpoints)}",
            "unknown_primary",
            file=file,
        )


def require_endpoints(spec: CohortSpec, file: str) -> None:
    """Raise :class:`CohortError` if a cohort has no endpoints; only new patients may have none.

    Parameters
    ----------
    spec
        The specification.
    file
        Named in errors.

    Raises
    ------
    CohortError
        If no endpoint is declared.
    """
    if not spec.endpoints:
        raise CohortError("no endpoints are declared; name at least one", "no_endpoints", file=file)


def refuse_after_baseline(spec: CohortSpec, features: Iterable[tuple[str, pd.Index]], file: str) -> None:
    """Refuse growth that was estimated from sizes after baseline as a covariate or a feature.

    Only who lives long enough has such sizes, so that growth would predict survival by survival itself (immortal time).

    Parameters
    ----------
    spec
        Specification of the cohort.
    features
        Name and features of each view.
    file
        Named in errors.

    Raises
    ------
    CohortError
        If a name begins with ``after_baseline_``.
    """
    named = [("a covariate", name) for name in (*spec.covariates, *spec.categories)]
    named += [(f"view '{view}'", str(name)) for view, names in features for name in names]
    for place, name in named:
        if name.startswith(AFTER_BASELINE):
            raise CohortError(
                f"{place} was estimated from tumour sizes after baseline and cannot predict: only patients who live "
                "long enough have them (immortal time); remove it",
                "after_baseline_predictor",
                file=file,
                column=name,
            )


def _check_files(spec: CohortSpec, file: str) -> None:
    seen: dict[str, str] = {}
    for name, view in spec.views.items():
        if view.file is None:
            continue
        path = normpath(view.file)
        if spec.samples is not None and _is_samples(view, path, spec.samples):
            raise CohortError(
                f"view '{name}' is the samples table, which includes the endpoints; name a table of measurements, or "
                "its columns, such as columns: rna_",
                "samples_as_view",
                file=file,
            )
        path = f"{path} {view.columns or view.mod or view.sheet or ''}"
        if path in seen:
            raise CohortError(
                f"views '{seen[path]}' and '{name}' are the same file, which would count twice; remove one of them",
                "one_file_twice",
                file=file,
            )
        seen[path] = name


def _is_samples(view: ViewSpec, path: str, samples: SamplesSpec) -> bool:
    """Whether a view is the samples table itself, and not another part of its file."""
    part = path.lower().endswith(WORKBOOK) and (view.sheet, view.format) != (samples.sheet, samples.format)
    part |= SERIES in path or view.columns is not None or view.mod is not None
    return path == normpath(samples.file) and not part


def _check_samples(samples: SamplesSpec, file: str) -> None:
    check_id(samples.id, "samples", file)
    kind = table_format(Path(samples.file), samples.format)
    if samples.sheet is not None and kind != WORKBOOK:
        raise CohortError(
            f"samples: 'sheet' belongs to the format {WORKBOOK}; remove it",
            "foreign_key",
            file=file,
            column="sheet",
        )


def _check_cells(name: str, view: ViewSpec, file: str) -> None:
    if view.format != CELLS:
        for key in ("patient", "cell_type", "min_cells"):
            if getattr(view, key) is not None:
                raise CohortError(
                    f"view '{name}': '{key}' belongs to the format {CELLS}; add format: {CELLS}, or remove the key",
                    "foreign_key",
                    file=file,
                    column=key,
                )
        return
    for key in ("patient", "cell_type"):
        if getattr(view, key) is None:
            raise CohortError(
                f"view '{name}' is of the format {CELLS} and lacks the key '{key}', a column of obs",
                "missing_key",
                file=file,
                column=key,
            )
    if view.orient != ORIENTATIONS[0]:
        raise CohortError(
            f"view '{name}' is of the format {CELLS}, which has cells in rows; remove 'orient'",
            "foreign_key",
            file=file,
            column="orient",
        )
    if view.scale != "counts":
        raise CohortError(
            f"view '{name}' is of the format {CELLS}, which sums raw counts; declare scale: counts",
            "wrong_scale",
            file=file,
        )
    if view.min_cells is not None:
        check_min_cells(view.min_cells, file, f"view '{name}': 'min_cells'")


def _check_genes(name: str, view: ViewSpec, file: str) -> None:
    if view.format != PGX:
        return
    if (view.modality, view.scale) != ("genomics", "activity"):
        raise CohortError(
            f"view '{name}' is of the format {PGX}, whose features are activity scores and weights of phenotypes; "
            "declare modality: genomics and scale: activity",
            "wrong_scale",
            file=file,
        )
    foreign = [
        key for key in ("id", "samples_per_patient", "thousands", "below") if getattr(view, key) is not None
    ]
    foreign += ["orient"] if view.orient != ORIENTATIONS[0] else []
    if foreign:
        raise CohortError(
            f"view '{name}' is of the format {PGX}, which has one row per patient; remove '{foreign[0]}'",
            "foreign_key",
            file=file,
            column=foreign[0],
        )


def _check_arm(arm: ArmSpec, file: str) -> None:
    if arm.randomised not in RANDOMISED:
        raise CohortError(
            f"arm: 'randomised' is {arm.randomised!r}, and must be yes, no or adaptive",
            "unknown_randomised",
            file=file,
        )
    if isinstance(arm.probability, int | float) and not 0 < arm.probability < 1:
        raise CohortError(
            f"arm: the probability of treatment is {arm.probability}; it must lie between 0 and 1",
            "bad_probability",
            file=file,
        )
    if arm.treated is not None and str(arm.treated) == str(arm.control):
        raise CohortError(
            f"arm: {arm.control!r} is both control and treated; correct one of the two",
            "treated_is_control",
            file=file,
        )


def _check_levels(name: str, endpoint: EndpointSpec, file: str) -> None:
    levels: list[Any] = endpoint.levels or []
    if len(levels) < 2 or any(level in levels[:place] for place, level in enumerate(levels)):  # noqa: PLR2004  # a pair
        raise CohortError(
            f"endpoint '{name}': the levels are {levels}; name at least two different ones, the lowest first",
            "bad_levels",
            file=file,
        )
    positive = endpoint.positive if isinstance(endpoint.positive, list) else [endpoint.positive]
    for value in positive:
        if value is not None and value not in levels:
            raise CohortError(
                f"endpoint '{name}': the positive value {value!r} is not one of its levels {levels}",
                "positive_is_no_level",
                file=file,
                column="positive",
            )
