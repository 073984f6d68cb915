from fractions import Fraction
from itertools import product
from math import lcm

import numpy as np
import pytest

from sqtheory.alphabet.kernels import engine
from sqtheory.alphabet.notation import parse, parse_as
from sqtheory.alphabet.partition import Blocks, Shape, Tiles
from sqtheory.alphabet.quantizers import Quantizer, int_
from sqtheory.alphabet.scores import wanda
from sqtheory.alphabet.sparsifiers import Sparsifier, fixed, nm
from sqtheory.alphabet.ties import by_original
from sqtheory.exceptions import Undefined
from sqtheory.orders.applied import both
from sqtheory.theory.decide import Decision, Effort, decide, usual_norm
from sqtheory.theory.decide.answers import spell
from sqtheory.theory.decide.draws import draws
from sqtheory.theory.decide.evaluations import case_of
from sqtheory.theory.decide.flattened import Flattened
from sqtheory.theory.decide.questions import CLAIMS, of_theorem
from sqtheory.theory.decide.routes import Route, by
from sqtheory.theory.decide.shapes import default_shape
from sqtheory.theory.theorems import ALL, BY_SLUG
from tests.nightly import NIGHTLY, nightly, thin
from tests.show.page.material import Page

PATIENT = Effort(seconds=600)
"""No clock decides what is found."""
BRIEF = Effort(seconds=600, instances=3000, examples=30)


def decided(
    claim: str, mask: str, fmt: str, p: float | None = 2.0, shape: Shape | None = None, effort: Effort = PATIENT
) -> Decision:
    rng = np.random.default_rng(0)
    s, q = parse(mask, {"rng": rng}), parse(fmt, {"rng": rng})
    assert isinstance(s, Sparsifier) and isinstance(q, Quantizer)
    return decide(claim, s, q, p=p, rng=rng, shape=shape, effort=effort)


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
    "fmt",
    [
        *("W4A16", "W8A16", "int(2, scaling=midpoint)", "int(8, per=row, scaling=reciprocal(midpoint))"),
        *("int(4, rounding=half_up)", "mxint(8, rounding=half_up)", "mxfp(e2m1, rounding=half_up)"),
    ],
)
@pytest.mark.parametrize("p", [1, 2, 3.5, np.inf])
def test_pruning_first_is_proved_where_signs_decide_midpoints(fmt: str, p: float) -> None:
    found = decided("sq_never_worse", "2:4", fmt, p)
    assert (found.verdict, found.theorem) == ("proved", "nearly_monotone_dominates")
    assert {a.name for a in found.assumptions} == {a.name for a in BY_SLUG["nearly_monotone_dominates"].given}


@pytest.mark.parametrize(
    "fmt",
    [
        *("int(4, scaling=fullrange)", "int(4, block=8, scaling=stored(e4m3, midpoint))"),
        "int(4, block=8, scaling=stored(float16, midpoint, late=true))",
    ],
)
def test_where_a_maximum_can_lie_beyond_the_midpoint_it_is_not_proved(fmt: str) -> None:
    found = decided("nearly_monotone_dominates", "2:4", fmt, 2.0, (8,), BRIEF)
    assert found.verdict != "proved"
    assert not next(a for a in found.assumptions if a.name == "nearly_monotone").closed


@thin(3)
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
    pairs = [(g, k) for g, k in product(range(1, 9), repeat=2) if k <= g]
    for group, kept in pairs if NIGHTLY else pairs[size % 12 :: 12]:
        s, q = nm(kept, group), int_(4, block=size)
        shape = (1, lcm(size, group))
        found = decide("scale_kept", s, q, p=1, rng=np.random.default_rng(0), shape=shape)
        keeps = Blocks(size).overlaps(Blocks(group), shape).keeps_scale(kept)
        assert found.verdict == ("proved" if keeps else "refuted"), (size, kept, group)


def test_what_no_search_can_settle_is_open() -> None:
    """NF4 with 2:4 keeps within the sum of both errors by the theorem; without its Σ nothing is known."""
    found = decided("no_additional_error", "2:4", "nf4")
    assert found.verdict == "proved"
    unknown = decided("sq_never_worse", "2:4", "int(8, scaling=percentile(99.9999))", 2, effort=BRIEF)
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
        ("2:4", "int4", (128,)),
        ("2:4", "nvfp4", (32,)),
        ("50%", "int(4, block=2)", (4,)),
        ("top(0.9)", "int(4, block=2)", (12,)),
        ("top(1.0)", "int(4, block=2)", (4,)),
        ("50%", "int(4, per=tensor)", (4,)),
        ("nm(2, 4, axis=0)", "int(4, block=2)", (8, 4)),
        ("nm(2, 4, axis=0)", "int(4, block=2, axis=0)", (8, 4)),
        ("nm(2, 4, axis=0)", "int(4, per=row)", (8, 4)),
        ("top(0.5, per=row)", "int(4, per=row)", (2, 4)),
        ("2:4", "int(4, per=row)", (2, 8)),
        ("top(5, per=column)", "int(4, block=2)", (8, 4)),
        ("2:4", "int(4, tile=(3, 3))", (6, 12)),
        ("blockwise(0.5, tile=(4, 4))", "nvfp4(block=4)", (8, 8)),
        ("blockwise(0.9, tile=(4, 4))", "nvfp4(block=4)", (8, 24)),
        ("blockwise(3/4, per=row)", "int(4, per=row)", (4, 4)),
        ("top(0.5, per=channel, axis=2)", "int(4, heads=2)", (4, 2, 4)),
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


