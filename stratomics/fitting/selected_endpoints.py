"""Select the endpoints of a run once, on the whole cohort, so that all folds predict the same endpoints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from omics.cohort.endpoints import Endpoints, Response, Survival
from omics.common.errors import ConfigError, nearest

__all__ = ["excluded_endpoints", "selected_endpoints"]

MIN_PATIENTS = 20
"""Events, or patients of each class, that a secondary endpoint needs. Folds are not stratified by it, and a network in
inner validation is trained on about half of them."""


def selected_endpoints(endpoints: Endpoints, named: Sequence[str] | None = None) -> list[str]:
    """Select the endpoints to predict: the primary endpoint, at most one survival endpoint, and all responses.

    Parameters
    ----------
    endpoints
        Endpoints of the whole cohort.
    named
        Secondary endpoints that the configuration names; by default all with enough patients.

    Returns
    -------
    list of str
        Names, the primary endpoint first.

    Raises
    ------
    ConfigError
        If the cohort has no endpoint of a given name.
    """
    others = [name for name in endpoints.named if name != endpoints.primary_endpoint]
    for name in named or ():
        if name not in endpoints.named:
            raise ConfigError(
                f"endpoints: the cohort has no endpoint '{name}'; {nearest(name, endpoints.named)}"
            )
    selected = [endpoints.primary_endpoint]
    for name in others if named is None else [name for name in others if name in named]:
        endpoint = endpoints.named[name]
        second_survival = isinstance(endpoint, Survival) and any(
            isinstance(endpoints.named[other], Survival) for other in selected
        )
        if not second_survival and (named is not None or _smallest_group(endpoint) >= MIN_PATIENTS):
            selected.append(name)
    return selected


def excluded_endpoints(endpoints: Endpoints, selected: Sequence[str]) -> Iterator[str]:
    """Yield one sentence for each endpoint that is not predicted.

    Parameters
    ----------
    endpoints
        Endpoints of the whole cohort.
    selected
        From :func:`selected_endpoints`.

    Yields
    ------
    str
        For the log of the run.
    """
    for name in endpoints.named:
        if name not in selected:
            yield (
                f"endpoint '{name}' is not predicted: a run predicts the primary endpoint, one survival endpoint, and "
                f"responses with {MIN_PATIENTS} patients of each class"
            )


def _smallest_group(endpoint: Survival | Response) -> int:
    return min(int(members.sum()) for members in endpoint.required_groups.values())
