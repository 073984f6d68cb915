"""A claim as a line of text or of LaTeX."""

from collections.abc import Callable, Iterable

import sympy

from sqtheory.tex import TEX
from sqtheory.theory.claims import RELATIONS, Claim, Norms, Quantity

SIGNS = {"<=": "≤", "==": "=", "<": "<", ">": ">"}


def claim_text(claim: Claim) -> str:
    """A claim on one line, by the names of its quantities."""
    where = "" if claim.norms is Norms.ALL else f"  ({claim.norms.value})"
    return f"{_plain(claim.left)} {SIGNS[claim.relation]} {_plain(claim.right)}{where}"


def claim_latex(claim: Claim, where: Iterable[Quantity]) -> str:
    """A claim over these quantities in LaTeX, without the delimiters of mathematics."""
    names = {q.symbol: q.latex for q in where}
    left, right = (_sum(side, lambda term: sympy.latex(term, symbol_names=names)) for side in (claim.left, claim.right))
    norms = "" if claim.norms is Norms.ALL else rf"\quad ({_formula(claim.norms.value)})"
    return f"{left} {RELATIONS[claim.relation][0]} {right}{norms}"


def inline(text: str) -> str:
    r"""Text with its signs in LaTeX: ``ε ≤ σ`` becomes ``\ensuremath{\varepsilon} …``."""
    return "".join(rf"\ensuremath{{{TEX[c]}}}" if c in TEX else r"\_" if c == "_" else c for c in text)


def _formula(text: str) -> str:
    """Text within mathematics, in macros that TeX, MathJax and KaTeX know."""
    return "".join(TEX.get(c, c) for c in text)


def _plain(expression: sympy.Expr) -> str:
    return _sum(expression, str).replace("**", "^").replace("*", "·").replace(" - ", " − ")


def _sum(expression: sympy.Expr, spell: Callable[[sympy.Expr], str]) -> str:
    """A sum with what is added before what is taken away."""
    if not expression.is_Add:
        return spell(expression)
    terms = sympy.Add.make_args(expression)
    ordered = sorted(terms, key=lambda term: (term.could_extract_minus_sign(), str(term)))
    first, *rest = ordered
    signed = (("-", -term) if term.could_extract_minus_sign() else ("+", term) for term in rest)
    return " ".join([spell(first), *(f"{sign} {spell(term)}" for sign, term in signed)])
