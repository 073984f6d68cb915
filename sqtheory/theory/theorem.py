"""A theorem: if its assumptions hold then its claims do; it runs on cases and shows itself."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from typing import Any, final

import numpy as np
import sympy

from sqtheory.alphabet.norms import spell_norm
from sqtheory.arrays import Array, Mask
from sqtheory.exceptions import Undefined
from sqtheory.tables import Table
from sqtheory.theory.case import Case
from sqtheory.theory.claims import NEW, Assumption, Check, Claim, Quantity, Reference, Separation, Witness
from sqtheory.theory.domain import Domain
from sqtheory.theory.render import claim_latex, claim_text, inline


@final
@dataclass(frozen=True, eq=False, repr=False)
class Theorem:
    """If every assumption in ``given`` holds then every claim does; without a domain: the witnesses exist.

    ``formal`` names the statements of it that are proved in Coq. A theorem that assumes nothing says so: it is
    ``unconditional``, for every tensor and pipeline.
    """

    slug: str
    title: str
    claims: tuple[Claim, ...]
    where: tuple[Quantity, ...]
    domain: Domain | None
    witness: Witness
    source: Reference
    given: tuple[Assumption, ...] = ()
    formal: tuple[str, ...] = ()
    unconditional: bool = False

    def __post_init__(self) -> None:
        named = {q.symbol for q in self.where}
        used = frozenset[sympy.Symbol]().union(*(c.symbols for c in self.claims))
        if named != used or not self.claims:
            raise ValueError(f"{self.slug}: the claims speak of {sorted(map(str, used ^ named))}, undefined or unused")
        if self.domain is None and not isinstance(self.witness, Separation):
            raise ValueError(f"{self.slug}: a theorem without a domain asserts that its separations exist")
        if (self.domain is not None and not self.given) != self.unconditional:
            raise ValueError(f"{self.slug}: a theorem for every tensor has assumptions or is unconditional, not both")

    def values(self, case: Case) -> dict[str, Array]:
        """Every quantity of the claims in every row."""
        return {q.name: np.asarray(q.of(case), np.float64) for q in self.where}

    def claims_for(self, p: float) -> tuple[Claim, ...]:
        """The claims that speak of this p."""
        return tuple(c for c in self.claims if c.norms.has(p))

    def silence(self, p: float) -> str:
        """That no claim speaks of this p, and of which they do."""
        spoken = " or ".join(dict.fromkeys(c.norms.value for c in self.claims))
        return f"{self.slug} says nothing of p = {spell_norm(p)}: it speaks of {spoken}"

    def admissible(self, case: Case) -> Mask:
        """Rows in which every assumption holds."""
        return np.asarray(np.all([np.ones(len(case), bool), *(a.holds(case) for a in self.given)], axis=0))

    def check(self, case: Case) -> Check:
        """Evaluate assumptions and claims in every row; rows on which the claims have no meaning are not admissible.

        Raises ValueError if no claim speaks of the case's p, Undefined where a quantity is too large to be computed.

        >>> from sqtheory import int_, nm
        >>> from sqtheory.theory.case import Case
        >>> from sqtheory.theory.theorems import find
        >>> check = find("prune_first_dominates").check(Case.of([5 / 3, 2, 1 / 6, 7], int_(4), nm(2, 4)))
        >>> check.admissible, check.violated
        (array([ True]), array([False]))
        """
        admissible = self.admissible(case)
        try:
            return Check(admissible, self.excess(case))
        except Undefined:
            if admissible.any():
                raise
            return Check(admissible, np.full(len(case), -np.inf))

    def excess(self, case: Case) -> Array:
        """The largest excess of any claim in every row, whatever is assumed. Raises as ``check`` does."""
        claims = self.claims_for(case.p)
        if not claims:
            raise ValueError(self.silence(case.p))
        values, products = self.values(case), case.products
        excess = []
        for claim in claims:
            used = [q for q in self.where if q.symbol in claim.symbols]
            degree = max(q.degree for q in used)
            excess.append(claim.excess(values, products**degree, sum(q.noise for q in used)))
        return np.asarray(np.max(excess, axis=0))

    @property
    def lead(self) -> str:
        """How the statement begins."""
        if self.domain is None:
            return "There are tensors with"
        return f"If {_listed(a.name for a in self.given)} then" if self.given else "Always"

    def text(self) -> str:
        """For a terminal: claim, quantities, assumptions with what breaks without them, witness, source."""
        lines = [f"{self.slug}: {self.title}", "", self.lead]
        lines += [f"    {claim_text(c)}" for c in self.claims]
        width = max(len(q.name) for q in self.where)
        lines += ["where", *(f"    {q.name:{width}}  {q.meaning}" for q in self.where)]
        if self.given:
            lines.append("given")
        for a in self.given:
            lines.append(f"    {a.name}: {a.statement}")
            lines.append(f"        fails without it: {a.fails_without}")
        return "\n".join([*lines, f"witness: {self.witness}", f"source: {self.source}"])

    def markdown(self) -> str:
        """As Markdown with LaTeX formulas."""
        lines = [f"### `{self.slug}`", "", f"**{self.title}.** {self.lead}", ""]
        lines += [f"$${claim_latex(c, self.where)}$$" for c in self.claims]
        lines += ["", "where", "", *(f"- ${q.latex}$: {q.meaning}" for q in self.where)]
        if self.given:
            lines += ["", "given", ""]
        lines += [f"- `{a.name}`: {a.statement}. Fails without it: {a.fails_without}" for a in self.given]
        return "\n".join([*lines, "", f"Witness: {self.witness}.", "", f"Source: {self.source}."])

    def html(self) -> str:
        """As HTML whose formulas MathJax sets, as notebooks do; every text escaped."""
        claims = "".join(f"<p>{escape(f'$${claim_latex(c, self.where)}$$')}</p>" for c in self.claims)
        named = Table(("symbol", "is"), tuple((f"${q.latex}$", q.meaning) for q in self.where))
        given = tuple((a.name, a.statement, str(a.fails_without)) for a in self.given)
        tables = [named, *([Table(("assumption", "says", "fails without it"), given)] if given else [])]
        name = f"<code>{escape(self.slug)}</code> <b>{escape(self.title)}.</b>"
        last = f"Witness: {self.witness}. Source: {self.source}."
        shown = "".join(table.html() for table in tables)
        return f"<div><p>{name} {escape(self.lead)}</p>{claims}{shown}<p>{escape(last)}</p></div>"

    def latex(self) -> str:
        """As a LaTeX environment; its document needs amsmath and amsthm's ``theorem``."""
        claims = " \\\\\n".join(rf"  {claim_latex(c, self.where)}" for c in self.claims)
        given = "".join(f"  \\item {inline(a.statement)}\n" for a in self.given)
        assumptions = f"Suppose that\n\\begin{{itemize}}\n{given}\\end{{itemize}}\nThen\n" if given else ""
        if self.domain is None:
            assumptions = "There are tensors with\n"
        where = "; ".join(f"${q.latex}$ is {inline(q.meaning)}" for q in self.where)
        own = self.source.key == NEW.key
        cited = "" if own else rf", after \cite[{inline(self.source.locator)}]{{{self.source.key}}}"
        return (
            f"\\begin{{theorem}}[{inline(self.title)}{cited}]\\label{{thm:{self.slug}}}\n{assumptions}"
            f"\\begin{{gather*}}\n{claims}\n\\end{{gather*}}\nwhere {where}.\n\\end{{theorem}}"
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain strings, ready for JSON."""
        given = [{"name": a.name, "statement": a.statement, "fails_without": str(a.fails_without)} for a in self.given]
        return {
            "slug": self.slug,
            "title": self.title,
            "claims": [claim_text(c) for c in self.claims],
            "where": {q.name: q.meaning for q in self.where},
            "given": given,
            "tight": self.witness.kind,
            "witness": str(self.witness),
            "formal": list(self.formal),
            "source": str(self.source),
        }

    def __str__(self) -> str:
        return self.slug

    __repr__ = text
    _repr_html_ = html
    _repr_latex_ = latex


def linked_table(theorems: Iterable[Theorem], concluded: Callable[[Theorem], str]) -> Table:
    """One line for each theorem: name, statement, in which sense it is tight, what concludes it, source; linked."""
    return Table(("theorem", "says", "tight", "proof", "source"), tuple(_linked(t, concluded(t)) for t in theorems))


def plain_table(theorems: Iterable[Theorem]) -> Table:
    """The same without links, for a terminal."""
    rows = tuple((t.slug, t.title, t.witness.kind, str(t.source)) for t in theorems)
    return Table(("theorem", "says", "tight", "source"), rows)


def _linked(t: Theorem, concluded: str) -> tuple[str, ...]:
    says = f"{t.title}: {claim_text(t.claims[0])}"
    proof = f"[{concluded}](proofs/{t.slug}.py)"
    return (f"[{t.slug}](sqtheory/theory/theorems/{t.slug}.py)", says, t.witness.kind, proof, str(t.source))


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