NOT_PROVED = [
    ("swap_constant", "2:4", "int4", "int(4, rounding=floor)"),
    ("storage", "2:4", "int(4, block=4)", "int(4, block=5)"),
    ("storage", "2:4", "int4:b32", "nvfp4"),
    ("error_in_bits", "2:4", "int(4, block=4)", "int(4, block=4, rounding=stochastic(rng))"),
]


@pytest.mark.parametrize(("claim", "mask", "good", "bad"), NOT_PROVED)
def test_a_theorem_proves_what_its_assumptions_cover_and_no_more(claim: str, mask: str, good: str, bad: str) -> None:
    assert decided(claim, mask, good, None, effort=BRIEF).verdict == "proved"
    found = decided(claim, mask, bad, None, (24,), BRIEF)
    assert found.verdict != "proved" and any(not a.closed for a in found.assumptions)


@thin(4)
@pytest.mark.parametrize(
    ("mask", "fmt"), [("nm(2, 4, axis=0)", "int(4, per=row)"), ("blockwise(0.5, tile=(4, 4))", "nvfp4(block=4)")]
)
@pytest.mark.parametrize("claim", ["scale_kept", "no_additional_error"])
def test_what_only_a_matrix_refutes_is_refuted_by_default(claim: str, mask: str, fmt: str) -> None:
    found = decided(claim, mask, fmt)
    assert found.verdict == "refuted" and found.witness is not None and len(found.shape) == 2
    assert found.witness.arithmetic == "rational"


def test_a_theorem_is_decided_for_the_p_that_it_speaks_of() -> None:
    found = decided("swap_gap", "1:2", "mxfp4", None)
    assert found.verdict == "proved" and "p = 1, the p of swap_gap" in found.text()
    for p in (2.0, np.inf, 0.5):
        with pytest.raises(ValueError, match=r"swap_gap says nothing of p = .*: it speaks of p = 1"):
            decided("swap_gap", "1:2", "mxfp4", p)
    assert [usual_norm(c) for c in ("swap_gap", "swap_constant", "prune_first_identity", "scale_kept")] == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("claim", "mask", "fmt"),
    [
        ("price_of_order", "2:4", "nvfp4"),
        ("price_of_order", "2:4", "int(4, scaling=frozen(1.0))"),
        ("price_of_order", "threshold(0.5)", "int4"),
        ("gain_optimal", "threshold(0.5)", "int4"),
        ("storage", "threshold(0.5)", "int4"),
        ("error_in_bits", "2:4", "int(4, per=tensor)"),
    ],
)
def test_a_claim_without_a_meaning_is_refused(claim: str, mask: str, fmt: str) -> None:
    with pytest.raises(ValueError, match=f"{claim} says nothing of"):
        decided(claim, mask, fmt)


def test_a_claim_that_takes_too_long_to_evaluate_is_open() -> None:
    found = decided("gain_optimal", "50%", "int(4, rounding=floor)", effort=BRIEF)
    assert found.verdict == "open" and any("no tensor was tried" in note for note in found.effort.notes)


MATRICES = [
    ("prune_first_dominates", "nm(2, 4, axis=0)", "int(4, block=4)"),
    ("swap_gap", "top(2, per=channel, axis=-1)", "hbfp(4, per=column)"),
    ("overlap", "nm(2, 4, axis=0)", "int(4, tile=(4, 2))"),
    ("prune_first_identity", "fixed", "nvfp4(block=4)"),
    ("storage", "nm(2, 4, axis=0)", "int(4, tile=(2, 2))"),
    ("frozen_commutation", "blockwise(0.5, tile=(2, 2))", "bcq(3, block=4)"),
]


