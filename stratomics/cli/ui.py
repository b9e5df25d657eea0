"""``stratomics ui RUNS``: finished runs in a browser, side by side; on this machine alone."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import jsonargparse

from omics.common.errors import ConfigError, InputError
from stratomics.cli.output import emit
from stratomics.cli.parser import command_parser
from stratomics.cli.run import parsed_words

__all__ = ["build_parser", "ui"]

PORTS = 1 << 16


def ui(arguments: Sequence[str]) -> None:
    """Print the address, and serve until Ctrl-C."""
    given = parsed_words(build_parser(), list(arguments), "the command line")
    folder = Path(given.runs)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; name the one that `stratomics run` writes its runs into")
    if not 0 <= given.port < PORTS:
        raise ConfigError(
            f"--port is {given.port}; name one below {PORTS}, or leave it out to take a free one"
        )
    from stratomics.ui.catalogue import Catalogue
    from stratomics.ui.server import Server

    with Server(Catalogue(folder.resolve()), given.port) as server:
        try:
            emit({"address": server.address}, lambda: print(server.address))
            sys.stdout.flush()
            print("Ctrl-C ends it", file=sys.stderr)
            server.serve_forever()
        except KeyboardInterrupt:
            # The way to end it, and so no fault.
            print(file=sys.stderr)


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command's words."""
    parser = command_parser(
        "ui",
        "RUNS [--port N]",
        "Show the reports of all finished runs in a folder, and a table of them to compare, in a browser here. "
        "Open the address that it prints: it holds a token that is new at every start. Ctrl-C ends it.",
        "runs",
    )
    parser.add_argument("runs", type=str, help="a folder of run directories")
    parser.add_argument("--port", type=int, default=0, help="a free one if left out")
    return parser
