"""Numbers of architectures: products counted in loops, norms of every mask of small matrices."""

from itertools import product

import numpy as np

from sqtheory.methods import OrderVerdict, find
from sqtheory.methods.mobilenet import products

NAMES = ("dass", "darts", "mobilenet", "efficientnet", "codesign", "sparseland")


def test_products_are_those_of_the_loops() -> None:
    for size, inputs, outputs in product((1, 2, 3), (1, 2), (1, 3)):
        dense = sum(1 for _ in product(range(size), range(size), range(inputs), range(outputs)))
        apart = sum(1 for _ in product(range(size), range(size), range(inputs))) + inputs * outputs
        assert (products(size, inputs, outputs, False), products(size, inputs, outputs, True)) == (dense, apart)


def test_no_mask_raises_the_frobenius_norm_and_some_raise_the_spectral_one() -> None:
    raised = 0
    for signs in product((-1.0, 1.0), repeat=4):
        w = np.array(signs).reshape(2, 2)
        for mask in product((0.0, 1.0), repeat=4):
            kept = w * np.array(mask).reshape(2, 2)
            assert (kept**2).sum() <= (w**2).sum()
            raised += np.linalg.norm(kept, 2) > np.linalg.norm(w, 2) + 1e-9
    assert raised == 8 * 4


def test_they_say_what_lies_outside_numerics() -> None:
    works = [find(name) for name in NAMES]
    assert all("Outside numerics: " in work.says for work in works)
    assert {work.verdict for work in works} == {OrderVerdict.none, OrderVerdict.depends}
