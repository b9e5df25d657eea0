"""What releases before the chain of steps saved of a view, read as such a chain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.steps.detection import DetectionLimit
from datamodules.steps.features import FeatureFilter
from datamodules.steps.imputation import MedianImputation
from datamodules.steps.scaling import RobustScaling
from datamodules.view_harmonizer import ViewHarmonizer
from omics.cohort.spec import ViewSpec

__all__ = ["view_of_first_schema"]


def view_of_first_schema(stored: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> ViewHarmonizer:
    """Build from names of features, centre and scale; the range of training was not kept then."""
    measured = pd.Index(stored["measured"], dtype=object)
    center, scale = arrays["center"], arrays["scale"]
    # The first models knew no detection limit: what is below it counts as not measured there.
    smallest = arrays.get("smallest", np.full_like(center, np.nan)).astype(np.float32)
    wide = np.full_like(center, np.inf)
    steps = {
        "filter": FeatureFilter(measured.get_indexer(pd.Index(stored["features"]))),
        "detection": DetectionLimit(smallest),
        "scale": RobustScaling(center, scale, -wide, wide),
    }
    spec = ViewSpec(**stored["spec"])
    return ViewHarmonizer(spec, measured, np.zeros(0), steps, ("median", MedianImputation()))
