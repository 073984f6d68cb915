"""The four words in the layers of a model: inputs are those of the dense model, and the committed table is computed."""

import numpy as np
import pytest

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.models.architectures.linears import EXACT, Watched
from sqtheory.models.studies.operands import layer_words, words_table
from sqtheory.orders.pair import Pair
from sqtheory.theory.certificates.four_words import WORDS, four_words
from tests.four_words import FILE, table
from tests.models.architectures.small import model, samples

PAIR = Pair(nm(2, 4), int_(4))


def test_every_layer_is_judged_at_the_inputs_of_the_dense_model() -> None:
    small, given = model("vit-dense"), samples("vit-dense", 3)
    [found] = layer_words(small, given, [PAIR])
    assert list(found) == [layer.name for layer in small.linears]
    seen = {}
    small.logits(given.inputs, Watched(EXACT, lambda layer, x, y: seen.update({layer.name: (x.copy(), layer.weight)})))
    for name, (x, w) in seen.items():
        direct = four_words(x.reshape(-1, x.shape[-1]), w, PAIR, PAIR)
        assert found[name].errors == pytest.approx(direct.errors)
    [row] = words_table({"small": found}).rows
    assert row[:2] == ("small", str(len(found))) and sum(map(int, row[2:6])) == len(found)
    assert float(row[6]) == pytest.approx(np.mean([w.errors[WORDS[0]] for w in found.values()]), abs=1e-4)


def test_a_line_of_the_committed_table_is_computed_again() -> None:
    """Means within the last digits of another BLAS; a layer or two whose words nearly tie may change sides."""
    [again] = table(("vit-dense",), ("int4",)).rows
    lines = [line for line in FILE.read_text(encoding="utf-8").splitlines() if line.startswith("| vit-dense int4 ")]
    [cells] = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[:2] == list(again[:2])
    assert all(abs(int(a) - int(b)) <= 2 for a, b in zip(cells[2:6], again[2:6], strict=True))
    assert all(abs(float(a) - float(b)) <= 3e-4 for a, b in zip(cells[6:10], again[6:10], strict=True))
