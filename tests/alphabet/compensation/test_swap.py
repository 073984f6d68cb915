"""Swaps against the loop written out for one row, their promises, and what published code breaks of them."""

from fractions import Fraction

import numpy as np
import pytest

from sqtheory.alphabet.compensation.swap import InputLaw, SwapRule, lost_means, swapped
from sqtheory.alphabet.partition import Blocks, Columns, Partition, Rows, Whole
from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import nm, top
from sqtheory.arrays import Array, FixedArray, Mask

PUBLISHED_ROWS = SwapRule(keeps_sign=False)
PUBLISHED_GROUPS = SwapRule(against=False)


def law(means: Array, variances: Array, norms: Array) -> InputLaw:
    return InputLaw(FixedArray(means), FixedArray(variances), FixedArray(norms))


def dyadic(rng: np.random.Generator, rows: int, inputs: int) -> tuple[Array, InputLaw]:
    """A weight and a law whose products are exact; every variance a power of four, so that its powers are too."""
    w = rng.integers(-32, 33, (rows, inputs)) / 8
    means = rng.integers(-16, 17, inputs) / 4
    return w, law(means, 4.0 ** rng.integers(-2, 3, inputs), rng.integers(1, 64, inputs) / 8)


def one_row(
    w: list[float], keep: list[bool], image: list[float], homes: list[int], known: InputLaw, rule: SwapRule
) -> list[bool]:
    """The same of one row, in rational numbers, one candidate after the other."""
    mean, var, norm = ([Fraction(v) for v in a.values.tolist()] for a in (known.means, known.variances, known.norms))
    part = [Fraction(v) * m for v, m in zip(image, mean, strict=True)]
    e = sum((Fraction(v) * m for v, m in zip(w, mean, strict=True)), Fraction(0))
    e -= sum((part[j] for j in range(len(w)) if keep[j]), Fraction(0))
    kept, tried, gone = list(keep), set[int](), set[int]()
    for _ in range(rule.cycles):
        if abs(e) <= rule.tolerance:
            break
        up = 1 if e > 0 else -1
        back = [j for j in range(len(w)) if not keep[j] and j not in tried and up * part[j] > 0]
        if not back:
            break
        r = max(back, key=lambda j: (up * part[j] / var[j] ** Fraction(rule.power), -j))
        tried.add(r)
        away = [j for j in range(len(w)) if keep[j] and j not in gone and homes[j] == homes[r]]
        away = [j for j in away if up * part[j] < 0 or not rule.against]
        if not away:
            continue
        p = min(away, key=lambda j: (abs(Fraction(w[j])) * norm[j], j))
        after = e - part[r] + part[p]
        if rule.keeps_sign and after * e < 0:
            break
        kept[r], kept[p], e = True, False, after
        gone.add(p)
    return kept


