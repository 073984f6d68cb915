"""Every order of the letters of a chain, against its definition in rational numbers."""

import json
import math
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import permutations

import numpy as np
import pytest

from sqtheory.alphabet.bernoulli import bernoulli
from sqtheory.alphabet.formats import E2M1, E4M3
from sqtheory.alphabet.notation import parse
from sqtheory.alphabet.operators import Operator, chained
from sqtheory.alphabet.partition import Blocks
from sqtheory.alphabet.quantizers import Quantizer, hbfp, int_, mxfp, mxint
from sqtheory.alphabet.rounding import stochastic
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import Sparsifier, nm, top
from sqtheory.alphabet.ties import by_original, high_index
from sqtheory.exceptions import NonFinite, SpellingError
from sqtheory.orders import chain as chains
from sqtheory.orders.chain import ChainReport, chain_report, compare_chain
from sqtheory.orders.chain_totals import chain_sentences, chain_table, chain_total
from sqtheory.orders.letters import Letters
from sqtheory.orders.report import compare
from tests.nightly import often
from tests.twins import orders as twin

N = 16
FORMATS: dict[str, tuple[Callable[[int], Quantizer], twin.BlockFormat]] = {
    "hbfp4": (lambda b: hbfp(4, block=b), twin.hbfp_format(4)),
    "hbfp3": (lambda b: hbfp(3, block=b), twin.hbfp_format(3)),
    "mxfp4": (lambda b: mxfp(E2M1, block=b), twin.power_format(twin.minifloat(2, 1, 1))),
    "mxfp8": (lambda b: mxfp(E4M3, block=b), twin.power_format(twin.minifloat(4, 3, 7, missing=1))),
    "mxint4": (lambda b: mxint(4, block=b), twin.power_format(twin.integers(4))),
}
"""Formats whose scales are powers of two: float64 computes them exactly."""
MASKS = ((2, 4), (1, 4), (3, 4), (4, 8), (1, 2))
TIES = ((high_index, twin.HIGH), (by_original, twin.BY_ORIGINAL))
Row = list[Fraction]
Letter = tuple[Operator, Callable[[Row, Row], Row], Callable[[Row], int]]
"""An operator, its definition of a row and of what the row came from, and the groups it finds tied."""


def a_mask(rng: np.random.Generator) -> Letter:
    (n, m), (ties, rule) = MASKS[rng.integers(len(MASKS))], TIES[rng.integers(2)]
    groups = twin.boxes((N,), (m,))

    def tied(x: Row) -> int:
        ranked = [sorted((abs(x[i]) for i in group), reverse=True) for group in groups]
        return sum(each[n - 1] == each[n] for each in ranked if n < m)

    return nm(n, m, ties=ties), lambda x, origin: twin.masked(x, twin.kept(x, origin, groups, lambda _: n, rule)), tied


def a_quantizer(rng: np.random.Generator) -> Letter:
    make, fmt = FORMATS[tuple(FORMATS)[rng.integers(len(FORMATS))]]
    size = int(rng.choice([4, 8, 16]))
    return make(size), lambda x, origin: twin.quantize(x, twin.boxes((N,), (size,)), fmt), lambda x: 0


def words(kinds: list[bool]) -> Iterator[tuple[bool, ...]]:
    """Every arrangement once, masks early ones first."""
    yield from sorted(set(permutations(kinds)), reverse=True)


@pytest.mark.parametrize("seed", range(often(12)))
def test_every_order_by_its_definition(seed: int) -> None:
    rng = np.random.default_rng(seed)
    kinds = [True] * int(rng.integers(1, 3)) + [False] * int(rng.integers(1, 4 - (seed % 2)))
    letters = {
        kind: [(a_mask if kind else a_quantizer)(rng) for _ in range(kinds.count(kind))] for kind in (True, False)
    }
    x = rng.integers(-28, 29, N) / 4
    row = [Fraction(v) for v in x.tolist()]
    p = (1, 2, 3, math.inf)[seed % 4]
    asked = tuple(rng.permutation(kinds).tolist())
    report = chain_report(x, Letters(*(tuple(f for f, _, _ in letters[k]) for k in (True, False)), asked), p)  # type: ignore[arg-type, call-arg]
    expected = []
    for word in words(kinds):
        left = {kind: list(some) for kind, some in letters.items()}
        y, ties = row, []
        for is_mask in word:
            _, f, tied = left[is_mask].pop(0)
            ties += [tied(y)] * is_mask
            y = f(y, row)
        expected.append((twin.total((twin.power(a - b, p) for a, b in zip(row, y, strict=True)), p), tuple(ties)))
    least = min(power for power, _ in expected)
    assert [one.ties for one in report.placings] == [ties for _, ties in expected]
    assert [one.error for one in report.placings] == pytest.approx([twin.root(t, p) for t, _ in expected], rel=1e-14)
    assert [one.word in report.winners for one in report.placings] == [power == least for power, _ in expected]
    named = chained(Letters(*(tuple(f for f, _, _ in letters[k]) for k in (True, False)), asked).operators(asked))  # type: ignore[arg-type, call-arg]
    assert report.chain == str(named) and compare_chain(x, named, p).to_dict() == report.to_dict()


