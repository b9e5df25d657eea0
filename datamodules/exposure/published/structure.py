"""Structure: the compartments and routes of a kinetic model, and the parameters that they need."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from datamodules.exposure.published.covariate_effect import Strict

__all__ = ["CHANGE", "OPTIONAL", "REQUIRED", "Structure"]

REQUIRED = {1: ("CL", "V"), 2: ("CL", "V1", "Q", "V2"), 3: ("CL", "V1", "Q", "V2", "Q3", "V3")}
"""Parameters of a linear disposition, by the number of compartments."""

OPTIONAL = ("F", "LAG", "RATE", "DURATION")
"""Parameters that every structure can have."""

CHANGE = ("CLLATE", "T50", "HILL")
"""Parameters of a clearance that changes with time."""


class Structure(Strict):
    """Compartments and routes.

    ``absorption`` none: doses go into the central compartment (1); first_order: compartment 1 is the depot, 2 is
    central; transit: as first_order, through `transits` further compartments of rate KTR (the last step into the
    central compartment has rate KTR as well). ``elimination`` linear: CL; michaelis_menten: VMAX (amount per time) and
    KM (concentration), beside CL where the model has it. ``clearance_change`` sigmoid: at the time t since the first
    dose the clearance is CL * CLLATE ** (t ** HILL / (t ** HILL + T50 ** HILL)); CLLATE is the late clearance divided
    by the first one, and can have variability like every other parameter.
    """

    compartments: Literal[1, 2, 3]
    absorption: Literal["none", "first_order", "transit"] = "none"
    transits: int = 0
    elimination: Literal["linear", "michaelis_menten"] = "linear"
    clearance_change: Literal["none", "sigmoid"] = "none"

    @model_validator(mode="after")
    def _transits_belong_to_absorption(self) -> Structure:
        if self.transits < 0 or (self.transits and self.absorption != "transit"):
            raise ValueError("transits is the number of further compartments of absorption: transit")
        return self

    @property
    def required(self) -> tuple[str, ...]:
        """Parameters that a model of this structure needs."""
        names = list(REQUIRED[self.compartments])
        if self.elimination == "michaelis_menten":
            names = [name for name in names if name != "CL"] + ["VMAX", "KM"]
        names += {"none": [], "first_order": ["KA"], "transit": ["KTR"]}[self.absorption]
        return (*names, *(CHANGE if self.clearance_change == "sigmoid" else ()))
