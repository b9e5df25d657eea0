"""Ctrl-C that arrives in a callback, where Python ignores it, is raised again."""

from __future__ import annotations

import signal
import sys
import time
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

from stratomics.runtime.interrupt import keeping_ctrl_c


class Watched:
    """An object whose end is noticed by a callback."""


@pytest.fixture
def python_handles_ctrl_c() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def wait() -> None:
    """Wait ten seconds in short sleeps: Ctrl-C is raised between two statements, and one sleep would end first."""
    for _ in range(500):
        time.sleep(0.02)


@pytest.mark.usefixtures("python_handles_ctrl_c")
def test_it_is_raised_after_the_callback() -> None:
    def callback(_: Any) -> None:
        signal.raise_signal(signal.SIGINT)

    watched = Watched()
    reference = weakref.ref(watched, callback)
    with keeping_ctrl_c():
        del watched
        assert reference() is None
        with pytest.raises(KeyboardInterrupt):
            wait()


def test_other_ignored_exceptions_are_reported_as_before(monkeypatch: pytest.MonkeyPatch) -> None:
    reported: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", reported.append)

    def callback(_: Any) -> None:
        raise ValueError("ignored")

    watched = Watched()
    reference = weakref.ref(watched, callback)
    with keeping_ctrl_c():
        del watched
    assert reference() is None
    assert [one.exc_type for one in reported] == [ValueError]
    assert sys.unraisablehook == reported.append
