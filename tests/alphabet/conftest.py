"""The engine numba computes an operator by compiled loops from the first entry on."""

import pytest


@pytest.fixture(autouse=True)
def loops_are_compiled(compiled_at_once: None) -> None:
    """In every test here."""
