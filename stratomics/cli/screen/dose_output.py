"""Print a dose search: probabilities by dose without and with levels, and the most probable doses."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from datamodules.exposure import NOT_FOR_DOSING
from stratomics.pharmacology.dose_search.result import Attainment, DoseSearch

__all__ = ["content_of", "dose_sentences", "print_search"]

WITHOUT, WITH = "Without levels", "With levels"

TIME = {"hours": "h", "days": "days"}


def content_of(found: DoseSearch) -> dict[str, object]:
    """Convert a dose search to what JSON can hold."""
    target = found.target
    return {
        "model": found.model.name,
        "target": {"measure": target.measure, "low": target.low, "high": target.high, "unit": found.unit},
        "schedule": {
            "interval": found.schedule.interval,
            "infusion": found.schedule.infusion,
            "time_unit": found.model.time_unit,
            "dose_unit": _dose_unit(found),
        },
        "patients": list(found.patients),
        "without_levels": _attainment(found.prior),
        "with_levels": None if found.posterior is None else _attainment(found.posterior),
        "with_doses_of_no_levels": found.with_prior_doses,
        "notes": list(found.notes),
        "note": NOT_FOR_DOSING,
    }


def _attainment(one: Attainment) -> dict[str, object]:
    return {
        "rows": one.rows.to_dict("records"),
        "best": vars(one.best),
        "own": one.own.rename_axis("patient").reset_index().to_dict("records"),
        "reach": None if one.reach is None else one.reach.to_dict(),
    }


def print_search(found: DoseSearch) -> None:
    """Print tables, sentences and notes; the last line says that nothing is for dosing of patients."""
    schedule, time = found.schedule, TIME[found.model.time_unit]
    infusion = f", infused over {schedule.infusion:g} {time}" if schedule.infusion else ""
    size = f"{len(found.patients)} patients" if len(found.patients) > 1 else "1 patient"
    print(f"{found.model.name}: {found.model.drug} every {schedule.interval:g} {time}{infusion}; {size}")
    print(f"target: {found.target} {found.unit}")
    console = Console(width=None if Console().is_terminal else 120)
    for title, one in ((WITHOUT, found.prior), (WITH, found.posterior)):
        if one is not None:
            console.print(_table(title, one, found))
    for sentence in dose_sentences(found):
        print(f"- {sentence}")
    for note in found.notes:
        print(f"note: {note}")
    print(NOT_FOR_DOSING)


def _table(title: str, one: Attainment, found: DoseSearch) -> Table:
    table = Table(title=title, title_justify="left")
    for name in (f"dose, {_dose_unit(found)}", f"median {found.target.measure}", "below", "within", "above"):
        table.add_column(escape(name), justify="right")
    table.add_column("Monte Carlo error", justify="right")
    columns = ["dose", "median", "below", "within", "above", "error"]
    for dose, median, *shares, error in one.rows[columns].to_numpy(float).tolist():
        written = f"{error:.3f}" if error else "exact"
        table.add_row(_number(dose), _number(median), *(f"{share:.3f}" for share in shares), written)
    return table


def dose_sentences(found: DoseSearch) -> Iterator[str]:
    """State the best doses without and with levels, and what the levels add.

    Parameters
    ----------
    found
        The search.

    Yields
    ------
    str
        One sentence.
    """
    for title, one in ((WITHOUT, found.prior), (WITH, found.posterior)):
        if one is not None:
            yield from _of_attainment(title, one, found)
    if found.posterior is None or found.with_prior_doses is None:
        return
    alone = len(found.patients) == 1
    doses = _range(found.prior.own["dose"])
    yield (
        f"What the levels buy: the most probable dose{'' if alone else 's'} without them, {doses} {_dose_unit(found)}, "
        f"{'is' if alone else 'are'} within the target with probability {found.with_prior_doses:.3f} given the levels, "
        f"and the dose{'' if alone else 's'} chosen by them with {found.posterior.own['within'].mean():.3f}."
    )


def _of_attainment(title: str, one: Attainment, found: DoseSearch) -> Iterator[str]:
    unit = _dose_unit(found)
    best = one.best_of_given
    yield (
        f"{title}: of these doses, {_number(best.dose)} {unit} is the most probable ({best.within:.3f}); of all "
        f"doses, {_number(one.best.dose)} {unit} ({one.best.within:.3f})."
    )
    if one.own["dose"].min() < one.own["dose"].max():
        yield (
            f"{title}, with the most probable dose of each patient ({_range(one.own['dose'])} {unit}): "
            f"{one.own['within'].mean():.3f}."
        )
    if one.reach is not None:
        yield f"{title}: a median {found.target.measure} of {found.value:g} is reached by {_range(one.reach)} {unit}."


def _dose_unit(found: DoseSearch) -> str:
    return found.model.dose_unit + (f" per {found.schedule.per}" if found.schedule.per else "")


def _range(doses: pd.Series[float]) -> str:
    low, high = _number(doses.min()), _number(doses.max())
    return low if low == high else f"{low} to {high}"


def _number(value: float) -> str:
    """Write a dose or an exposure with three digits, and whole numbers in full."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"  # noqa: PLR2004  # three digits either way
