"""``stratomics completion SHELL``: a script that lets the shell complete commands and their options."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module

import jsonargparse
import shtab

from stratomics.cli import COMMANDS
from stratomics.cli.output import emit
from stratomics.cli.parser import command_parser
from stratomics.cli.run import parsed_words

__all__ = ["build_parser", "completion"]

SHELLS = ("bash", "zsh")

WORDS = {"--quiet": "nothing but the result", "--json": "the result for machines"}


def completion(arguments: Sequence[str]) -> None:
    """Print the script."""
    shell = parsed_words(build_parser(), list(arguments), "the command line").shell
    script = shtab.complete(_everything(), shell)
    emit({"shell": shell, "script": script}, lambda: print(script))


def _everything() -> argparse.ArgumentParser:
    """All commands as one plain parser, which shtab reads."""
    parser = argparse.ArgumentParser(prog="stratomics")
    parser.add_argument("--version", action="store_true", help="print the version")
    commands = parser.add_subparsers()
    for name, (place, sentence) in COMMANDS.items():
        command = commands.add_parser(name, help=sentence, add_help=True)
        for word, what in WORDS.items():
            command.add_argument(word, action="store_true", help=what)
        build = getattr(import_module(place.partition(":")[0]), "build_parser", None)
        if build is not None:
            _copy(build(), command)
    return parser


def _copy(source: jsonargparse.ArgumentParser, command: argparse.ArgumentParser) -> None:
    """Names, choices and help of all words; what is no choice may be a file."""
    for action in source._actions:
        if isinstance(action, argparse._HelpAction) or action.help == argparse.SUPPRESS:
            continue
        options = [word for word in action.option_strings if not word.endswith("+")]
        takes = None if action.nargs == 0 else "?"
        what = str(action.help or "").replace("%", "%%")
        added = (
            command.add_argument(*options, action="store_true", help=what)
            if options and takes is None
            else command.add_argument(
                *(options or [action.dest]), nargs=takes, choices=action.choices, help=what
            )
        )
        if action.choices is None and takes is not None:
            added.complete = shtab.FILE  # type: ignore[attr-defined]  # shtab's way


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command's words."""
    parser = command_parser(
        "completion",
        "bash|zsh",
        "A script that lets the shell complete commands, options and files. In ~/.bashrc or ~/.zshrc it is "
        'eval "$(stratomics completion bash)"; quicker to start is a file made once, as below.',
        "bash > ~/.local/share/bash-completion/completions/stratomics",
    )
    parser.add_argument("shell", choices=SHELLS, help="which shell")
    return parser
