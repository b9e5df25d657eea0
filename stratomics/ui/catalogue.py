"""The shelf: which runs of a folder are finished, what is said of each, and which of its files may be seen."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from omics.common.errors import InputError
from stratomics.report.text.metrics import metric_label, rows, shown
from stratomics.runs.run_directory import RunDirectory

__all__ = ["Catalogue", "CatalogueEntry"]

SEEN = ("report.html", "metrics.json", "subgroup.json", "design.json", "enrichment.json", "explorer.json")
"""Files of a run that may be seen, and its csv tables besides; never a patient's rows."""
TABLES = ("*.csv", "tables/*.csv")


@dataclass(frozen=True)
class CatalogueEntry:
    """One finished run, as the table of runs has it.

    Attributes
    ----------
    name
        Of its folder.
    run
        To read more of it.
    cohort, endpoint, kind, digest
        From ``provenance.json``.
    date
        When its report was written, UTC.
    metric
        The one that was declared, for people.
    figures
        Method -> that metric with its interval; ours first.
    table
        Metric -> ours with its interval.
    why
        What cannot be read of it; empty where all can.
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
    why: str = ""


@dataclass(frozen=True)
class Catalogue:
    """A folder of runs.

    Parameters
    ----------
    folder
        What ``--runs`` named; runs are the folders right inside it.
    """

    folder: Path

    @property
    def runs(self) -> dict[str, RunDirectory]:
        """Name -> run, of those that are finished and truly inside the folder."""
        root = self.folder.resolve()
        folders = sorted(path for path in root.iterdir() if path.is_dir() and path.resolve().parent == root)
        runs = {path.name: RunDirectory(path) for path in folders if not path.name.startswith(".")}
        return {name: run for name, run in runs.items() if run.finished and _inside(run.path / SEEN[0], root)}

    def files(self, name: str) -> dict[str, Path]:
        """Files of a run that may be seen: name -> where it lies. None of a run that is not on the shelf."""
        run = self.runs.get(name)
        if run is None:
            return {}
        places = [run.path / seen for seen in SEEN]
        places += sorted(place for pattern in TABLES for place in run.path.glob(pattern))
        return {
            place.relative_to(run.path).as_posix(): place.resolve()
            for place in places
            if place.is_file() and _inside(place, run.path)
        }

    @property
    def entries(self) -> list[CatalogueEntry]:
        """All finished runs, the latest first."""
        return sorted((catalogue_entry(name, run) for name, run in self.runs.items()), key=_age)


def catalogue_entry(name: str, run: RunDirectory) -> CatalogueEntry:
    """Read what is said of a run; what cannot be read is said too."""
    written = datetime.fromtimestamp((run.path / SEEN[0]).stat().st_mtime, UTC)
    date = f"{written:%Y-%m-%d %H:%M}"
    try:
        return CatalogueEntry(name, run, date, **_said(run))
    except (InputError, KeyError, TypeError) as error:
        return CatalogueEntry(name, run, date, why=f"cannot be read: {error}")


def _said(run: RunDirectory) -> dict[str, Any]:
    provenance, metrics = run.provenance, run.metrics
    methods, metric = rows(metrics), metrics["metric"]
    return {
        "cohort": str(provenance["cohort"]),
        "endpoint": run.endpoint,
        "kind": run.kind,
        "digest": str(provenance["cohort_digest"]),
        "metric": metric_label(metric),
        "figures": tuple((row.label, row.cells.get(metric, "none")) for row in methods),
        "table": tuple(_cells(metrics, run.kind, methods[0].cells)),
    }


def _cells(metrics: dict[str, Any], kind: str, cells: Any) -> Iterator[tuple[str, str]]:
    for key in shown(metrics, kind):
        yield metric_label(key), cells.get(key, "none")


def _age(entry: CatalogueEntry) -> tuple[float, str]:
    return -(entry.run.path / SEEN[0]).stat().st_mtime, entry.name


def _inside(place: Path, root: Path) -> bool:
    """Whether a file lies inside a folder once every link is followed."""
    return place.resolve().is_relative_to(root.resolve())
