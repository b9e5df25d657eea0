"""The catalogue of a folder: its finished runs, their main results, and the files that may be shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from omics.common.errors import InputError
from stratomics.report.text.metrics import main_metrics, metric_label, metric_rows
from stratomics.runs.run_directory import RunDirectory

__all__ = ["Catalogue", "CatalogueEntry"]

PUBLIC = ("report.html", "metrics.json", "subgroup.json", "design.json", "enrichment.json", "explorer.json")
"""Files of a run that may be shown, in addition to its csv tables; never data of single patients."""
TABLES = ("*.csv", "tables/*.csv")


@dataclass(frozen=True)
class CatalogueEntry:
    """One finished run, as shown in the table of runs.

    Attributes
    ----------
    name
        Name of its folder.
    run
        Access to its other results.
    cohort, endpoint, kind, digest
        From ``provenance.json``.
    date
        Time at which its report was written, UTC.
    metric
        Label of the declared metric.
    figures
        Method -> declared metric with its interval; stratomics first.
    table
        Metric -> value of stratomics with its interval.
    error
        Why the run cannot be read; empty if it can be read.
    """

    name: str
    run: RunDirectory
    date: str
    cohort: str = ""
    endpoint: str = ""
    kind: str = ""
    digest: str = ""
    metric: str = ""
    figures: tuple[tuple[str, str], ...] = ()
    table: tuple[tuple[str, str], ...] = ()
    error: str = ""


@dataclass(frozen=True)
class Catalogue:
    """A folder of runs.

    Parameters
    ----------
    folder
        Folder given on the command line; runs are its direct subfolders.
    """

    folder: Path

    @property
    def runs(self) -> dict[str, RunDirectory]:
        """Name -> finished run. A link that leads out of the folder is not a run of it."""
        root = self.folder.resolve()
        folders = sorted(path for path in root.iterdir() if path.is_dir() and path.resolve().parent == root)
        runs = {path.name: RunDirectory(path) for path in folders if not path.name.startswith(".")}
        return {
            name: run for name, run in runs.items() if run.finished and _inside(run.path / PUBLIC[0], root)
        }

    def files(self, name: str) -> dict[str, Path]:
        """Name -> path of the files of a run that may be shown; empty if there is no such run."""
        run = self.runs.get(name)
        if run is None:
            return {}
        places = [run.path / file for file in PUBLIC]
        places += sorted(place for pattern in TABLES for place in run.path.glob(pattern))
        return {
            place.relative_to(run.path).as_posix(): place.resolve()
            for place in places
            if place.is_file() and _inside(place, run.path)
        }

    @property
    def entries(self) -> list[CatalogueEntry]:
        """All finished runs, latest first."""
        return sorted((catalogue_entry(name, run) for name, run in self.runs.items()), key=_age)


def catalogue_entry(name: str, run: RunDirectory) -> CatalogueEntry:
    """Read the main results of a run.

    Parameters
    ----------
    name
        Name of its folder.
    run
        The run.

    Returns
    -------
    CatalogueEntry
        With ``error`` if the run cannot be read.
    """
    written = datetime.fromtimestamp((run.path / PUBLIC[0]).stat().st_mtime, UTC)
    date = f"{written:%Y-%m-%d %H:%M}"
    try:
        return _entry(name, run, date)
    except (InputError, KeyError, TypeError) as error:
        return CatalogueEntry(name, run, date, error=f"cannot be read: {error}")


def _entry(name: str, run: RunDirectory, date: str) -> CatalogueEntry:
    provenance, metrics = run.provenance, run.metrics
    methods, metric = metric_rows(metrics), metrics["metric"]
    return CatalogueEntry(
        name,
        run,
        date,
        cohort=str(provenance["cohort"]),
        endpoint=run.endpoint,
        kind=run.kind,
        digest=str(provenance["cohort_digest"]),
        metric=metric_label(metric),
        figures=tuple((row.label, row.cells.get(metric, "none")) for row in methods),
        table=tuple(_cells(metrics, run.kind, methods[0].cells)),
    )


def _cells(metrics: Mapping[str, Any], kind: str, cells: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for key in main_metrics(metrics, kind):
        yield metric_label(key), cells.get(key, "none")


def _age(entry: CatalogueEntry) -> tuple[float, str]:
    return -(entry.run.path / PUBLIC[0]).stat().st_mtime, entry.name


def _inside(place: Path, root: Path) -> bool:
    """Whether a file is inside a folder after all links are resolved."""
    return place.resolve().is_relative_to(root.resolve())
