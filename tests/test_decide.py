from fractions import Fraction
from itertools import product
from math import lcm

import numpy as np
import pytest

from sqtheory.decide import Decision, decide
from sqtheory.decide.answers import spell
from sqtheory.decide.shapes import default_shape
from sqtheory.notation import parse
from sqtheory.partition import Blocks
from sqtheory.quantizers import Quantizer, int_
from sqtheory.scores import wanda
from sqtheory.sparsifiers import Sparsifier, nm
from sqtheory.theorems import BY_SLUG
from sqtheory.ties import by_original
from tests.page.material import Page


def decided(claim: str, mask: str, fmt: str, p: float = 2.0) -> Decision:
    rng = np.random.default_rng(0)
    s, q = parse(mask, {"rng": rng}), parse(fmt, {"rng": rng})
    assert isinstance(s, Sparsifier) and isinstance(q, Quantizer)
    return decide(claim, s, q, p=p, rng=rng)


@pytest.mark.parametrize(
    "fmt", ["int8", "int4", "int4:b32", "int3", "hbfp8", "hbfp6", "hbfp4", "mxfp8", "mxfp6", "mxfp4", "mxint8", "nvfp4"]
)
@pytest.mark.parametrize("p", [1, 2, 3.5, np.inf])
def test_pruning_first_is_proved_for_nested_blocks(fmt: str, p: float) -> None:
    found = decided("sq_never_worse", "2:4", fmt, p)
    assert (found.verdict, found.theorem, found.effort.instances) == ("proved", "prune_first_dominates", 0)
    assert {a.name for a in found.assumptions} == {a.name for a in BY_SLUG["prune_first_dominates"].given}
    assert decided("no_additional_error", "2:4", fmt, p).theorem == "prune_first_bound"


@pytest.mark.parametrize(
    ("claim", "mask", "fmt", "p"),
    [
        ("scale_kept", "2:4", "int(4, block=6)", 1),
        ("sq_never_worse", "2:4", "int(4, block=6)", 1),
        ("sq_never_worse", "2:4", "int(4, scaling=halfrange)", 1),
        ("scale_kept", "2:4", "int(4, scaling=halfrange)", 1),
        ("sq_never_worse", "2:4", "bcq3", 1),
        ("zero_kept", "2:4", "bcq3", 1),
        ("no_additional_error", "2:4", "bcq3", 1),
        ("sq_never_worse", "50%", "hbfp(4, block=2)", 1),
        ("sq_never_worse", "2:4", "int4", 0.5),
        ("sq_never_worse", "2:4", "int(4, rounding=stochastic(rng))", 1),
        ("sq_never_worse", "2:4", "int(4, rounding=floor)", 1),
        ("sq_never_worse", "2:4", "nf4", 1),
        ("orders_commute", "2:4", "int4", 2),
        ("orders_commute", "threshold(0.5)", "int4", 2),
        ("scale_kept", "2:4", "int(4, scaling=mse)", 1),
        ("prune_first_dominates", "2:4", "int(4, block=6)", 1),
        ("idempotence", "2:4", "hbfp4", 1),
        ("rounding_cell", "2:4", "hbfp4", 1),
    ],
)
def test_refuted_by_a_small_tensor(claim: str, mask: str, fmt: str, p: float) -> None:
    found = decided(claim, mask, fmt, p)
    assert found.verdict == "refuted" and found.witness is not None, found.text()
    assert any(not a.closed for a in found.assumptions)
    assert sum(v != 0 for v in found.witness.x) <= 8
    assert all(v.denominator <= 64 for v in found.witness.x)
    assert {"claim", "shape", "verdict", "theorem", "assumptions", "witness", "effort"} <= set(found.to_dict())
    assert "x       = (" in found.text() and found.witness.sentence


def test_a_refutation_in_exact_rationals() -> None:
    """L1 errors of the two orders from the printed arrays alone."""
    found = decided("sq_never_worse", "2:4", "bcq3", 1)
    assert found.witness is not None
    x, first, last = found.witness.x, found.witness.prune_first, found.witness.quantize_first
    assert found.witness.arithmetic == "rational" and all(isinstance(v, Fraction) for v in x)
    assert sum(abs(u - v) for u, v in zip(x, first, strict=True)) > sum(
        abs(u - v) for u, v in zip(x, last, strict=True)
    )


