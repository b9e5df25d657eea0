"""Scores: bounds stay bounds, and nothing times many copies stays nothing."""

import pytest

from omics.pgx.score import ActivityScore, parse_score


@pytest.mark.parametrize("text", ["1.25", "≥3", "0", "≥3.75"])
def test_a_score_is_read_and_written(text):
    assert str(parse_score(text)) == text


@pytest.mark.parametrize("text", ["", "n/a", "-1", "PM", "inf", "nan"])
def test_other_texts_are_no_score(text):
    assert parse_score(text) is None


def test_a_lower_bound_stays_one_in_sums_and_is_exact_at_zero():
    assert ActivityScore(3.0, at_least=True) + ActivityScore(0.5) == ActivityScore(3.5, at_least=True)
    assert ActivityScore(3.0, at_least=True).times(0.5) == ActivityScore(1.5, at_least=True)
    assert ActivityScore(3.0, at_least=True).times(0.0) == ActivityScore(0.0)
