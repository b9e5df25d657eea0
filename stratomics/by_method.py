"""Predictions of many methods, of which one at a time is in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from models.prediction import Prediction

__all__ = ["ByMethod"]


class ByMethod(Mapping[str, Prediction]):
    """Method -> its predictions, read when they are asked for; the last that were read are remembered.

    A dozen methods' curves of several repeats, all at once, take more memory than any fit does.

    Examples
    --------
    >>> import numpy as np
    >>> one = Prediction.of_response(np.array(["p1"]), "response", np.array([0.5]))
    >>> list(ByMethod({"stratomics": lambda: one})["stratomics"].patients["sample_id"])
    ['p1']
    """

    def __init__(self, readers: Mapping[str, Callable[[], Prediction]]) -> None:
        self._readers = dict(readers)
        self._last: tuple[str, Prediction] | None = None

    def __getitem__(self, method: str) -> Prediction:
        if self._last is None or self._last[0] != method:
            reader = self._readers[method]
            self._last = None
            self._last = method, reader()
        return self._last[1]

    def __iter__(self) -> Iterator[str]:
        return iter(self._readers)

    def __len__(self) -> int:
        return len(self._readers)

    def only(self, methods: list[str]) -> ByMethod:
        """Give some of them, in the order in which they are named."""
        return ByMethod({method: self._readers[method] for method in methods})
