"""Inputs of the members: the columns of each block, and those of the arm."""

from __future__ import annotations

import numpy as np
import pytest

from models.ensemble.inputs import InputLayout


def test_a_view_that_some_members_lack_keeps_its_columns() -> None:
    rng = np.random.default_rng(0)
    without = {"covariates": rng.normal(size=(5, 2)), "factors": rng.normal(size=(5, 3))}
    complete = without | {"view.rna": rng.normal(size=(5, 4))}
    for members in ([without, complete], [complete, without]):
        layout = InputLayout.from_members(members, arms=False)
        stacked = layout.stack(members)
        assert stacked.shape == (2, 5, 9)
        place = [member is complete for member in members].index(True)
        np.testing.assert_allclose(stacked[place, :, 5:], complete["view.rna"], rtol=1e-6)
        assert (stacked[1 - place, :, 5:] == 0).all()


@pytest.mark.parametrize("arms", [False, True])
def test_inputs_are_in_the_columns_of_their_blocks(arms: bool) -> None:
    rng = np.random.default_rng(0)
    few = {"covariates": rng.normal(size=(5, 2)), "factors": rng.normal(size=(5, 3))}
    many = {"covariates": rng.normal(size=(5, 2)), "factors": rng.normal(size=(5, 4))}
    layout = InputLayout.from_members([few, many], arms)
    arm = np.array([-0.5, 0.5, 0.0, 0.5, -0.5])
    stacked = layout.stack([few, many], arm)
    assert stacked.shape == (2, 5, layout.total) == (2, 5, 6 + 7 * arms)
    np.testing.assert_allclose(stacked[0, :, 2:5], few["factors"], rtol=1e-6)
    assert (stacked[0, :, 5] == 0).all()
    assert len(layout.block) == layout.total
    if arms:
        np.testing.assert_allclose(stacked[1, :, 7:11], arm[:, None] * many["factors"], rtol=1e-6)
