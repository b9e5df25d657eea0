"""``stratomics subtypes COHORT --out DIR``: groups of patients, if there are any, and where new patients belong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import jsonargparse

from omics.common.errors import ConfigError, InputError
from stratomics.cli.run import parse_arguments
from stratomics.cli.screen.output import emit
from stratomics.cli.screen.parser import command_parser

if TYPE_CHECKING:
    from stratomics.strata.groups.analysis import GroupAnalysis, GroupSettings
    from stratomics.strata.groups.existence import Existence

__all__ = ["build_parser", "subtypes"]


def subtypes(arguments: Sequence[str]) -> None:
    """Search for groups, print what was found, and write groups, model and page."""
    words = list(arguments)
    if any(word.partition("=")[0] in ("--k-by", "--k_by") for word in words):
        raise ConfigError(
            "--k-by is no option: the number of groups is never chosen by an outcome, since a test of this outcome "
            "would then find differences in data without any; give --k a number or a range"
        )
    given = parse_arguments(build_parser(), words, "the command line")
    from stratomics.runtime.logs import quiet_libraries

    quiet_libraries()
    settings = _settings(given)
    if given.out is None:
        _of_run(given, settings)
    else:
        _of_cohort(given, settings)


def _settings(given: jsonargparse.Namespace) -> GroupSettings:
    from stratomics.strata.groups.analysis import GroupSettings

    numbers, k = _numbers(given.k)
    templates = None if given.templates is None else Path(given.templates)
    return GroupSettings(
        numbers, k, given.model, given.count, seed=given.seed, labels=given.labels, templates=templates
    )


def _of_cohort(given: jsonargparse.Namespace, settings: GroupSettings) -> None:
    out = Path(given.out)
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        raise InputError(f"{out}: it exists and is not empty; name a new folder, or empty this one")
    from datamodules.exposure.exposure_view import with_exposure
    from omics.cohort.new_patients import read_new_patients
    from omics.cohort.read import read_cohort
    from omics.common.files import staged_folder
    from stratomics.config import TrackingConfig
    from stratomics.report.subtypes_page import write_groups_page
    from stratomics.strata.groups.analysis import analyse_groups
    from stratomics.tracking.mlflow_store import store_exists
    from stratomics.tracking.record_subtypes import record_subtypes

    cohort = with_exposure(read_cohort(given.cohort))
    new = {} if given.new is None else {"new": with_exposure(read_new_patients(given.new))}
    analysis = analyse_groups(cohort, settings, new)
    with staged_folder(out) as place:
        analysis.save(place)
        write_groups_page(place, analysis.stored)
    tracking = TrackingConfig() if given.uri is None else TrackingConfig(uri=given.uri)
    if given.uri is not None or store_exists(tracking.uri):
        record_subtypes(out, analysis.stored, tracking)
    _print(analysis, [out / f"{name}.parquet" for name in analysis.stored.tables.extra], out / "report.html")


def _of_run(given: jsonargparse.Namespace, settings: GroupSettings) -> None:
    """Search in the cohort of a finished run, with its factors, and add a section to its report."""
    from omics.common.files import staged_folder
    from stratomics.report.sections.subtypes import FOLDER
    from stratomics.report.subtypes_page import add_to_report
    from stratomics.runs.run_directory import RunDirectory
    from stratomics.strata.groups.analysis import analyse_groups
    from stratomics.strata.groups.from_run import cohort_of_run, settings_of_run
    from stratomics.tracking.update_record import update_record

    run = RunDirectory(Path(given.cohort))
    if not run.finished:
        raise InputError(
            f"{given.cohort}: not a finished run; a cohort needs --out DIR, a new folder for the groups"
        )
    if given.new is not None:
        raise ConfigError("--new goes with a cohort and --out, and not with a run")
    analysis = analyse_groups(cohort_of_run(run), settings_of_run(run, settings))
    with staged_folder(run.path / FOLDER) as place:
        analysis.save(place)
    page = add_to_report(run)
    update_record(run)
    _print(analysis, [], page)


def _print(analysis: GroupAnalysis, tables: Sequence[Path], page: Path) -> None:
    from omics.common.json_objects import to_json
    from stratomics.report.sections.subtypes import group_sentences

    findings = analysis.stored.findings
    content = {
        "k": len(findings.sizes) or None,
        "supported_k": findings.existence.k,
        "tests": to_json(findings.existence.tests),
        "sizes": findings.sizes,
        "agreement": findings.agreement,
        "outcomes": to_json(findings.outcomes),
        "tables": [str(table) for table in tables],
        "report": str(page),
    }
    sentences = group_sentences(analysis.stored)
    written = map(str, (*tables, page))
    emit(content, lambda: _show(findings.existence, sentences, written))


def _numbers(text: str) -> tuple[tuple[int, ...], int | None]:
    """Numbers of groups to test, and the number that is learned in any case."""
    if match := re.fullmatch(r"(\d+)\.\.(\d+)", text):
        first, last = int(match[1]), int(match[2])
        if first <= last:
            return tuple(range(first, last + 1)), None
    elif text.isdigit():
        return (int(text),), int(text)
    raise ConfigError(f"--k is '{text}'; give a number of groups such as 3, or a range such as 2..6")


def _show(existence: Existence, sentences: Sequence[str], written: Iterable[str]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(width=None if Console().is_terminal else 120)
    table = Table(
        "groups",
        "prediction strength",
        "p against one cloud",
        "p against axes with one mode",
        title_justify="left",
    )
    for test in existence.tests:
        table.add_row(str(test.k), f"{test.strength:.2f}", f"{test.cloud.p:.2f}", f"{test.one_mode.p:.2f}")
    console.print(table)
    print(*sentences, *written, sep="\n")


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command."""
    parser = command_parser(
        "subtypes",
        "COHORT --out DIR [--k N | --k FIRST..LAST] [--new COHORT] [--labels COLUMN] [--templates FILE]; "
        "or stratomics subtypes RUN",
        "Search for groups of patients in the factors of a cohort, without outcomes: whether there are groups at all, "
        "which, what they mean, and the probability of each for new patients, who may lack views. For a finished run, "
        "its report gets a section on groups.",
        "bundled:tcga_acc --k 2 --out acc_subtypes",
    )
    add = parser.add_argument
    add("cohort", type=str, help="folder with cohort.yaml, the yaml file, an .h5mu file, or a finished run")
    add("--out", type=str | None, default=None, help="new folder for groups, model and page; none for a run")
    add("--k", type=str, default="2..6", help="number of groups, or a range to test")
    add("--new", type=str | None, default=None, help="cohort of new patients to assign to the groups")
    add(
        "--labels",
        type=str | None,
        default=None,
        help="column of the samples table with published subtypes to learn",
    )
    add(
        "--templates",
        type=str | None,
        default=None,
        help="table of published signatures, with columns feature, class and perhaps weight",
    )
    add("--model", type=str, default="gfa", help="factor model; that of the run for a run")
    add("--count", type=int, default=15, help="number of factors; that of the run for a run")
    add("--seed", type=int, default=1, help="seed of everything that is random")
    add(
        "--tracking.uri",
        dest="uri",
        type=str | None,
        default=None,
        help="MLflow store of the record; without it, sqlite:///mlflow.db if it exists",
    )
    return parser
