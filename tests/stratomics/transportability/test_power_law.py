"""Power law of a learning curve: exact curves, flat curves, and rising ones."""

from __future__ import annotations

import numpy as np
import pytest

from stratomics.transportability.power_law import fit_power_law

SIZES = np.array([20.0, 35.0, 60.0, 100.0, 180.0])


@pytest.mark.parametrize("exponent", [0.5, 1.0])
def test_a_power_law_is_found(exponent: float) -> None:
    law = fit_power_law(SIZES, (0.2 + 1.5 * SIZES**-exponent)[None])
    assert law.exponent[0] == pytest.approx(exponent)
    assert law(1000.0)[0] == pytest.approx(0.2 + 1.5 * 1000.0**-exponent)


def test_more_patients_never_give_a_higher_loss() -> None:
    law = fit_power_law(SIZES, np.vstack([np.linspace(0.2, 0.3, 5), np.full(5, 0.25)]))
    assert law.scale.tolist() == [0.0, 0.0]
    assert law(400.0).tolist() == pytest.approx(
        [np.average(np.linspace(0.2, 0.3, 5), weights=SIZES**2), 0.25]
    )
