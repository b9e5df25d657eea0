"""Parser of a command: description, options, and an example that can be copied."""

from __future__ import annotations

import argparse
import textwrap

import jsonargparse

from stratomics.cli.screen.output import HELP

__all__ = ["command_parser"]

WIDTH = 100


class _AsWritten(jsonargparse.DefaultHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Help formatter that keeps line breaks, so that an example stays on one line."""


def command_parser(name: str, usage: str, description: str, example: str) -> jsonargparse.ArgumentParser:
    """Make the parser of ``stratomics NAME``.

    Parameters
    ----------
    name
        Name of the command.
    usage
        Its arguments, after the name.
    description
        Its purpose, in a few sentences.
    example
        Arguments of a command that works.

    Returns
    -------
    jsonargparse.ArgumentParser
        Parser without options; the command adds them.
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
