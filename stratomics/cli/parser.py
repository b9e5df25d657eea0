"""The words of a command: one way to describe them, with an example that can be copied, and to read them."""

from __future__ import annotations

import argparse
import textwrap

import jsonargparse

from stratomics.cli.output import HELP

__all__ = ["command_parser"]

WIDTH = 100


class _AsWritten(jsonargparse.DefaultHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Keeps lines as they are, so that an example stays on one."""


def command_parser(name: str, usage: str, description: str, example: str) -> jsonargparse.ArgumentParser:
    """Make the parser of ``stratomics NAME``.

    Parameters
    ----------
    name
        Of the command.
    usage
        What follows its name.
    description
        What it does, in a few sentences.
    example
        What follows its name in a command that would work.
    """
    return jsonargparse.ArgumentParser(
        prog=f"stratomics {name}",
        usage=f"stratomics {name} {usage}",
        description=textwrap.fill(description, WIDTH),
        epilog=f"example:\n  stratomics {name} {example}\n\n{HELP}",
        formatter_class=_AsWritten,
        exit_on_error=False,
        allow_abbrev=False,
    )
