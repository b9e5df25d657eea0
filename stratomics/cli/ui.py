"""``stratomics ui RUNS``: compare finished runs in a browser, on this machine only."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import jsonargparse

from omics.common.errors import ConfigError, InputError
from stratomics.cli.run import parse_arguments
from stratomics.cli.screen.output import emit
from stratomics.cli.screen.parser import command_parser

__all__ = ["build_parser", "ui"]

PORTS = 1 << 16


def ui(arguments: Sequence[str]) -> None:
    """Print the address and serve until Ctrl-C."""
    given = parse_arguments(build_parser(), list(arguments), "the command line")
    folder = Path(given.runs)
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; name the folder of runs of `stratomics run`")
    if not 0 <= given.port < PORTS:
        raise ConfigError(
            f"--port is {given.port}; choose a port below {PORTS}, or leave it out to use a free one"
        )
    from stratomics.ui.catalogue import Catalogue
    from stratomics.ui.server import Server

    with Server(Catalogue(folder.resolve()), given.port) as server:
        try:
            emit({"address": server.address}, lambda: print(server.address))
            sys.stdout.flush()
            print("press Ctrl-C to stop", file=sys.stderr)
            server.serve_forever()
        except KeyboardInterrupt:
            # This is how the server is stopped, not an error.
            print(file=sys.stderr)


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command."""
    parser = command_parser(
        "ui",
        "RUNS [--port N]",
        "Show the reports of all finished runs in a folder, and a table that compares them, in a browser on this "
        "machine. Open the printed address; it contains a token that changes at every start. Ctrl-C stops the server. "
        "Lines `RUN: text` in RUNS/notes.yaml are shown as notes.",
        "runs",
    )
    parser.add_argument("runs", type=str, help="folder of run directories")
    parser.add_argument("--port", type=int, default=0, help="port; default: a free one")
    return parser