def test_a_pair_is_what_compare_says_of_it() -> None:
    x = np.random.default_rng(1).normal(size=(32, 64))
    for mask in ("2:4", "50%", "nm(2, 4, ties=by_original)"):
        for fmt in ("int4", "mxfp4", "nvfp4"):
            pair, chain = compare(x, mask, fmt), compare(x, f"{mask} >> {fmt}")
            first, last = chain.placings
            assert (first.word, last.word) == ("S→Q", "Q→S")
            assert (chain.s, chain.q, first.error, last.error, chain.x_norm) == (
                *(pair.errors.s, pair.errors.q, pair.errors.sq, pair.errors.qs, pair.x_norm),
            )
            assert last.ties == (pair.ties,)
            assert chain.winners == (("S→Q", "Q→S") if pair.winner.sign == "=" else (pair.winner.sign,))


@pytest.mark.parametrize(
    ("chain", "names"),
    [
        ("2:4 >> int8", ["S→Q", "Q→S"]),
        ("int8 >> 2:4 >> mxfp4", ["S→Q₁→Q₂", "Q₁→S→Q₂", "Q₁→Q₂→S"]),
        ("2:4 >> int8 >> 4:8", ["S₁→S₂→Q", "S₁→Q→S₂", "Q→S₁→S₂"]),
    ],
)
def test_orders_are_named_by_their_letters(chain: str, names: list[str]) -> None:
    report = compare(np.arange(1.0, 17), chain)
    assert [one.word for one in report.placings] == names and report.asked in names
    assert json.loads(report.to_json())["orders"][0]["order"] == names[0]
    assert report.table().text().count("\n") == len(names) + 3


def test_a_mask_that_keeps_what_is_left_changes_nothing() -> None:
    """2:4 leaves at most four of eight, all of which 4:8 keeps."""
    x = np.random.default_rng(2).normal(size=(8, 64))
    first, between, _ = compare(x, "2:4 >> int8 >> 4:8").placings
    assert first.error == between.error == compare(x, "2:4 >> int8").placings[0].error


def test_a_coarse_mask_before_a_fine_one_can_lose_where_both_come_first() -> None:
    """4:8 leaves one half, of which 2:4 keeps two entries; after rounding ties spread what is left over both halves."""
    x = [5.75, 5.75, 1, 1, 6.25, 6.25, 6.25, 6.25]
    coarse, fine = compare(x, "4:8 >> 2:4 >> int(3)", p=1), compare(x, "2:4 >> 4:8 >> int(3)", p=1)
    assert [one.error for one in coarse.placings] == [26.0, 26.0, 15.5] and coarse.winners == ("Q→S₁→S₂",)
    assert [one.error for one in fine.placings] == [15.5, 15.5, 15.5]


def test_where_the_theorem_applies_and_what_it_lacks() -> None:
    shape = (4, 64)
    assert not Letters.of("int8 >> 2:4 >> mxfp4 >> nvfp4").open_premises(shape, 2.0)
    assert Letters.of("int8 >> 2:4 >> mxfp4").open_premises(shape, 0.5) == ("norm",)
    assert Letters.of("int8 >> 2:4 >> bcq2").open_premises(shape, 2.0)[0] == "keeps_zero"
    assert Letters.of("2:4 >> int8 >> 4:8").open_premises(shape, 2.0) == ("one_mask",)
    score = wanda(np.eye(64))
    assert "magnitude" in Letters.of(int_(8) >> nm(2, 4, score=score) >> int_(4)).open_premises(shape, 1.0)
    assert "one_scale_per_group" in Letters.of(top(0.5, per=Blocks(8)) >> int_(4, block=4)).open_premises(shape, 1.0)


