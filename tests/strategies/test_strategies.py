"""What the public strategies promise: every kind occurs, shrinks to something small, and every operator applies."""

import runpy
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, find, given, seed, settings
from hypothesis import strategies as st

from sqtheory import strategies
from sqtheory.alphabet.formats import BFLOAT16, E2M1, E8M0, NF4, Codebook, Format
from sqtheory.alphabet.partition import Blocks
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.sparsifiers import Sparsifier, nm
from sqtheory.alphabet.traits import DETERMINISTIC, KEEPS_ZERO
from sqtheory.arrays import Array
from sqtheory.strategies import (
    Kind,
    blocks,
    cases,
    formats,
    masks,
    norms,
    partitions,
    pipelines,
    quantizers,
    shapes,
    tensors,
)
from sqtheory.strategies.cases import DRAWN
from sqtheory.strategies.tensors import DYADICS
from sqtheory.theory import samples
from sqtheory.theory.domain import Arrays, Domain, OneOf
from tests.nightly import often, thin

QUICK = settings(
    database=None, deadline=None, derandomize=True, max_examples=60, suppress_health_check=list(HealthCheck)
)
SEEK = settings(QUICK, max_examples=2000)


def has_tie(x: Array) -> bool:
    """The scale of INT2, INT3 or INT4 for the first four entries of a row divides one of them to a midpoint."""
    rows = np.abs(x.reshape(-1, x.shape[-1])[:, :4].astype(np.float64))
    top = rows.max(axis=1, keepdims=True)
    return any(bool(np.any((top > 0) & (2 * k * rows % (2 * np.where(top > 0, top, 1)) == top))) for k in (1, 3, 7))


def is_power(x: Array) -> Any:
    return (np.abs(np.frexp(x)[0]) == 0.5) & (x != 0)


PROMISES: dict[str, Callable[[Array], bool]] = {
    "midpoint": has_tie,
    "repeated magnitudes": lambda x: bool(np.any((np.abs(x[..., 1:]) == np.abs(x[..., :-1])) & (x[..., 1:] != 0))),
    "power of two": lambda x: bool(np.any(is_power(x) & (np.abs(x) > 8))),
    "below a power": lambda x: bool(np.any(is_power(np.nextafter(x, x.dtype.type(np.inf))) & (x > 0.01))),
    "above a power": lambda x: bool(np.any(is_power(np.nextafter(x, x.dtype.type(0))) & (x > 0.01))),
    "zero block": lambda x: x.shape[-1] > 4 and bool(np.any(~x[..., :4].any(axis=-1) & x[..., 4:].any(axis=-1))),
    "positive": lambda x: x.shape[-1] > 3 and bool(np.any(np.all(x[..., :4] > 0, axis=-1))),
    "negative": lambda x: x.shape[-1] > 3 and bool(np.any(np.all(x[..., :4] < 0, axis=-1))),
    "subnormal": lambda x: bool(np.any((x != 0) & (np.abs(x) < np.finfo(x.dtype).tiny))),
    "negative zero": lambda x: bool(np.any((x == 0) & np.signbit(x))),
    "heavy tail": lambda x: x.size > 4 and bool(np.abs(x).max() > 100 * np.median(np.abs(x)) > 0),
    "short tail": lambda x: x.shape[-1] > 4 and x.shape[-1] % 4 != 0,
    "dyadic": lambda x: bool(np.all(x * 8 == np.rint(x * 8)) and x.any()),
    "float32": lambda x: x.dtype == np.float32,
    "float64": lambda x: x.dtype == np.float64,
}


TINY, LEAST = np.finfo(np.float32).tiny, np.finfo(np.float32).smallest_subnormal
KINDS: dict[Kind, tuple[Callable[[Array], Any], tuple[Callable[[Array], Any], ...]]] = {
    Kind.zero: (lambda x: not x.any(), ()),
    Kind.dyadic: (lambda x: np.all(np.isin(x, DYADICS)), (lambda x: x.max() > 4, lambda x: x.min() < 0)),
    Kind.repeated: (lambda x: np.unique(np.abs(x)).size <= 2, (lambda x: np.unique(x).size == 4,)),
    Kind.signed_zero: (lambda x: np.all(np.isin(x, DYADICS)), (PROMISES["negative zero"],)),
    Kind.one_signed: (
        lambda x: np.all(x >= 0) or np.all(x <= 0),
        (lambda x: np.unique(x[x > 0]).size > 2, lambda x: np.unique(x[x < 0]).size > 2),
    ),
    Kind.tie: (np.any, (has_tie,)),
    Kind.power: (lambda x: np.all(is_power(x)), (PROMISES["power of two"],)),
    Kind.near_power: (
        lambda x: np.all(np.any([is_power(np.nextafter(x, np.float32(e))) for e in (-np.inf, np.inf)], 0)),
        (PROMISES["below a power"], PROMISES["above a power"]),
    ),
    Kind.heavy: (lambda x: np.abs(x).max() <= 2.0**23, (PROMISES["heavy tail"],)),
    Kind.subnormal: (
        lambda x: np.all((np.abs(x) <= 2048 * LEAST) | (np.abs(x) == TINY) | (np.abs(x) == TINY - LEAST)),
        (lambda x: LEAST in x, lambda x: TINY in x, lambda x: -TINY in x),
    ),
    Kind.wide: (lambda x: np.abs(x).max() <= 2.0**100, (lambda x: np.abs(x).max() > 2.0**64,)),
    Kind.mixed: (lambda x: True, (lambda x: 0 < np.abs(x[x != 0]).min(initial=1) < TINY and np.abs(x).max() > 1,)),
}


