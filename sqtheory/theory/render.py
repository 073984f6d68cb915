"""A theorem as text, Markdown, HTML or LaTeX."""

from collections.abc import Callable, Iterable
from html import escape
from typing import Any

import sympy

from sqtheory.tables import Table
from sqtheory.tex import TEX
from sqtheory.theory.statement import (
    RELATIONS,
    Approached,
    Attained,
    Claim,
    NoneKnown,
    Norms,
    Separation,
    Statement,
    Witness,
)

SIGNS = {"<=": "≤", "==": "=", "<": "<", ">": ">"}


def claim_text(claim: Claim) -> str:
    """A claim on one line, by the names of its quantities."""
    where = "" if claim.norms is Norms.ALL else f"  ({claim.norms.value})"
    return f"{_plain(claim.left)} {SIGNS[claim.relation]} {_plain(claim.right)}{where}"


def claim_latex(theorem: Statement, claim: Claim) -> str:
    """A claim in LaTeX, without the delimiters of mathematics."""
    names = {q.symbol: q.latex for q in theorem.where}
    left, right = (_sum(side, lambda term: sympy.latex(term, symbol_names=names)) for side in (claim.left, claim.right))
    where = "" if claim.norms is Norms.ALL else rf"\quad ({_formula(claim.norms.value)})"
    return f"{left} {RELATIONS[claim.relation][0]} {right}{where}"


def inline(text: str) -> str:
    r"""Text with its signs in LaTeX: ``ε ≤ σ`` becomes ``\ensuremath{\varepsilon} …``."""
    return "".join(rf"\ensuremath{{{TEX[c]}}}" if c in TEX else r"\_" if c == "_" else c for c in text)


def _formula(text: str) -> str:
    """Text within mathematics, in macros that TeX, MathJax and KaTeX know."""
    return "".join(TEX.get(c, c) for c in text)


def kind(witness: Witness) -> str:
    """In which sense a theorem is tight."""
    match witness:
        case Attained():
            return "attained"
        case Approached():
            return "approached"
        case Separation():
            return "separation"
    return "–"


def witness_text(witness: Witness) -> str:
    """The witness as a reader can check it by hand."""
    match witness:
        case Attained(case):
            return f"attained at {case}"
        case Approached(family):
            return f"approached as ε → 0; for ε = 1/16 by {family(1 / 16)}"
        case Separation(cases):
            return "; ".join(str(case) for case in cases)
        case NoneKnown(because):
            return f"none: {because}"
    raise TypeError(f"{witness!r} is no witness")


def lead(theorem: Statement) -> str:
    """How the statement begins."""
    if theorem.domain is None:
        return "There are tensors with"
    return f"If {_listed(a.name for a in theorem.given)} then" if theorem.given else "Always"


def text(theorem: Statement) -> str:
    """The theorem for a terminal: claim, quantities, assumptions with what breaks without them, witness, source."""
    lines = [f"{theorem.slug}: {theorem.title}", "", lead(theorem)]
    lines += [f"    {claim_text(c)}" for c in theorem.claims]
    width = max(len(q.name) for q in theorem.where)
    lines += ["where", *(f"    {q.name:{width}}  {q.meaning}" for q in theorem.where)]
    if theorem.given:
        lines.append("given")
    for a in theorem.given:
        lines.append(f"    {a.name}: {a.statement}")
        lines.append(f"        fails without it: {a.fails_without}")
    return "\n".join([*lines, f"witness: {witness_text(theorem.witness)}", f"source: {theorem.source}"])


def markdown(theorem: Statement) -> str:
    """The theorem as Markdown with LaTeX formulas."""
    lines = [f"### `{theorem.slug}`", "", f"**{theorem.title}.** {lead(theorem)}", ""]
    lines += [f"$${claim_latex(theorem, c)}$$" for c in theorem.claims]
    lines += ["", "where", "", *(f"- ${q.latex}$: {q.meaning}" for q in theorem.where)]
    if theorem.given:
        lines += ["", "given", ""]
    lines += [f"- `{a.name}`: {a.statement}. Fails without it: {a.fails_without}" for a in theorem.given]
    return "\n".join([*lines, "", f"Witness: {witness_text(theorem.witness)}.", "", f"Source: {theorem.source}."])


