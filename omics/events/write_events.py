"""Write doses and levels in the layout of NONMEM, as :func:`omics.events.read_events.read_events` reads them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from omics.common.files import write_text
from omics.events.event_table import LEVEL, EventTable

__all__ = ["write_events"]

DOSING = {"amount": "AMT", "rate": "RATE", "additional": "ADDL", "interval": "II", "steady_state": "SS"}


def write_events(events: EventTable, path: str | Path) -> Path:
    """Write a table of events.

    Parameters
    ----------
    events
        Doses and levels, such as simulated ones.
    path
        The file, which ends in ``.csv``.

    Returns
    -------
    Path
        The file. Covariates have their names in the model, and a missing value is a point.
    """
    table = events.table
    is_level = table["kind"] == LEVEL
    columns = {
        "ID": table["patient"],
        "TIME": table["time"],
        **{name: table[column] for column, name in DOSING.items()},
        "EVID": table["kind"],
        "CMT": table["compartment"],
        "DV": table["level"].where(is_level),
        "MDV": (~table["observed"]).astype(int),
        "BLQ": table["censored"].astype(int),
        "LLOQ": table["limit"],
        "OCC": table["occasion"],
        **{name: table[name] for name in events.covariates},
    }
    write_text(Path(path), pd.DataFrame(columns).to_csv(index=False, na_rep=".", lineterminator="\n"))
    return Path(path)
