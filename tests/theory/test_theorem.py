import numpy as np
import pytest
import sympy

from sqtheory.alphabet.formats import E4M3, E5M2
from sqtheory.alphabet.quantizers import int_, mxfp
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.orders.rulings import Ruling
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Assumption, Claim, Norms, Quantity, Reference
from sqtheory.theory.render import claim_latex
from sqtheory.theory.theorem import Theorem
from sqtheory.theory.theorems import ALL, BY_SLUG
from tests.show.page.material import Page

A = Quantity("a", "a", "the first entry", lambda case: case.x[:, 0])
B = Quantity("b", "b", "the second entry", lambda case: case.x[:, 1])
VALUES = {"a": np.array([1.0, 2.0, 3.0]), "b": np.array([2.0, 2.0, 2.0])}


@pytest.mark.parametrize(
    ("relation", "fails"),
    [("<=", [False, False, True]), ("<", [False, True, True]), (">", [True, True, False]), ("==", [True, False, True])],
)
def test_a_claim_fails_where_its_excess_is_positive(relation: str, fails: list[bool]) -> None:
    claim = Claim(A, relation, B)
    assert (claim.excess(VALUES) > 0).tolist() == fails
    exact = [claim.exact({"a": a, "b": b}) for a, b in zip(*VALUES.values(), strict=True)]
    assert exact == [not fail for fail in fails]
    assert claim.strict == (relation in "<>")


def test_rounding_is_no_violation_and_a_millionth_is() -> None:
    b = VALUES["b"]
    for relation in ("<=", "=="):
        near = {"a": b * (1 + 1e-13), "b": b}
        far = {"a": b * (1 + 1e-6), "b": b}
        assert (Claim(A, relation, B).excess(near) <= 0).all()
        assert (Claim(A, relation, B).excess(far) > 0).all()
    assert (Claim(A, ">", B).excess({"a": b * (1 + 1e-13), "b": b}) > 0).all()
    small = {"a": b * 1e-20, "b": 0 * b}
    assert (Claim(A, "<=", B).excess(small) > 0).all(), "only products that cancelled excuse a number this small"
    assert (Claim(A, "<=", B).excess(small, products=np.ones(3)) <= 0).all()


def test_exact_numbers_are_compared_as_they_are() -> None:
    root = sympy.sqrt(2)
    assert Claim(A**2, "==", B).exact({"a": root, "b": 2})
    assert not Claim(A, "<=", B).exact({"a": root, "b": sympy.Rational(141421356, 10**8)})
    assert Claim(sympy.Max(A, B), "==", B).exact({"a": sympy.Rational(1, 3), "b": sympy.Rational(1, 2)})


def test_a_claim_of_constants_and_of_one_row() -> None:
    assert (Claim(A, "==", 1).excess({"a": np.array([1.0])}) <= 0).all()
    assert Claim(0, "<=", A).symbols == {A.symbol}
    assert Claim(0, "<=", 1).excess({}).shape == (1,)
    one = {"a": np.array([1.0]), "b": VALUES["b"]}
    assert [side.tolist() for side in Claim(A, "<=", B).sides(one)] == [[1, 1, 1], [2, 2, 2]]
    with pytest.raises(ValueError, match="relates by one of"):
        Claim(A, "<>", B)


def test_quantities_are_algebra() -> None:
    a, b = A.symbol, B.symbol
    assert A + B == a + b == B + a and A - B == a - b and 2 * A == 2 * a and -A == -a and A**2 == a**2
    assert 1 - A == 1 - a and 1 + A == 1 + a and A * B == a * b
    assert sympy.sympify(A) == a and a.is_real


@pytest.mark.parametrize(("norms", "finite", "largest"), [(Norms.ALL, True, True), (Norms.FINITE, True, False)])
def test_which_norms_a_claim_speaks_of(norms: Norms, finite: bool, largest: bool) -> None:
    assert (norms.has(2.0), norms.has(np.inf)) == (finite, largest)
    assert Norms.LARGEST.has(np.inf) and not Norms.LARGEST.has(2.0)


def test_an_assumption_shown_necessary_is_the_same_assumption() -> None:
    plain = Assumption("a", "a > 0", lambda case: case.x[:, 0] > 0, lambda s, q, p, shape: Ruling(False, "data"))
    shown = plain.shown(Case.of([0, 1], int_(4), nm(1, 2)))
    assert shown.fails_without is not None and plain.fails_without is None and shown == plain
    assert str(plain) == "a" and str(Reference("new")) == "new" and str(Reference("x", "§1")) == "x, §1"


@pytest.mark.parametrize("theorem", ALL, ids=str)
def test_every_theorem_shows_itself_in_notebooks(theorem: Theorem) -> None:
    page = Page(theorem._repr_html_())
    assert not page.stack and not page.crossed
    shown = "".join(page.texts["p"])
    assert "ensuremath" not in shown, "which MathJax and KaTeX do not know"
    for claim in theorem.claims:
        assert f"$${claim_latex(claim, theorem.where)}$$" in shown
    cells = page.texts["td"]
    assert cells[: 2 * len(theorem.where)] == [text for q in theorem.where for text in (f"${q.latex}$", q.meaning)]
    assert {a.statement for a in theorem.given} <= set(cells)
    assert theorem._repr_latex_() == theorem.latex() and repr(theorem) == theorem.text()
    assert str(theorem) == theorem.slug


def test_what_is_infinite_is_compared_and_what_is_no_number_fulfils_nothing() -> None:
    infinite, nothing = np.array([np.inf, np.inf, 1.0]), np.array([np.inf, 1.0, np.nan])
    found = {r: Claim(A, r, B).excess({"a": infinite, "b": nothing}) > 0 for r in ("<=", "==", "<", ">")}
    assert {r: v.tolist() for r, v in found.items()} == {
        "<=": [False, True, True],
        "==": [False, True, True],
        "<": [True, True, True],
        ">": [True, False, True],
    }


def test_an_image_that_overflows_has_an_infinite_error_in_both_sums() -> None:
    """(1.9, 1) in a format that does not saturate: the block overflows among blocks and among maxima alike."""
    for q in (mxfp(E5M2, block=2, saturate=False), mxfp(E4M3, block=2, saturate=False)):
        case = Case.of([1.9, 2.5, 1, 2], q, nm(1, 2))
        values = BY_SLUG["error_in_bits"].values(case)
        assert values["E_blocks"] == values["E_maxima"] and not BY_SLUG["error_in_bits"].check(case).violated.any()
        assert values["E_blocks"] == np.inf
