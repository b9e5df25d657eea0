"""``stratomics ui RUNS``: finished runs in a browser, side by side; on this machine alone."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import jsonargparse

from omics.errors import ConfigError, InputError
from stratomics.cli.run import parsed_words

__all__ = ["ui"]

PORTS = 1 << 16


def ui(arguments: Sequence[str]) -> None:
    """Print the address, and serve until Ctrl-C."""
    given = parsed_words(_parser(), list(arguments), "the command line")
    folder = Path(given.runs)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; name the one that `stratomics run` writes its runs into")
    if not 0 <= given.port < PORTS:
        raise ConfigError(
            f"--port is {given.port}; name one below {PORTS}, or leave it out to take a free one"
        )
    from stratomics.ui.server import Server
    from stratomics.ui.shelf import Shelf

    with Server(Shelf(folder.resolve()), given.port) as server:
        print(server.address, flush=True)
        print("Ctrl-C ends it", file=sys.stderr)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            # The way to end it, and so no fault.
            print(file=sys.stderr)


def _parser() -> jsonargparse.ArgumentParser:
    parser = jsonargparse.ArgumentParser(
        prog="stratomics ui",
        usage="stratomics ui RUNS [--port N]",
        description="Show the reports of all finished runs in a folder, and a table of them to compare, in a browser "
        "on this machine. Open the address that it prints: it holds a token that is new at every start. Ctrl-C ends "
        "it. Example: stratomics ui runs",
        exit_on_error=False,
        allow_abbrev=False,
    )
    parser.add_argument("runs", type=str, help="a folder of run directories")
    parser.add_argument("--port", type=int, default=0, help="a free one if left out")
    return parser
