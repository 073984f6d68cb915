"""One small checkpoint for all tests of figures, so that what is computed of it is computed once."""

import pytest

from sqtheory.show.figures.data import Request
from tests.show.figures import references


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Request:
    """The first block of the language model."""
    return references.small(tmp_path_factory.mktemp("model"))
