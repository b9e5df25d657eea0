"""The catalogue of a folder: its finished runs, their main results, and the files that may be shown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from omics.common.errors import InputError
from omics.common.yaml import load_yaml
from stratomics.evaluation.comparison import LABELS, OURS, clinical_baseline
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.report.text.metrics import interval, main_metrics, metric_label
from stratomics.runs.run_directory import RunDirectory

__all__ = ["NOTES", "Catalogue", "CatalogueEntry", "CatalogueValue", "best_of"]

NOTES = "notes.yaml"
"""File in the folder of runs: name of a run -> what its user notes about it."""

PUBLIC = ("report.html", "metrics.json", "subgroup.json", "design.json", "enrichment.json", "explorer.json")
"""Files of a run that may be shown, in addition to its csv tables; never data of single patients."""
TABLES = ("*.csv", "tables/*.csv")


@dataclass(frozen=True)
class CatalogueValue:
    """A metric of one method.

    Attributes
    ----------
    text
        Estimate with its interval.
    estimate
        The estimate alone.
    """

    text: str
    estimate: float


@dataclass(frozen=True)
class CatalogueEntry:
    """One finished run, as shown in the table of runs.

    Attributes
    ----------
    name
        Name of its folder.
    run
        Access to its other results.
    date
        Time at which its report was written, UTC.
    note
        Note of its user; empty without one.
    cohort, endpoint, digest
        From ``provenance.json``.
    metric, higher_is_better
        Label of the declared metric, and its direction; None where neither direction is better.
    clinical
        Label of the clinical model; empty without one.
    figures
        Label of a method -> declared metric; stratomics first.
    table
        Label of a metric -> value of stratomics.
    directions
        Label of a metric -> whether higher is better.
    error
        Why the run cannot be read; empty if it can be read.
    """

    name: str
    run: RunDirectory
    date: str
    note: str = ""
    cohort: str = ""
    endpoint: str = ""
    digest: str = ""
    metric: str = ""
    higher_is_better: bool | None = None
    clinical: str = ""
    figures: Mapping[str, CatalogueValue] = field(default_factory=dict)
    table: Mapping[str, CatalogueValue] = field(default_factory=dict)
    directions: Mapping[str, bool | None] = field(default_factory=dict)
    error: str = ""

    def matches(self, words: str) -> bool:
        """Whether each of the words is part of the name, the cohort, the endpoint or the note."""
        text = f"{self.name} {self.cohort} {self.endpoint} {self.metric} {self.note}".lower()
        return all(word in text for word in words.lower().split())

    @property
    def best(self) -> frozenset[str]:
        """Methods with the best value of the declared metric, as it is shown; empty where all are equal."""
        return best_of(self.figures, higher_is_better=self.higher_is_better)

    @property
    def best_other(self) -> str:
        """Best method beside stratomics and the clinical model; empty if there is none."""
        others = {name: x for name, x in self.figures.items() if name not in (LABELS[OURS], self.clinical)}
        if not others or self.higher_is_better is None:
            return ""
        sign = 1.0 if self.higher_is_better else -1.0
        return max(others, key=lambda name: sign * others[name].estimate)


def best_of(values: Mapping[str, CatalogueValue], *, higher_is_better: bool | None) -> frozenset[str]:
    """Find the best of several values, compared with the three decimals that are shown.

    Parameters
    ----------
    values
        Name -> value.
    higher_is_better
        Direction of the metric; None where neither direction is better.

    Returns
    -------
    frozenset of str
        Names of the best; empty where all are equal, or where no value is better.

    Examples
    --------
    >>> sorted(best_of({"a": CatalogueValue("", 0.1), "b": CatalogueValue("", 0.2)}, higher_is_better=False))
    ['a']
    """
    shown = {name: round(value.estimate, 3) for name, value in values.items()}
    if higher_is_better is None or len(set(shown.values())) < 2:  # noqa: PLR2004  # one value cannot be the best
        return frozenset()
    best = (max if higher_is_better else min)(shown.values())
    return frozenset(name for name, value in shown.items() if value == best)


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
        notes = self.notes
        entries = (catalogue_entry(name, run, notes.get(name, "")) for name, run in self.runs.items())
        return sorted(entries, key=_age)

    @property
    def notes(self) -> dict[str, str]:
        """Name of a run -> note, of the file with notes; empty where there is none or it cannot be read."""
        place = self.folder / NOTES
        if not (place.is_file() and _inside(place, self.folder)):
            return {}
        try:
            content = load_yaml(place)
        except InputError:
            return {}
        return {str(key): str(text) for key, text in content.items()} if isinstance(content, Mapping) else {}


def catalogue_entry(name: str, run: RunDirectory, note: str = "") -> CatalogueEntry:
    """Read the main results of a run.

    Parameters
    ----------
    name
        Name of its folder.
    run
        The run.
    note
        Note of its user.

    Returns
    -------
    CatalogueEntry
        With ``error`` if the run cannot be read.
    """
    written = datetime.fromtimestamp((run.path / PUBLIC[0]).stat().st_mtime, UTC)
    date = f"{written:%Y-%m-%d %H:%M}"
    try:
        return _entry(name, run, date, note)
    except (InputError, KeyError, TypeError) as error:
        return CatalogueEntry(name, run, date, note, error=f"cannot be read: {error}")


def _entry(name: str, run: RunDirectory, date: str, note: str) -> CatalogueEntry:
    provenance, metrics = run.provenance, run.metrics
    metric, endpoint = metrics["metric"], metrics["endpoint"]
    by_method: dict[str, Mapping[str, Any]] = {OURS: metrics[endpoint]}
    by_method |= {method: figures[endpoint] for method, figures in metrics["baselines"].items()}
    shown = [key for key in main_metrics(metrics, run.kind) if key in metrics[endpoint]]
    clinical = clinical_baseline(by_method)
    return CatalogueEntry(
        name,
        run,
        date,
        note,
        cohort=str(provenance["cohort"]),
        endpoint=run.endpoint,
        digest=str(provenance["cohort_digest"]),
        metric=metric_label(metric),
        higher_is_better=_direction(metric),
        clinical="" if clinical is None else LABELS.get(clinical, clinical),
        figures={
            LABELS.get(m, m): _value(figures[metric]) for m, figures in by_method.items() if metric in figures
        },
        table={metric_label(key): _value(metrics[endpoint][key]) for key in shown},
        directions={metric_label(key): _direction(key) for key in shown},
    )


def _direction(metric: str) -> bool | None:
    """Whether higher is better; None for p values and distances from the truth, by which no run is the best."""
    found = find_metric(metric)
    return found.higher_is_better if found.interval else None


def _value(figure: Mapping[str, Any]) -> CatalogueValue:
    return CatalogueValue(interval(figure), float(figure["estimate"]))


def _age(entry: CatalogueEntry) -> tuple[float, str]:
    return -(entry.run.path / PUBLIC[0]).stat().st_mtime, entry.name


def _inside(place: Path, root: Path) -> bool:
    """Whether a file is inside a folder after all links are resolved."""
    return place.resolve().is_relative_to(root.resolve())
