"""``stratomics completion SHELL``: a script for shell completion of commands and options."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module

import jsonargparse
import shtab

from stratomics.cli import COMMANDS
from stratomics.cli.run import parse_arguments
from stratomics.cli.screen.output import emit
from stratomics.cli.screen.parser import command_parser

__all__ = ["build_parser", "completion"]

SHELLS = ("bash", "zsh")

SHARED_OPTIONS = {"--quiet": "print only the result", "--json": "print the result as JSON"}


def completion(arguments: Sequence[str]) -> None:
    """Print the script."""
    shell = parse_arguments(build_parser(), list(arguments), "the command line").shell
    script = shtab.complete(_combined_parser(), shell)
    emit({"shell": shell, "script": script}, lambda: print(script))


def _combined_parser() -> argparse.ArgumentParser:
    """Combine all commands into one argparse parser, the input of shtab."""
    parser = argparse.ArgumentParser(prog="stratomics")
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers()
    for name, (place, sentence) in COMMANDS.items():
        command = commands.add_parser(name, help=sentence, add_help=True)
        for option, text in SHARED_OPTIONS.items():
            command.add_argument(option, action="store_true", help=text)
        build = getattr(import_module(place.partition(":")[0]), "build_parser", None)
        if build is not None:
            _copy(build(), command)
    return parser


def _copy(source: jsonargparse.ArgumentParser, command: argparse.ArgumentParser) -> None:
    """Copy names, choices and help of all options; an option without choices may be a file."""
    for action in source._actions:
        if isinstance(action, argparse._HelpAction) or action.help == argparse.SUPPRESS:
            continue
        options = [option for option in action.option_strings if not option.endswith("+")]
        takes = None if action.nargs == 0 else "?"
        text = str(action.help or "").replace("%", "%%")
        added = (
            command.add_argument(*options, action="store_true", help=text)
            if options and takes is None
            else command.add_argument(
                *(options or [action.dest]), nargs=takes, choices=action.choices, help=text
            )
        )
        if action.choices is None and takes is not None:
            added.complete = shtab.FILE  # type: ignore[attr-defined]  # attribute that shtab reads


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command."""
    parser = command_parser(
        "completion",
        "bash|zsh",
        "Print a script for shell completion of commands, options and files. In ~/.bashrc or ~/.zshrc, use "
        'eval "$(stratomics completion bash)". A file written once, as below, makes the shell start faster.',
        "bash > ~/.local/share/bash-completion/completions/stratomics",
    )
    parser.add_argument("shell", choices=SHELLS, help="name of the shell")
    return parser
