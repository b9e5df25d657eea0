"""``stratomics panel RUN``: a small locked assay panel, and what it loses against everything measured."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import jsonargparse

from omics.common.errors import ConfigError
from stratomics.cli.run import parse_arguments
from stratomics.cli.screen.output import emit
from stratomics.cli.screen.parser import command_parser
from stratomics.cli.screen.progress import ProgressBar

if TYPE_CHECKING:
    from stratomics.strata.panel.from_run import PanelRequest

__all__ = ["build_parser", "panel"]


def panel(arguments: Sequence[str]) -> None:
    """Print the curve, and write the curve, the locked panel and its out-of-fold scores into the run."""
    given = parse_arguments(build_parser(), list(arguments), "the command line")
    place = Path(given.run)
    if place.suffix == ".json":
        _bridge(place, given)
        return
    if given.bridge is not None:
        raise ConfigError("--bridge belongs to a locked panel; name its panel.json instead of the run")
    from stratomics.cli.screen.panel_output import show
    from stratomics.experiment.teacher import teacher_of
    from stratomics.report.panel_files import save_panel
    from stratomics.runs.run_directory import RunDirectory
    from stratomics.runtime.logs import quiet_libraries
    from stratomics.strata.panel.from_run import panel_of_run

    quiet_libraries()
    run = RunDirectory(place)
    with ProgressBar("learning panels") as bar:
        found = panel_of_run(
            run, _request(given), lambda done, total: bar.show(done, total, "folds"), teacher_of(run)
        )
    files = save_panel(run, found, replace=given.replace)
    content = found.curve.to_json() | {
        "recommended": found.curve.recommended,
        "locked": None if found.panel is None else len(found.panel.analytes),
        "files": [str(file) for file in files],
    }
    emit(content, lambda: show(found, files))


def _bridge(place: Path, given: jsonargparse.Namespace) -> None:
    """Add a bridge to a locked panel, and write it under the name of the platform."""
    from stratomics.strata.panel.assay.bridge import Bridge
    from stratomics.strata.panel.assay.paired_samples import read_paired
    from stratomics.strata.panel.panel import LockedPanel

    if given.bridge is None or given.platform is None:
        raise ConfigError(
            "a locked panel takes --bridge PAIRED.csv and --platform NAME, and nothing else does"
        )
    locked = LockedPanel.load(place)
    other, training = read_paired(Path(given.bridge), locked.analytes)
    bridge = Bridge.fit(other, training, [str(analyte) for analyte in locked.analytes])
    out = place.with_name(f"{place.stem}.{re.sub(r'[^A-Za-z0-9-]+', '_', given.platform)}.json")
    locked.with_bridge(given.platform, bridge).save(out)
    content = {"panel": str(out), "platform": given.platform, **bridge.to_json()}
    emit(content, lambda: print(out))


def _request(given: jsonargparse.Namespace) -> PanelRequest:
    from stratomics.strata.panel.from_run import PanelRequest

    return PanelRequest(
        _numbers(given.analytes, given.form),
        given.lock,
        given.form,
        given.select,
        None if given.prices is None else Path(given.prices),
        None if given.noise is None else Path(given.noise),
        given.share,
        given.target,
    )


def _numbers(text: str, form: str) -> tuple[int, ...]:
    """Numbers of analytes of the curve; even ones where analytes come in pairs."""
    from stratomics.strata.panel.forms import FORMS

    match = re.fullmatch(r"(\d+)(?:\.\.(\d+))?", text)
    if not match or int(match[1]) < 1 or int(match[2] or match[1]) < int(match[1]):
        raise ConfigError(f"--analytes is '{text}'; give a number such as 5, or a range such as 2..20")
    numbers = range(int(match[1]), int(match[2] or match[1]) + 1)
    if not FORMS[form].in_pairs:
        return tuple(numbers)
    even = tuple(number for number in numbers if number % 2 == 0)
    if not even:
        raise ConfigError(
            f"--analytes is '{text}', and the form {form} takes pairs of analytes; give an even number"
        )
    return even


def build_parser() -> jsonargparse.ArgumentParser:
    """Build the parser of the command."""
    parser = command_parser(
        "panel",
        "RUN [--analytes 2..20] [--target endpoint|benefit|model] [--lock N] [--prices CSV] [--noise CSV] "
        "[--form linear|rank|ratio], or stratomics panel PANEL.json --bridge CSV --platform NAME",
        "Choose a few analytes that predict the endpoint of a run, evaluate panels of each size with the selection "
        "repeated in every outer fold, and lock one: panel.json for `stratomics predict --panel`.",
        "runs/nat_breast-0123456789 --analytes 2..12 --noise noise.csv",
    )
    add = parser.add_argument
    add("run", type=str, help="run directory, or the panel.json that gets a bridge")
    add("--analytes", type=str, default="2..20", help="number of analytes, or a range")
    add("--lock", type=int | None, help="number of analytes to lock; by default the recommended one")
    add(
        "--target",
        type=Literal["endpoint", "benefit", "model"],
        default="endpoint",
        help="learn from the endpoint, the effect of a randomised treatment on it, or the out-of-fold score of the "
        "model, which is fitted again in every fold (slow)",
    )
    add(
        "--form",
        type=Literal["linear", "rank", "ratio"],
        default="linear",
        help="weighted sum, ranks within the patient, or comparisons of pairs of analytes",
    )
    add(
        "--select",
        type=Literal["path", "stability", "price"] | None,
        help="order of analytes: the L1 path (default), stability selection, or forward by price (with --prices)",
    )
    add("--prices", type=str | None, help="csv file with the columns view, analyte, price")
    add("--noise", type=str | None, help="csv file with view, analyte, cv and lod, or with replicates")
    add("--share", type=float, default=0.5, help="share of the patients at or above the cut")
    add("--replace", type=bool, default=False, help="lock the new panel in place of another one")
    add("--bridge", type=str | None, help="csv file of samples measured on both platforms")
    add("--platform", type=str | None, help="name of the other platform")
    return parser
