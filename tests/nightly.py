"""What is searched longer every night: ``HYPOTHESIS_PROFILE=nightly`` adds it to the suite."""

import os

import pytest

NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
nightly = pytest.mark.skipif(not NIGHTLY, reason="every night: HYPOTHESIS_PROFILE=nightly")
"""A test that a smaller one of the default suite stands for."""

thin = pytest.mark.thin
"""``@thin(n)``: one of n cases of a test by day, all of them every night."""


def often(count: int) -> int:
    """How many cases a test draws: so many, and ten times as many every night."""
    return count * 10 if NIGHTLY else count