def examples(strategy: st.SearchStrategy[Any], count: int) -> list[Any]:
    """So many from each of several starts.

    Those of one start resemble each other, and depend on constants in whatever modules are loaded.
    """
    found: list[Any] = []
    for start in range(16):

        @seed(start)
        @settings(QUICK, derandomize=False, max_examples=count, phases=[Phase.generate])
        @given(strategy)
        def collect(x: Any) -> None:
            found.append(x)

        collect()
    return found


@pytest.mark.parametrize("kind", Kind, ids=str)
def test_a_kind_is_what_it_says(kind: Kind) -> None:
    always, sometimes = KINDS[kind]
    found = examples(blocks(8, dtype=np.float32, kinds=(kind,)), often(20))
    assert all(x.shape == (8,) and x.dtype == np.float32 and always(x) for x in found)
    assert [i for i, seen in enumerate(sometimes) if not any(seen(x) for x in found)] == []


@pytest.fixture(scope="module")
def many() -> list[Array]:
    return examples(tensors(), often(20))


@pytest.mark.parametrize("promise", PROMISES)
def test_every_promised_kind_is_likely(promise: str, many: list[Array]) -> None:
    share = sum(PROMISES[promise](x) for x in many) / len(many)
    assert share > 0.02, f"{promise}: {share:.4f} of {len(many)}"


def test_counterexamples_shrink_to_small_dyadic_numbers() -> None:
    q = int_(4)
    x = find(tensors(), lambda x: not np.allclose(q(x), x, atol=0, rtol=1e-3), settings=SEEK)
    assert x.tolist() == [1.0, 2.0]
    assert find(tensors(), lambda x: True, settings=SEEK).ravel().tolist() == [0.0]
    assert find(blocks(4), lambda x: bool(x.any()), settings=SEEK).tolist() in ([0, 0, 0, 1], [1, 1, 1, 1])
    pair = find(tensors((4,)), lambda x: not np.array_equal(q(nm(2, 4)(x)), nm(2, 4)(q(x))), settings=SEEK)
    assert np.abs(pair).max() <= 8 and np.allclose(pair * 8, np.rint(pair * 8), rtol=0, atol=1e-5), pair


@settings(QUICK, max_examples=40, phases=[Phase.generate])
@given(shapes().flatmap(lambda shape: st.tuples(tensors(shape), pipelines(shape) | pipelines())))
def test_every_pipeline_applies_to_every_tensor(drawn: tuple[Array, tuple[Sparsifier, Quantizer]]) -> None:
    x, (s, q) = drawn
    assert {DETERMINISTIC} <= q.traits
    for f in (q, s, s >> q, q >> s):
        y = f(x)
        assert y.shape == x.shape and y.dtype == x.dtype and np.isfinite(y).all()


@pytest.mark.parametrize("fmt", [BFLOAT16, E8M0, Codebook("bit", (0.0, 1.0))], ids=str)
def test_formats_of_great_range_or_one_sign_get_scales_that_exist(fmt: Format) -> None:
    for q, x in examples(st.tuples(quantizers(elements=st.just(fmt)), blocks(3)), often(4)):
        assert np.isfinite(q(x)).all() and np.all((q.scales(x) >= 0) | q.scaling.signed)


@settings(QUICK, max_examples=40)
@given(tensors(), quantizers(deterministic=False, keeps_zero=True, block_sizes=(4, 8)), masks(deterministic=False))
def test_filters_hold(x: Array, q: Quantizer, s: Sparsifier) -> None:
    assert KEEPS_ZERO in q.traits and q.saturate
    assert isinstance(q.partition, Blocks) and q.partition.size in (4, 8) and q.partition.axis == -1
    sparse = s(x)
    assert not q(x)[x == 0].any() and ((sparse == x) | (sparse == 0)).all()
    if DETERMINISTIC in s.traits:
        assert not sparse[~s.mask(x)].any()


