"""How commands speak: results for people or, with ``--json``, for machines; with ``--quiet`` nothing but results.

The two words are taken off the command line once, for all commands (:func:`read_output_mode`); a command hands its result
to :func:`emit`.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

__all__ = ["HELP", "OutputMode", "emit", "read_output_mode", "using_output"]

HELP = "every command takes --quiet (nothing but the result) and --json (the result for machines)"


@dataclass
class OutputMode:
    """What was asked for, and whether anything was told."""

    quiet: bool = False
    json: bool = False
    told: bool = False


_VOICE: ContextVar[OutputMode | None] = ContextVar("voice", default=None)


def read_output_mode(words: Sequence[str]) -> tuple[OutputMode, list[str]]:
    """Part ``--quiet`` and ``--json`` from the other words of a command.

    Examples
    --------
    >>> read_output_mode(["check", "--json", "bundled:tcga_acc"])
    (Voice(quiet=False, json=True, told=False), ['check', 'bundled:tcga_acc'])
    """
    output = OutputMode("--quiet" in words, "--json" in words)
    return output, [word for word in words if word not in {"--quiet", "--json"}]


@contextlib.contextmanager
def using_output(output: OutputMode) -> Iterator[None]:
    """Speak so while a command runs: quietly, stderr says nothing but what is raised."""
    token = _VOICE.set(output)
    try:
        with contextlib.ExitStack() as hushed:
            if output.quiet:
                silence = hushed.enter_context(open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123  # no path
                hushed.enter_context(contextlib.redirect_stderr(silence))
            yield
    finally:
        _VOICE.reset(token)


def emit(result: Any, show: Callable[[], None]) -> None:
    """Print `result` as json where ``--json`` was said, else let `show` print it for people."""
    output = _VOICE.get() or OutputMode()
    output.told = True
    if output.json:
        json.dump(result, sys.stdout, indent=2, ensure_ascii=False, default=_plain)
        print()
    else:
        show()


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else str(value)