def test_wanda_with_scales_computed_again() -> None:
    s = nm(2, 4, score=wanda(np.diag([1.0, 4.0, 9.0, 2.0])))
    rng = np.random.default_rng(0)
    assert decide("scale_kept", s, int_(4), p=1, rng=rng).verdict == "refuted"
    assert decide("no_additional_error", s, int_(4), p=1, rng=rng).verdict == "refuted"


def test_orders_that_commute() -> None:
    assert decided("orders_commute", "nm(2, 4, ties=by_original)", "int4").verdict == "proved"
    found = decide("orders_commute", nm(2, 4, ties=by_original), int_(4), rng=np.random.default_rng(0))
    assert found.theorem in ("frozen_commutation", "ties_by_original")
    assert decided("zero_kept", "2:4", "int4").verdict == "proved"


@pytest.mark.parametrize("size", range(1, 9))
def test_scale_kept_is_decided_as_overlap_says(size: int) -> None:
    for group, kept in ((g, k) for g, k in product(range(1, 9), repeat=2) if k <= g):
        s, q = nm(kept, group), int_(4, block=size)
        shape = (1, lcm(size, group))
        found = decide("scale_kept", s, q, p=1, rng=np.random.default_rng(0), shape=shape)
        keeps = Blocks(size).overlaps(Blocks(group), shape).keeps_scale(kept)
        assert found.verdict == ("proved" if keeps else "refuted"), (size, kept, group)


def test_what_no_search_can_settle_is_open() -> None:
    """NF4 with 2:4 keeps within the sum of both errors by the theorem; without its Σ nothing is known."""
    found = decided("no_additional_error", "2:4", "nf4")
    assert found.verdict == "proved"
    unknown = decided("sq_never_worse", "2:4", "int(8, scaling=percentile(99.9999))", 2)
    assert unknown.verdict in ("open", "refuted") and unknown.effort.instances > 0


def test_claims_that_are_none() -> None:
    with pytest.raises(ValueError, match="did you mean scale_kept"):
        decided("scale_keep", "2:4", "int4")
    with pytest.raises(ValueError, match="says that some tensors exist"):
        decided("order_reversal", "2:4", "int4")
    with pytest.raises(ValueError, match="two operands"):
        decided("dot_bound", "2:4", "int4")


@pytest.mark.parametrize(
    ("mask", "fmt", "shape"),
    [
        ("2:4", "int(4, block=6)", (12,)),
        ("2:4", "int4", (64,)),
        ("50%", "int(4, block=2)", (4,)),
        ("nm(2, 4, axis=0)", "int(4, block=2)", (4,)),
        ("top(0.5, per=row)", "int(4, per=row)", (4,)),
    ],
)
def test_the_default_shape(mask: str, fmt: str, shape: tuple[int, ...]) -> None:
    s, q = parse(mask), parse(fmt)
    assert isinstance(s, Sparsifier) and isinstance(q, Quantizer)
    assert default_shape(s, q) == shape


def test_the_same_seed_the_same_decision() -> None:
    one, two = (decided("sq_never_worse", "2:4", "nf4", 1) for _ in range(2))
    assert one.witness is not None and two.witness is not None
    assert one.witness == two.witness and one.effort.instances == two.effort.instances


def test_an_answer_shows_itself() -> None:
    refuted = decided("sq_never_worse", "2:4", "int4", 0.5)
    assert refuted.witness is not None
    page = Page(refuted._repr_html_())
    assert not page.stack and not page.crossed
    verdict, witness = page.texts["caption"]
    assert verdict.startswith("sq_never_worse: refuted") and witness.endswith(refuted.witness.sentence)
    assert {"x", spell(refuted.witness.x), "q(s(x))", spell(refuted.witness.prune_first)} <= set(page.texts["td"])
    assert repr(refuted) == str(refuted) == refuted.text() and repr(refuted.witness) == refuted.witness.text()
    proved = decided("sq_never_worse", "2:4", "int4")
    page = Page(proved._repr_html_())
    assert page.texts["caption"][0].startswith("sq_never_worse: proved by theorem prune_first_dominates")
    assert page.texts["td"][::4] == [a.name for a in proved.assumptions]
    assert (
        proved._repr_latex_().count(r"\begin{tabular}") == 1 and refuted._repr_latex_().count(r"\begin{tabular}") == 2
    )
