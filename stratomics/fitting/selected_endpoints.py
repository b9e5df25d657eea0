"""Which endpoints a run learns: decided once, on the whole cohort, so that every fold predicts the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from omics.cohort.endpoints import Endpoints, Response, Survival
from omics.common.errors import ConfigError, nearest

__all__ = ["excluded_endpoints", "selected_endpoints"]

FEWEST = 20
"""Events, or patients of each class, that an endpoint beside the deciding one needs. Folds are not balanced by it, and
about half of these are what a network of a rehearsal learns from."""


def selected_endpoints(endpoints: Endpoints, named: Sequence[str] | None = None) -> list[str]:
    """Names of endpoints to learn, the deciding one first: one of survival, and every response.

    Parameters
    ----------
    endpoints
        Of the whole cohort.
    named
        Those asked for beside the deciding one; all that have patients enough if left out.

    Raises
    ------
    ConfigError
        If an endpoint is asked for that is not there.
    """
    others = [name for name in endpoints.named if name != endpoints.primary_endpoint]
    for name in named or ():
        if name not in endpoints.named:
            raise ConfigError(
                f"endpoints: the cohort has no endpoint '{name}'; {nearest(name, endpoints.named)}"
            )
    chosen = [endpoints.primary_endpoint]
    for name in others if named is None else [name for name in others if name in named]:
        endpoint = endpoints.named[name]
        second = isinstance(endpoint, Survival) and any(
            isinstance(endpoints.named[own], Survival) for own in chosen
        )
        if not second and (named is not None or _fewest(endpoint) >= FEWEST):
            chosen.append(name)
    return chosen


def excluded_endpoints(endpoints: Endpoints, learned: Sequence[str]) -> Iterator[str]:
    """One sentence for each endpoint that is not learned."""
    for name in endpoints.named:
        if name not in learned:
            yield (
                f"endpoint '{name}' is not learned: a run learns the deciding one, one of survival, and responses with "
                f"{FEWEST} patients of each class"
            )


def _fewest(endpoint: Survival | Response) -> int:
    return min(int(members.sum()) for members in endpoint.needed.values())
