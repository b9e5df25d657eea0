"""Checks of a table of tumour sizes as it is read: the first wrong row is refused."""

from __future__ import annotations

import pandas as pd

from omics.events.refuse import refuse_rows

__all__ = ["check_sizes", "check_time_unit"]

SLIP = (7.5, 13.5)
"""A size this many times above or below both its neighbours may be in cm among mm, or the reverse."""

NEIGHBOURS = 1.6
"""Largest ratio of these neighbours."""

JUMP = 8.0
"""Growth from one size to the last one that no tumour has."""

SMALLEST_TYPICAL, LARGEST_TYPICAL = 8.0, 800.0
"""Range of the median size before treatment of a cohort, in mm."""

SHORTEST_GAP, LONGEST_GAP = 0.7, 60.0
"""Range of the median time between two sizes of a cohort, in weeks."""

WEEKS = {"days": 1 / 7, "weeks": 1.0, "months": 30.4375 / 7, "years": 365.25 / 7}
"""Weeks in a unit of time."""


def check_sizes(rows: pd.DataFrame, file: str) -> None:
    """Check sizes before they become a SizeTable.

    Parameters
    ----------
    rows
        Columns ``patient``, ``time`` (weeks), ``size`` (mm), ``censored`` and ``row``.
    file
        Named in errors.

    Raises
    ------
    CohortError
        If a row is wrong; one sentence with the row and its patient.
    """
    time, size = rows["time"], rows["size"]
    refuse_rows(rows, time.isna(), "missing_time", "the time is missing; give every size its time", file)
    sentence = "the size is missing; remove the row, or write the limit, such as <5, for a size below it"
    refuse_rows(rows, size.isna(), "missing_size", sentence, file)
    sentence = (
        "the size is {size:g} mm; a sum of diameters is not negative, so write sizes and not changes of sizes"
    )
    refuse_rows(rows, size < 0, "negative_size", sentence, file)
    sentence = "a second size of the patient at the same time; keep one of them"
    refuse_rows(rows, rows.duplicated(["patient", "time"]), "repeated_size", sentence, file)
    _check_baseline(rows, file)
    _check_unit(rows, file)


def check_time_unit(rows: pd.DataFrame, unit: str, file: str) -> None:
    """Refuse times that look like another unit than the declared one.

    Parameters
    ----------
    rows
        As for :func:`check_sizes`, with times in weeks.
    unit
        Declared unit of the file.
    file
        Named in errors.

    Raises
    ------
    CohortError
        If the median time between two sizes of a patient is below .7 or above 60 weeks and plausible in another unit.
    """
    ordered = rows.sort_values(["patient", "time"], kind="stable")
    gaps = ordered.groupby("patient")["time"].diff().dropna()
    gap = float(gaps.median()) if len(gaps) else SHORTEST_GAP
    if SHORTEST_GAP <= gap <= LONGEST_GAP:
        return
    fits = [one for one in WEEKS if SHORTEST_GAP <= gap / WEEKS[unit] * WEEKS[one] <= LONGEST_GAP]
    looks = f"they look like {fits[0]}" if fits else "give them in the declared unit"
    sentence = (
        f"times are read as {unit}, and the median time between two sizes of a patient is {gap / WEEKS[unit]:.3g} "
        f"{unit}; {looks}: correct time_unit"
    )
    last = rows["time"] == rows["time"].max()
    refuse_rows(rows, last, "size_time_unit", sentence, file)


def _check_baseline(rows: pd.DataFrame, file: str) -> None:
    """Check that each patient has a measured size at or before time 0."""
    before = rows["time"] <= 0
    has_one = before.groupby(rows["patient"]).transform("any")
    sentence = "no size at or before time 0, when treatment begins; add the size at baseline"
    refuse_rows(rows, ~has_one, "no_baseline_size", sentence, file)
    measured = before & ~rows["censored"] & (rows["size"] > 0)
    has_one = measured.groupby(rows["patient"]).transform("any")
    sentence = "the size at baseline is 0 or below the limit; leave patients without a measurable tumour out"
    refuse_rows(rows, ~has_one, "no_baseline_size", sentence, file)


def _check_unit(rows: pd.DataFrame, file: str) -> None:
    """Refuse sizes in cm among sizes in mm, of a row or of the whole table."""
    ordered = rows.sort_values(["patient", "time"], kind="stable")
    size = ordered["size"].where(~ordered["censored"] & (ordered["size"] > 0))
    by_patient = size.groupby(ordered["patient"])
    before, after = by_patient.shift(), by_patient.shift(-1)
    alike = (before / after).between(1 / NEIGHBOURS, NEIGHBOURS)
    slipped = [
        (size / before).between(low, high) & (size / after).between(low, high) for low, high in _slips()
    ]
    jumped = (size / before > JUMP) & after.isna()
    named = ordered.assign(size=size, before=before)
    sentence = (
        "the size is {size:g} mm and that before {before:g} mm, about a factor of 10 apart, as mm and cm are; give all "
        "sizes in one unit"
    )
    wrong = alike & (slipped[0] | slipped[1]) | jumped
    refuse_rows(named.sort_index(), wrong.sort_index(), "size_unit", sentence, file)
    typical = float(size[ordered["time"] <= 0].median())
    if not SMALLEST_TYPICAL <= typical <= LARGEST_TYPICAL:
        smallest = rows["size"] == (rows["size"].min() if typical < SMALLEST_TYPICAL else rows["size"].max())
        side, unit = ("below", "cm") if typical < SMALLEST_TYPICAL else ("above", "mm")
        sentence = (
            f"the size is {{size:g}} mm, and half of the sizes at baseline are {side} {typical:.3g} mm; sizes look "
            f"like {unit}: correct unit"
        )
        refuse_rows(rows, smallest, "size_unit", sentence, file)


def _slips() -> tuple[tuple[float, float], tuple[float, float]]:
    low, high = SLIP
    return (low, high), (1 / high, 1 / low)