@pytest.mark.parametrize(
    "rule", [SwapRule(), SwapRule(3, 0.5, 0.0), SwapRule(power=2.0), PUBLISHED_ROWS, PUBLISHED_GROUPS]
)
@pytest.mark.parametrize("groups", [Rows(), Blocks(4), Whole()], ids=str)
def test_swaps_are_those_of_the_loop_written_out(rule: SwapRule, groups: Partition) -> None:
    rng = np.random.default_rng(0)
    for trial in range(6):
        w, known = dyadic(rng, 7, 16)
        s = nm(2, 4, score=wanda(known.norms.values[None, :])) if groups == Blocks(4) else top(0.5, per=Rows())
        keep, image = s.mask(w), int_(3)(w) if trial % 2 else w
        got = swapped(w, keep, image, groups, known, rule)
        homes = [j // 4 if groups == Blocks(4) else 0 for j in range(16)]
        rows = zip(w.tolist(), keep.tolist(), image.tolist(), strict=True)
        assert got.tolist() == [one_row(*row, homes, known, rule) for row in rows]


def sample(seed: int) -> tuple[Array, Array, Mask, InputLaw]:
    rng = np.random.default_rng(seed)
    w, x = rng.standard_normal((12, 16)), rng.standard_normal((200, 16)) + rng.standard_normal(16)
    known = law(x.mean(axis=0), x.var(axis=0), np.linalg.norm(x, axis=0))
    return w, x, nm(2, 4, score=wanda(x)).mask(w), known


def mean_lost(w: Array, y: Array, known: InputLaw) -> Array:
    return np.abs(lost_means(w, y, known.means.values))


@pytest.mark.parametrize("groups", [Rows(), Blocks(4), Columns()], ids=str)
def test_every_group_keeps_its_number_and_the_mean_error_never_rises(groups: Partition) -> None:
    fell = 0
    for seed in range(20):
        w, _, keep, known = sample(seed)
        for image in (w, int_(3)(w)):
            after = swapped(w, keep, image, groups, known)
            count = groups.reduce(after.astype(int), lambda rows: rows.sum(axis=1))
            assert np.array_equal(count, groups.reduce(keep.astype(int), lambda rows: rows.sum(axis=1)))
            before, now = mean_lost(w, keep * image, known), mean_lost(w, after * image, known)
            assert (now <= before + 1e-12).all()
            fell += int((now < before / 2).sum())
            assert groups != Columns() or np.array_equal(after, keep)
    assert groups == Columns() or fell > 50


def test_what_published_code_does_lets_the_mean_error_rise() -> None:
    """Rows without the check of signs, and groups that give up their least weight whatever its sign."""
    rose = {rule: 0 for rule in (PUBLISHED_ROWS, PUBLISHED_GROUPS)}
    for seed in range(20):
        w, _, keep, known = sample(seed)
        for rule, groups in ((PUBLISHED_ROWS, Rows()), (PUBLISHED_GROUPS, Blocks(4))):
            after = swapped(w, keep, w, groups, known, rule)
            rose[rule] += int((mean_lost(w, after * w, known) > mean_lost(w, keep * w, known) + 1e-9).sum())
    assert all(rose.values())


def test_the_squared_error_may_rise_while_that_of_the_mean_falls() -> None:
    """Wanda keeps the input that varies; giving it up makes up for a mean and leaves its variance."""
    w, x = np.array([[1.0, -1.0, 1.0]]), np.array([[1.0, 4.25, 2.0], [1.0, -3.75, 2.0]])
    known = law(x.mean(axis=0), x.var(axis=0), np.linalg.norm(x, axis=0))
    keep = top(1, per=Rows(), score=wanda(x)).mask(w)
    after = swapped(w, keep, w, Rows(), known, SwapRule(power=0.0))
    assert (keep.tolist(), after.tolist()) == ([[False, True, False]], [[False, False, True]])
    assert [mean_lost(w, m * w, known).item() for m in (keep, after)] == [3.0, 0.75]
    assert [((x @ (w - m * w).T) ** 2).sum() for m in (keep, after)] == [18.0, 2 * 0.75**2 + 32]


@pytest.mark.parametrize(("groups", "share"), [(Rows(), 0.8), (Blocks(4), 0.95)], ids=str)
def test_swaps_absorb_part_of_the_bias_of_rounding(groups: Partition, share: float) -> None:
    """Of q(W) masked, the mean error after swaps that know it is below that of swaps that know the mask alone."""
    blind = told = 0.0
    for seed in range(10):
        w, _, keep, known = sample(seed)
        image = int_(3)(w)
        blind += float(mean_lost(w, swapped(w, keep, w, groups, known) * image, known).sum())
        told += float(mean_lost(w, swapped(w, keep, image, groups, known) * image, known).sum())
    assert told < share * blind


def test_what_is_no_law_and_no_rule_is_refused() -> None:
    ones = np.ones(4)
    with pytest.raises(ValueError, match="one number for every input each"):
        law(ones, ones, np.ones(3))
    for bad in ([-1.0, 1, 1, 1], [np.nan, 1, 1, 1]):
        with pytest.raises(ValueError, match="variance of some input is negative or not finite"):
            law(ones, np.array(bad), ones)
    with pytest.raises(ValueError, match="mean of some input is not finite"):
        law(np.array([np.inf, 1, 1, 1]), ones, ones)
    with pytest.raises(ValueError, match=r"a law of 4 inputs is not that of a weight of shape \(2, 3\)"):
        swapped(np.ones((2, 3)), np.ones((2, 3), bool), np.ones((2, 3)), Rows(), law(ones, ones, ones))
    for wrong in ({"cycles": -1}, {"tolerance": -0.5}, {"power": np.nan}):
        with pytest.raises(ValueError, match="swaps need finite numbers"):
            SwapRule(**wrong)


def test_an_input_without_variance_comes_back_first() -> None:
    known = law(np.ones(4), np.array([1.0, 0.0, 1.0, 1.0]), np.ones(4))
    w = np.array([[2.0, 1.0, -3.0, 4.0]])
    keep = np.array([[False, False, True, True]])
    after = swapped(w, keep, w, Rows(), known, SwapRule(cycles=1, keeps_sign=False))
    assert after.tolist() == [[False, True, False, True]]
