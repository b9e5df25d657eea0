"""Output of commands: text by default, JSON with ``--json``, and no messages with ``--quiet``.

:func:`read_output_mode` removes the two options from the command line, for all commands. A command passes its result to
:func:`emit`.
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

HELP = "Every command accepts --quiet (print only the result) and --json (print the result as JSON)"


@dataclass
class OutputMode:
    """Output options of a command.

    Attributes
    ----------
    quiet
        Print only the result.
    json
        Print the result as JSON.
    emitted
        Whether the command has printed its result.
    """

    quiet: bool = False
    json: bool = False
    emitted: bool = False


_OUTPUT_MODE: ContextVar[OutputMode | None] = ContextVar("output_mode", default=None)


def read_output_mode(arguments: Sequence[str]) -> tuple[OutputMode, list[str]]:
    """Separate ``--quiet`` and ``--json`` from the other arguments of a command.

    Examples
    --------
    >>> read_output_mode(["check", "--json", "bundled:tcga_acc"])
    (OutputMode(quiet=False, json=True, emitted=False), ['check', 'bundled:tcga_acc'])
    """
    output = OutputMode("--quiet" in arguments, "--json" in arguments)
    return output, [word for word in arguments if word not in {"--quiet", "--json"}]


@contextlib.contextmanager
def using_output(output: OutputMode) -> Iterator[None]:
    """Apply output options while a command runs; with ``--quiet``, stderr shows errors only."""
    token = _OUTPUT_MODE.set(output)
    try:
        with contextlib.ExitStack() as stack:
            if output.quiet:
                null = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123  # not a path
                stack.enter_context(contextlib.redirect_stderr(null))
            yield
    finally:
        _OUTPUT_MODE.reset(token)


def emit(result: Any, show: Callable[[], None]) -> None:
    """Print the result of a command: as JSON with ``--json``, as text otherwise.

    Parameters
    ----------
    result
        Result that JSON can hold.
    show
        Function that prints the result as text.
    """
    output = _OUTPUT_MODE.get() or OutputMode()
    output.emitted = True
    if output.json:
        json.dump(result, sys.stdout, indent=2, ensure_ascii=False, default=_plain)
        print()
    else:
        show()


def _plain(value: Any) -> Any:
    return value.item() if hasattr(value, "item") else str(value)
