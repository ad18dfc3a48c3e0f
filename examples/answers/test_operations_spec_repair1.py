# Recorded answer, second round: one of the two rejected tests is mended, the other left out.
"""Tests for calculator.operations that were rejected at first."""

import pytest
from calculator.operations import mean


@pytest.mark.requirement("FR-6")
def test_mean_that_is_not_a_whole_number():
    assert mean([1, 2, 2]) == pytest.approx(5 / 3)