@pytest.mark.parametrize(("claim", "mask", "fmt"), MATRICES)
def test_a_tensor_of_several_axes_is_one_instance(claim: str, mask: str, fmt: str) -> None:
    """The flat row of a tensor under a pipeline that sees its shape has the arrays of the tensor."""
    shape, rng = (4, 8), np.random.default_rng(3)
    s, q = fixed(rng.random(shape) < 0.5) if mask == "fixed" else parse(mask), parse(fmt)
    assert isinstance(s, Sparsifier) and isinstance(q, Quantizer)
    x = rng.integers(-14, 15, (6, 32)) / 2
    [draw] = draws(s, q, shape, rng)
    for row in x:
        with engine("definition"):
            flat, whole = case_of(draw, row, 1.0, shape).orders, both(row.reshape(shape), s, q)
        for name in ("mask", "image", "after_mask", "masked_image"):
            assert np.array_equal(getattr(flat, name).reshape(shape), getattr(whole, name)), name
    asked = of_theorem(BY_SLUG[claim], 1.0)
    ruled = asked.routes[0].discharge(s, q, 1.0, shape)
    if all(d.closed for d in ruled):
        assert (asked.evaluation.excess(draw, x, 1.0, shape) <= 0).all()


def test_a_flat_row_does_not_pretend_to_have_runs() -> None:
    boxes = Flattened(Tiles(2, 2), (4, 4))
    with pytest.raises(Undefined, match="no runs of one row"):
        boxes.sides((1, 16))
    assert boxes.box_of((0, 6), (1, 16)) == (0, 1) and boxes.count((1, 16)) == 4 and boxes.tails((1, 16)) == 0


def test_nothing_is_proved_from_no_conditions() -> None:
    with pytest.raises(ValueError, match="would prove everything"):
        Route("storage", ())
    [route] = [by(t) for t in ALL if t.slug == "dot_decomposition"]
    assert [c.name for c in route.conditions] == ["unconditional"]
    assert all(by(t).conditions for t in ALL if t.domain is not None)


@pytest.mark.parametrize(
    ("claim", "mask", "fmt", "shape"),
    [
        ("order_gap_law", "nm(1, 2, axis=0)", "int(4, per=tensor)", None),
        ("error_in_bits", "2:4", "int(4, per=row)", (2, 4)),
        ("price_of_order", "2:4", "int4", None),
        ("gain_optimal", "50%", "int4", (40,)),
        ("order_gap_law", "16:32", "int4", None),
    ],
)
def test_nothing_is_proved_of_what_cannot_be_evaluated(
    claim: str, mask: str, fmt: str, shape: tuple[int, ...] | None
) -> None:
    s, q = parse_as(Sparsifier, "mask", mask), parse_as(Quantizer, "format", fmt)
    found = decide(claim, s, q, shape=shape, rng=np.random.default_rng(0))
    assert found.verdict == "open" and any("no tensor was tried" in note for note in found.effort.notes)


@nightly
@pytest.mark.parametrize("claim", ["sq_never_worse", "orders_commute"])
def test_the_default_tensor_has_units_enough_to_lose_one(claim: str) -> None:
    """Three quarters of two rows are two rows: of the default shape some row must go."""
    s, q = parse_as(Sparsifier, "mask", "blockwise(3/4, per=row)"), parse_as(Quantizer, "format", "int(4, per=row)")
    assert decide(claim, s, q, rng=np.random.default_rng(0), effort=PATIENT).verdict == "refuted"


SAME = {
    "sq_never_worse": "prune_first_dominates",
    "orders_commute": "ties_by_original",
}


@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize(("mask", "fmt"), [("2:4", "int(4, block=6)"), ("2:4", "bcq3"), ("2:4", "int4")])
def test_a_name_of_its_own_asks_the_claim_of_a_theorem(name: str, mask: str, fmt: str) -> None:
    """The same verdict, by the same conditions or the same tensor, in the same arithmetic."""
    short, long = (decided(claim, mask, fmt, 1.0) for claim in (name, SAME[name]))
    assert CLAIMS[name].asked(1.0).claims == BY_SLUG[SAME[name]].claims
    assert (short.verdict, short.theorem, short.witness) == (long.verdict, long.theorem, long.witness)
    if short.verdict == "refuted":
        assert long.witness is not None and long.witness.arithmetic == "rational"


def test_below_one_the_powers_add_by_the_identity() -> None:
    found = decided("no_additional_error", "2:4", "int4", 0.5)
    assert (found.verdict, found.theorem) == ("proved", "prune_first_identity")
    bound = BY_SLUG["prune_first_bound"]
    asked = [CLAIMS["no_additional_error"].asked(p).claims for p in (0.5, 1.0, 2.0, np.inf)]
    assert asked == [(bound.claims[1],), *[(bound.claims[0],)] * 3]


def test_what_structure_proves_needs_no_survey(monkeypatch: pytest.MonkeyPatch) -> None:
    def surveyed(*pipeline: object) -> None:
        raise AssertionError("surveyed")

    monkeypatch.setattr("sqtheory.theory.decide.searching.survey", surveyed)
    assert decided("sq_never_worse", "2:4", "int4").verdict == "proved"
    with pytest.raises(AssertionError, match="surveyed"):
        decided("sq_never_worse", "2:4", "nf4")