def test_a_broken_composition_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """A chain that forgets a quantizer after the mask."""
    x = np.random.default_rng(3).normal(size=(8, 64))
    right = compare(x, "int8 >> 2:4 >> mxfp4")
    whole = chains._results

    def forgetful(x: np.ndarray, letters: Letters) -> Iterator[tuple[tuple[bool, ...], np.ndarray, tuple[int, ...]]]:
        for word, y, ties in whole(x, letters):
            yield word, letters.masks[0](letters.quantizers[0](x)) if word == (False, True, False) else y, ties

    monkeypatch.setattr(chains, "_results", forgetful)
    assert compare(x, "int8 >> 2:4 >> mxfp4").winners != right.winners == ("S→Q₁→Q₂",)


def test_what_is_no_chain_is_refused() -> None:
    x = np.ones(8)
    with pytest.raises(ValueError, match=r"nm\(2, 4\) has no quantizer"):
        compare(x, "2:4")
    with pytest.raises(ValueError, match=r"int\(8\) >> int\(4\) has no mask"):
        compare(x, "int8 >> int4")
    with pytest.raises(ValueError, match="have 70 orders, more than 64"):
        compare(x, " >> ".join(["2:4"] * 4 + ["int8"] * 4))
    with pytest.raises(ValueError, match=r"bernoulli\(0.5, rng\) in int\(8\) >> .* is neither a mask nor a quantizer"):
        compare(x, int_(8) >> nm(2, 4) >> bernoulli(0.5, np.random.default_rng(0)))
    with pytest.raises(SpellingError):
        compare(x, "int8 >> 2:4 >>")
    with pytest.raises(ValueError, match="per_group"):
        compare(x, "int8 >> 2:4", per_group=True)  # type: ignore[call-overload]
    with pytest.raises(NonFinite, match="makes"):
        compare(np.full(8, 1.9), nm(2, 4) >> mxfp(E4M3, saturate=False) >> int_(8))


def test_of_several_tensors_together() -> None:
    rng = np.random.default_rng(4)
    tensors = [rng.normal(size=(4, 64)), rng.normal(size=(8, 64))]
    reports = [compare(x, "int8 >> 2:4 >> mxfp4", p=3) for x in tensors]
    total = chain_total(reports)
    whole = compare(np.concatenate(tensors), "int8 >> 2:4 >> mxfp4", p=3)
    assert [one.error for one in total.placings] == pytest.approx([one.error for one in whole.placings], rel=1e-14)
    assert [one.ties for one in total.placings] == [one.ties for one in whole.placings]
    assert (total.winners, total.open, total.shape) == (whole.winners, (), (2,))
    table = chain_table([("a", reports[0])], reports)
    assert [row[0] for row in table.rows] == ["a", "total"] and table.rows[0][-1] == "first_is_best"
    assert "theorem first_is_best" in chain_sentences(reports)[1]
    with pytest.raises(ValueError, match="no tensor"):
        chain_total([])


def test_a_broken_guarantee_is_a_fault_of_the_program() -> None:
    report = compare(np.arange(1.0, 17), "int8 >> 2:4 >> mxfp4")
    assert not report.guarantee_broken and not report.open
    lost = ChainReport(**{**vars(report), "winners": ("Q₁→Q₂→S",)})
    assert lost.guarantee_broken


def test_draws_are_of_the_generator_that_is_named() -> None:
    q = int_(4, rounding=stochastic(np.random.default_rng(0)))
    assert "monotone" in Letters.of(q >> nm(2, 4)).open_premises((8,), 1.0)
    assert isinstance(parse("2:4 >> int4"), Operator) and isinstance(Letters.of("2:4 >> int4").masks[0], Sparsifier)


@pytest.mark.parametrize("power", [-600, 0, 600])
def test_winners_are_exact_where_powers_are_beyond_floats(power: int) -> None:
    x = np.ldexp([1 + 2.0**-52, 1.0], power)
    assert compare(x, "nm(1, 2, ties=high_index) >> hbfp4").winners == ("S→Q",)