@thin(2)
@pytest.mark.parametrize(
    ("strategy", "sought"),
    [
        (quantizers(deterministic=False), lambda q: not q.rounding.deterministic),
        (quantizers(saturate=False), lambda q: not q.saturate),
        (quantizers(elements=st.just(NF4)), lambda q: q.format == NF4),
        (masks(deterministic=False), lambda s: not s.ties.deterministic),
        (masks((2, 4)), lambda s: s.score is None),
        (formats(has_zero=False), lambda f: not f.has_zero),
        (partitions((2, 6)), lambda b: str(b) == "heads=3, axis=1"),
        (norms(least=1), lambda p: p == np.inf),
    ],
)
def test_what_can_be_asked_for_occurs(strategy: st.SearchStrategy[Any], sought: Callable[[Any], bool]) -> None:
    assert sought(find(strategy, sought, settings=SEEK))


@QUICK
@given(tensors((3, 5), dtype=np.float32, block=5, kinds=(Kind.tie,), grid=E2M1), tensors(magnitudes=(0.5, 2.0)))
def test_kinds_grids_and_magnitudes(x: Array, bounded: Array) -> None:
    assert x.shape == (3, 5) and x.dtype == np.float32
    assert set(np.abs(x).max(axis=1).tolist()) <= {6 * 2.0**j for j in range(-5, 6)}
    size = np.abs(bounded[bounded != 0])
    assert np.all((size >= 0.5) & (size <= 2))


def test_bad_requests_are_refused() -> None:
    with pytest.raises(TypeError, match="float32 or float64, got dtype"):
        tensors(dtype=np.float16)
    bad: tuple[dict[str, Any], ...] = ({"kinds": ()}, {"block": 0}, {"magnitudes": (2.0, 1.0)})
    for options in (*bad, {"magnitudes": (0.0, 1e39)}, {"magnitudes": (-1.0, 1.0)}):
        with pytest.raises(ValueError, match="no tensors have"):
            tensors(**options)


def example() -> str:
    """The property test in the docstring of the module."""
    lines = (strategies.__doc__ or "").split("::\n\n")[1].split("\nWithout a shape")[0]
    return textwrap.dedent(lines)


@pytest.mark.parametrize(("factor", "passes"), [("(1 + 1e-12)", True), ("0.9", False)])
def test_the_example_of_the_docstring_holds_and_can_fail(factor: str, passes: bool, tmp_path: Path) -> None:
    file = tmp_path / "example.py"
    file.write_text(example().replace("(1 + 1e-12)", factor), encoding="utf-8")
    test = settings(QUICK, phases=[Phase.generate])(runpy.run_path(str(file))["test_errors_add_up"])
    if passes:
        test()
    else:
        with pytest.raises(AssertionError):
            test()


def test_without_hypothesis_the_extra_is_named() -> None:
    script = "import sys; sys.modules['hypothesis'] = None\nimport sqtheory.strategies"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert run.returncode and "sqtheory.exceptions.MissingExtra" in run.stderr
    assert "pip install 'sqtheory[test]'" in run.stderr


def drawn_from(*kinds: samples.Sampler) -> list[Array]:
    domain = Domain(x=Arrays(8, kinds=kinds), q=OneOf(int_(4)))
    return [case.x for case in examples(cases(domain), often(5))]


def test_cases_are_of_the_kinds_of_their_domain() -> None:
    assert all(np.all(is_power(x)) for x in drawn_from(samples.powers))
    assert all(not x.any() for x in drawn_from(samples.zeros))
    least = np.finfo(np.float64).tiny
    tiny = drawn_from(samples.subnormal, samples.powers)
    assert {bool(np.abs(x).max() <= least) for x in tiny} == {True, False}
    assert all(np.all((np.abs(x) <= least) == (np.abs(x) <= least)[0, 0]) for x in tiny)


def test_a_kind_that_hypothesis_does_not_have_is_drawn_whole() -> None:
    def counted(rng: np.random.Generator, shape: tuple[int, ...], dtype: type) -> Array:
        return np.arange(np.prod(shape), dtype=dtype).reshape(shape)

    assert all(np.array_equal(x.ravel(), np.arange(x.size)) for x in drawn_from(counted))


def test_every_kind_of_numbers_is_drawn_entry_by_entry() -> None:
    assert set(DRAWN) == set(samples.SAMPLES.values()) - {samples.short_tail}
    assert {kind for kinds in DRAWN.values() for kind in kinds} == set(Kind) - {Kind.mixed}
