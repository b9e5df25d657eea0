"""The door: ``stratomics COMMAND ...``. A command is one file and one line in COMMANDS."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from stratomics.cli.output import HELP, OutputMode, read_output_mode, using_output
from stratomics.runtime.threads import use_one_thread

if TYPE_CHECKING:
    from omics.common.errors import StratomicsError

__all__ = ["COMMANDS", "explained_at", "main"]

COMMANDS = {
    "init": (
        "stratomics.cli.init:init",
        "a first cohort.yaml for a folder of tables, each guess with its reason",
    ),
    "check": ("stratomics.cli.check:check", "what a careful statistician would look at before modelling"),
    "run": ("stratomics.cli.run:run", "one experiment, from files to report"),
    "tune": ("stratomics.cli.tune:tune", "the experiment again and again, and what that is worth"),
    "enrich": (
        "stratomics.cli.enrich:enrich",
        "whom the next trial should enrol, from a run or a table of scores",
    ),
    "ui": ("stratomics.cli.ui:ui", "finished runs side by side in a browser, on this machine alone"),
    "simulate": ("stratomics.cli.simulate:simulate", "a cohort whose truth is known, to try things on"),
    "predict": ("stratomics.cli.predict:predict", "new patients through a finished run"),
    "log": ("stratomics.cli.log:log", "send a finished run to MLflow, which was out of reach before"),
    "verify": ("stratomics.cli.verify:verify", "whether a run and its inputs are as the run left them"),
    "report": ("stratomics.cli.report:report", "write the report of a finished run anew"),
    "completion": ("stratomics.cli.completion:completion", "let the shell complete commands and options"),
}

_USAGE = """usage: stratomics COMMAND ...

Who responds, who survives, and whom should the next trial enrol.

commands:
{commands}
  --version  print the version

{voice}.
example: stratomics run configs/experiment/tcga_acc.yaml
`stratomics COMMAND --help` tells more about each."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Exit 0, 2 for input that cannot be right, 1 for a fault of ours."""
    output, arguments = read_output_mode(sys.argv[1:] if argv is None else argv)
    use_one_thread()
    if not arguments or arguments[0] in ("-h", "--help"):
        rows = (f"  {name:<10} {sentence}" for name, (_, sentence) in COMMANDS.items())
        print(_USAGE.format(commands="\n".join(rows), output=HELP))
        return 0 if arguments else 2
    if arguments[0] == "--version":
        from stratomics import __version__

        print(f"stratomics {__version__}")
        return 0
    return _guarded(arguments, output)


def _guarded(arguments: list[str], output: OutputMode) -> int:
    from omics.common.errors import ConfigError, InputError, StratomicsError

    screen = logging.StreamHandler(sys.stderr)
    screen.setLevel(logging.CRITICAL if output.quiet else logging.WARNING)
    logging.basicConfig(format="%(levelname)s %(message)s", handlers=[screen])
    try:
        _check_imports()
        with using_output(output):
            _command(arguments[0])(arguments[1:])
        sys.stdout.flush()
        if output.json and not output.told:
            raise ConfigError(f"`stratomics {arguments[0]}` has no result for machines; leave --json out")
    except StratomicsError as error:
        return _complain(f"{error} ({explained_at(error)})", 2 if isinstance(error, InputError) else 1)
    except KeyboardInterrupt:
        return _complain(
            "stopped by Ctrl-C; nothing half-written is left, and a run goes on from here by the same command",
            2,
        )
    except BrokenPipeError:
        # Whoever read our output has seen enough, as `head` does; Python would complain again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _complain(
            f"{place}{error.strerror or error}; free space or correct the path, then run again", 2
        )
    return 0


def _command(name: str) -> Callable[[Sequence[str]], None]:
    from omics.common.errors import ConfigError, nearest

    if name not in COMMANDS:
        raise ConfigError(f"unknown command '{name}'; {nearest(name, COMMANDS)}")
    module, _, function = COMMANDS[name][0].partition(":")
    command: Callable[[Sequence[str]], None] = getattr(importlib.import_module(module), function)
    return command


def explained_at(error: StratomicsError) -> str:
    """Say where the documentation explains an error: by its code or, where it has none, by its kind."""
    return f"docs/errors.md#{getattr(error, 'code', type(error).__name__.lower())}"


def _complain(sentence: str, code: int) -> int:
    print(f"stratomics: {' '.join(sentence.split())}", file=sys.stderr)
    return code


def _check_imports() -> None:
    """Refuse to go on when a user's own ``models.py`` would be imported in place of ours."""
    import importlib.util
    from pathlib import Path

    from omics.common.errors import InputError

    ours = Path(__file__).parents[2]
    for name in ("omics", "datamodules", "models"):
        found = importlib.util.find_spec(name)
        origin = Path(found.origin) if found is not None and found.origin else None
        if origin is None or origin.parent.parent != ours:
            raise InputError(
                f"'{name}' is imported from {origin or 'nowhere'} instead of stratomics; rename it, "
                "or start the `stratomics` command from another folder without PYTHONPATH"
            )
