"""Command line: ``stratomics COMMAND ...``. A command is one file and one line in COMMANDS."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from stratomics.cli.screen.output import HELP, OutputMode, read_output_mode, using_output
from stratomics.runtime.interrupt import keeping_ctrl_c
from stratomics.runtime.threads import use_one_thread

if TYPE_CHECKING:
    from omics.common.errors import StratomicsError

__all__ = ["COMMANDS", "documentation_link", "main"]

COMMANDS = {
    "init": (
        "stratomics.cli.init:init",
        "write a first cohort.yaml for a folder of tables",
    ),
    "check": ("stratomics.cli.check:check", "check a cohort before modelling"),
    "run": ("stratomics.cli.run:run", "run one experiment, from files to report"),
    "tune": ("stratomics.cli.tune:tune", "tune the settings of an experiment"),
    "enrich": (
        "stratomics.cli.enrich:enrich",
        "choose and size the next trial, from a run or a table of scores",
    ),
    "subtypes": ("stratomics.cli.subtypes:subtypes", "find groups of patients, and assign new patients"),
    "biology": (
        "stratomics.cli.biology:biology",
        "find sets of genes, proteins or taxa behind the factors of a run",
    ),
    "panel": ("stratomics.cli.panel:panel", "choose and lock a small assay panel"),
    "transport": (
        "stratomics.cli.transport:transport",
        "evaluate a finished run in another cohort, and in groups of its patients",
    ),
    "pgx": ("stratomics.cli.pharmacology.pgx:pgx", "phenotypes of pharmacogenes, and guidance for drugs"),
    "dose": (
        "stratomics.cli.pharmacology.dose:dose",
        "probability of a target exposure by dose, with and without levels",
    ),
    "exposure": (
        "stratomics.cli.pharmacology.exposure:exposure",
        "exposure of patients from doses and levels, and published models of drugs",
    ),
    "twin": ("stratomics.cli.pharmacology.twin:twin", "predict patients under several regimens"),
    "tumour": (
        "stratomics.cli.pharmacology.tumour:tumour",
        "growth of tumours over time, and what factors and exposure change in it",
    ),
    "ui": ("stratomics.cli.ui:ui", "compare finished runs in a browser, on this machine only"),
    "simulate": ("stratomics.cli.simulate:simulate", "simulate a cohort with known factors and effects"),
    "predict": ("stratomics.cli.predict:predict", "predict new patients with a finished run"),
    "explain": (
        "stratomics.cli.explain:explain",
        "reasons for the predictions of patients, and their stability",
    ),
    "log": ("stratomics.cli.log:log", "send a finished run to MLflow"),
    "verify": ("stratomics.cli.verify:verify", "check that a run and its inputs are unchanged"),
    "report": ("stratomics.cli.report:report", "write the report of a finished run again"),
    "completion": ("stratomics.cli.completion:completion", "print a script for shell completion"),
}

_USAGE = """usage: stratomics COMMAND ...

Predicts response and survival from multi-omics data, and designs the next trial.

commands:
{commands}
  --version   print the version

{output}.
Example: stratomics run configs/experiment/tcga_acc.yaml
`stratomics COMMAND --help` describes a command and its options."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 for success, 2 for wrong input, 1 for any other error."""
    output, arguments = read_output_mode(sys.argv[1:] if argv is None else argv)
    use_one_thread()
    if not arguments or arguments[0] in ("-h", "--help"):
        rows = (f"  {name:<11} {sentence}" for name, (_, sentence) in COMMANDS.items())
        print(_USAGE.format(commands="\n".join(rows), output=HELP))
        return 0 if arguments else 2
    if arguments[0] == "--version":
        from stratomics import __version__

        print(f"stratomics {__version__}")
        return 0
    return _guarded(arguments, output)


def _guarded(arguments: list[str], output: OutputMode) -> int:
    from omics.common.errors import ConfigError, InputError, StratomicsError

    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.CRITICAL if output.quiet else logging.WARNING)
    logging.basicConfig(format="%(levelname)s %(message)s", handlers=[handler])
    try:
        _check_imports()
        with using_output(output), keeping_ctrl_c():
            _command(arguments[0])(arguments[1:])
        sys.stdout.flush()
        if output.json and not output.emitted:
            raise ConfigError(f"`stratomics {arguments[0]}` has no JSON output; leave --json out")
    except StratomicsError as error:
        return _report_error(
            f"{error} ({documentation_link(error)})", 2 if isinstance(error, InputError) else 1
        )
    except KeyboardInterrupt:
        return _report_error(
            "stopped by Ctrl-C; there are no incomplete files, and the same command continues a run",
            2,
        )
    except BrokenPipeError:
        # The reader of the output has stopped, as `head` does; without this, Python reports the error again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _report_error(
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


def documentation_link(error: StratomicsError) -> str:
    """Link to the documentation of an error: by its code or, if it has none, by its kind."""
    from omics.common.pages import page_link

    return page_link("errors", getattr(error, "code", type(error).__name__.lower()))


def _report_error(sentence: str, code: int) -> int:
    print(f"stratomics: {' '.join(sentence.split())}", file=sys.stderr)
    return code


def _check_imports() -> None:
    """Raise if another module, such as a user's ``models.py``, would be imported in place of ours."""
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