def html(theorem: Statement) -> str:
    """The theorem as HTML whose formulas MathJax sets, as notebooks do; every text escaped."""
    claims = "".join(f"<p>{escape(f'$${claim_latex(theorem, c)}$$')}</p>" for c in theorem.claims)
    named = Table(("symbol", "is"), tuple((f"${q.latex}$", q.meaning) for q in theorem.where))
    given = tuple((a.name, a.statement, str(a.fails_without)) for a in theorem.given)
    tables = [named, *([Table(("assumption", "says", "fails without it"), given)] if given else [])]
    name = f"<code>{escape(theorem.slug)}</code> <b>{escape(theorem.title)}.</b>"
    last = f"Witness: {witness_text(theorem.witness)}. Source: {theorem.source}."
    shown = "".join(table.html() for table in tables)
    return f"<div><p>{name} {escape(lead(theorem))}</p>{claims}{shown}<p>{escape(last)}</p></div>"


def latex(theorem: Statement) -> str:
    """The theorem as a LaTeX environment; its document needs amsmath and amsthm's ``theorem``."""
    claims = " \\\\\n".join(rf"  {claim_latex(theorem, c)}" for c in theorem.claims)
    given = "".join(f"  \\item {inline(a.statement)}\n" for a in theorem.given)
    assumptions = f"Suppose that\n\\begin{{itemize}}\n{given}\\end{{itemize}}\nThen\n" if given else ""
    if theorem.domain is None:
        assumptions = "There are tensors with\n"
    where = "; ".join(f"${q.latex}$ is {inline(q.meaning)}" for q in theorem.where)
    cited = (
        ""
        if theorem.source.key == "new"
        else rf", after \cite[{inline(theorem.source.locator)}]{{{theorem.source.key}}}"
    )
    return (
        f"\\begin{{theorem}}[{inline(theorem.title)}{cited}]\\label{{thm:{theorem.slug}}}\n{assumptions}"
        f"\\begin{{gather*}}\n{claims}\n\\end{{gather*}}\nwhere {where}.\n\\end{{theorem}}"
    )


def table(theorems: Iterable[Statement], concluded: Callable[[Statement], str]) -> Table:
    """One line for each theorem: name, statement, in which sense it is tight, what concludes it, source; linked."""
    header = ("theorem", "says", "tight", "proof", "source")
    return Table(header, tuple(_row(t, concluded(t)) for t in theorems))


def plain_table(theorems: Iterable[Statement]) -> Table:
    """The same without links, for a terminal."""
    rows = tuple((t.slug, t.title, kind(t.witness), str(t.source)) for t in theorems)
    return Table(("theorem", "says", "tight", "source"), rows)


def record(t: Statement) -> dict[str, Any]:
    """Plain strings, ready for JSON."""
    return {
        "slug": t.slug,
        "title": t.title,
        "claims": [claim_text(c) for c in t.claims],
        "where": {q.name: q.meaning for q in t.where},
        "given": [{"name": a.name, "statement": a.statement, "fails_without": str(a.fails_without)} for a in t.given],
        "tight": kind(t.witness),
        "witness": witness_text(t.witness),
        "formal": list(t.formal),
        "source": str(t.source),
    }


def _row(t: Statement, concluded: str) -> tuple[str, ...]:
    says = f"{t.title}: {claim_text(t.claims[0])}"
    proof = f"[{concluded}](proofs/{t.slug}.py)"
    return (f"[{t.slug}](sqtheory/theory/theorems/{t.slug}.py)", says, kind(t.witness), proof, str(t.source))


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


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
