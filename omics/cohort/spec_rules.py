"""What the keys of a ``cohort.yaml`` must be together, each by itself being right."""

from __future__ import annotations

from os.path import normpath
from typing import TYPE_CHECKING, Any

from omics.common.errors import CohortError, nearest

if TYPE_CHECKING:
    from omics.cohort.spec import ArmSpec, CohortSpec, EndpointSpec

__all__ = ["check_labels", "check_meaning", "require_endpoints"]

RESERVED_ENDPOINTS = {"baselines", "differences", "endpoint", "intervals", "metric", "schema_version"}
"""Keys that stand beside the endpoints in ``metrics.json``."""

ORIENTATIONS = ("features_in_columns", "features_in_rows")


def check_labels(name: str, endpoint: EndpointSpec, file: str) -> None:
    """Refuse an endpoint with keys of another kind, or a response that does not say what a response is."""
    survival = endpoint.kind == "survival"
    if not survival and endpoint.positive is None and endpoint.levels is None:
        raise CohortError(
            f"endpoint '{name}' does not say which label is a response; give 'positive'",
            "missing_key",
            file=file,
            column="positive",
        )
    if endpoint.levels is not None:
        _check_levels(name, endpoint, file)
    foreign = ("column", "positive", "levels") if survival else ("time", "event", "cause", "entry")
    for key in foreign:
        if getattr(endpoint, key) is not None:
            raise CohortError(
                f"endpoint '{name}' is of kind {endpoint.kind} and has no '{key}'; remove it, or declare two endpoints",
                "foreign_key",
                file=file,
                column=key,
            )


def check_meaning(spec: CohortSpec, file: str) -> None:
    """Refuse a specification whose keys contradict each other, or that nothing could be learned from."""
    if not spec.views:
        raise CohortError("no views are declared; name at least one table", "no_views", file=file)
    taken = ({"clinical"} & set(spec.views)) | (RESERVED_ENDPOINTS & set(spec.endpoints))
    if taken:
        raise CohortError(f"the name '{min(taken)}' is taken; choose another", "reserved_name", file=file)
    for name in (*spec.views, *spec.endpoints):
        if name != name.strip() or not name or "/" in name:
            raise CohortError(
                f"'{name}' cannot name a view or an endpoint; use a word without blanks around it and without /",
                "bad_name",
                file=file,
            )
    _check_files(spec, file)
    if spec.arm is not None:
        _check_arm(spec.arm, file)
    for name, view in spec.views.items():
        if view.orient not in ORIENTATIONS:
            raise CohortError(
                f"view '{name}': unknown orient '{view.orient}'; {nearest(view.orient, ORIENTATIONS)}",
                "unknown_orient",
                file=file,
            )
    if spec.endpoints and spec.primary is not None and spec.primary not in spec.endpoints:
        raise CohortError(
            f"primary '{spec.primary}' is no endpoint; {nearest(spec.primary, spec.endpoints)}",
            "unknown_primary",
            file=file,
        )


def require_endpoints(spec: CohortSpec, file: str) -> None:
    """Refuse a cohort without endpoints, which new patients alone may be."""
    if not spec.endpoints:
        raise CohortError("no endpoints are declared; name at least one", "no_endpoints", file=file)


def _check_files(spec: CohortSpec, file: str) -> None:
    seen: dict[str, str] = {}
    for name, view in spec.views.items():
        if view.file is None:
            continue
        path = normpath(view.file)
        if spec.samples is not None and path == normpath(spec.samples.file):
            raise CohortError(
                f"view '{name}' is the samples table itself, endpoints included; give it a table of measurements",
                "samples_as_view",
                file=file,
            )
        if path in seen:
            raise CohortError(
                f"views '{seen[path]}' and '{name}' are one file, which would count twice; remove one of them",
                "one_file_twice",
                file=file,
            )
        seen[path] = name


def _check_arm(arm: ArmSpec, file: str) -> None:
    if arm.randomised not in (True, False, "adaptive"):
        raise CohortError(
            f"arm: 'randomised' is {arm.randomised!r}, and must be true, false or adaptive",
            "unknown_randomised",
            file=file,
        )
    if isinstance(arm.probability, int | float) and not 0 < arm.probability < 1:
        raise CohortError(
            f"arm: the probability of treatment is {arm.probability}; it lies between 0 and 1",
            "bad_probability",
            file=file,
        )
    if arm.treated is not None and str(arm.treated) == str(arm.control):
        raise CohortError(
            f"arm: {arm.control!r} is control and treated at once; correct one of the two",
            "treated_is_control",
            file=file,
        )


def _check_levels(name: str, endpoint: EndpointSpec, file: str) -> None:
    levels: list[Any] = endpoint.levels or []
    if len(levels) < 2 or any(level in levels[:place] for place, level in enumerate(levels)):  # noqa: PLR2004  # a pair
        raise CohortError(
            f"endpoint '{name}': the levels are {levels}; name at least two, the lowest first, each once",
            "bad_levels",
            file=file,
        )
    positive = endpoint.positive if isinstance(endpoint.positive, list) else [endpoint.positive]
    for value in positive:
        if value is not None and value not in levels:
            raise CohortError(
                f"endpoint '{name}': the positive value {value!r} is none of its levels {levels}",
                "positive_is_no_level",
                file=file,
                column="positive",
            )
