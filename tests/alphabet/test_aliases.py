"""The names of tools: exactly what the tool makes, or words for what is missing."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from sqtheory import SpellingError, parse
from sqtheory.alphabet import catalogue
from sqtheory.alphabet.aliases import ABSENT, TYPED, Preset
from sqtheory.arrays import Array

REFERENCE = json.loads((Path(__file__).parent / "reference" / "presets.json").read_text(encoding="utf-8"))


def weights() -> dict[str, Array]:
    """Those of the recipe beside the reference."""
    i = np.arange(6 * 256, dtype=np.int64).reshape(6, 256)
    spread = ((i * 40503 + 12345) % 65536 - 32768) / 2.0**14 * 1.37 ** np.arange(6).reshape(6, 1)
    halves = ((i * 31) % 33 - 16) / 2.0
    halves[2, :128] = 0
    return {"spread": spread.astype(np.float32), "halves": halves.astype(np.float32)}


@pytest.mark.parametrize("alias", TYPED, ids=lambda alias: alias.name)
def test_a_name_means_what_its_package_makes_bit_for_bit(alias: Preset) -> None:
    q = parse(alias.name)
    for kind, x in weights().items():
        digest = hashlib.sha256((q(x) + 0).tobytes()).hexdigest()
        assert digest == REFERENCE["sha256"][alias.name][kind], f"{alias.name} on {kind}"


def test_the_reference_is_of_every_name() -> None:
    assert set(REFERENCE["sha256"]) == {alias.name for alias in TYPED}
    versions = {name: REFERENCE[name] for name in ("compressed-tensors", "gguf", "xllamacpp")}
    assert versions == {"compressed-tensors": "0.20.1", "gguf": "0.19.0", "xllamacpp": "2026.10.11549"}


@pytest.mark.parametrize("alias", TYPED, ids=lambda alias: alias.name)
def test_a_name_is_read_in_capitals_or_not_and_written_as_an_operator(alias: Preset) -> None:
    q = parse(alias.name)
    assert parse(alias.name.lower()) == q == parse(str(q)) and str(q) != alias.name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Q8_1", "it is for activations"),
        ("Q8_K", "it is for activations"),
        ("Q4_K_M", "it is a mixture of types over the tensors of a file; nearest is Q4_K"),
        ("IQ4_NL", "its scales are fitted"),
    ],
)
def test_what_is_not_here_says_what_is_missing(name: str, said: str) -> None:
    with pytest.raises(SpellingError) as refusal:
        parse(name)
    assert said in str(refusal.value)


def test_what_is_called_nearest_is_an_operator() -> None:
    for one in ABSENT:
        if one.nearest:
            parse(one.nearest.split(",")[0] if one.nearest.startswith("W") else one.nearest)


def test_the_table_has_them_all() -> None:
    table = catalogue.aliases()
    assert [row[0] for row in table.rows] == [one.name for one in (*TYPED, *ABSENT)]
    assert dict((row[0], row[1]) for row in table.rows)["W4A16"] == "int(4, block=128, scaling=midpoint)"
