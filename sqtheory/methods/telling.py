"""Methods as tables and as plain words."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqtheory.methods.evidence import Evidence, OrderVerdict
from sqtheory.methods.method import Method
from sqtheory.tables import Table


def methods_table(methods: Sequence[Method]) -> Table:
    """One line for each method: what it is, whether to sparsify first and by what, what it needs, where it is from."""
    rows = (
        (
            method.name,
            method.title,
            str(method.verdict),
            _by(one for one in method.evidence if one.proves),
            _by((one for one in method.evidence if one.favours is OrderVerdict.fails), "outside "),
            ", ".join(theorem.slug for theorem in method.rests_on) or "–",
            ", ".join(need.name for need in method.needs) or "–",
            str(method.source),
        )
        for method in methods
    )
    header = ("method", "what", "sparsify first?", "proved by", "S→Q can lose", "rests on", "needs", "source")
    return Table(header, tuple(rows))


def _by(evidence: Iterable[Evidence], before: str = "") -> str:
    """The theorems, or weights and checks, that evidence is of."""
    named = ("on a witness" if one.theorem is None else f"{before}{one.theorem.slug}" for one in evidence)
    return ", ".join(dict.fromkeys(named)) or "–"


def evidence_table(method: Method) -> Table:
    """One line for each piece of evidence on the order, checked now."""
    rows = (
        (
            str(one.favours),
            one.says,
            "–" if one.theorem is None else one.theorem.slug,
            "yes" if one.stands else "no",
        )
        for one in method.evidence
    )
    own = method.name.partition(":")[0]
    return Table(("speaks for", "because", "theorem", "stands"), tuple(rows), f"{own}: {method.verdict}")


def method_parts(method: Method) -> list[Table | str]:
    """The record of a method: a sentence, the evidence, the variants."""
    needs = " and ".join(map(str, method.needs)) or "nothing"
    does = "" if method.chosen is None else f" {method.name}: {method.chosen.says}."
    said = f"{method.title} ({method.source}).{does} Of the inputs of each layer it needs {needs}."
    if method.rests_on:
        said += f" It rests on {', '.join(theorem.slug for theorem in method.rests_on)} (sqtheory show SLUG)."
    parts: list[Table | str] = [said, evidence_table(method)]
    if method.variants:
        rows = tuple((name, one.says) for name, one in method.spelled_variants.items())
        parts.append(Table(("variant", "what it does otherwise"), rows))
    return parts


def method_dict(method: Method) -> dict[str, Any]:
    """The record, ready for JSON."""
    return {
        "name": method.name,
        "title": method.title,
        "source": str(method.source),
        "needs": [need.name for need in method.needs],
        "theorems": [theorem.slug for theorem in method.theorems],
        "verdict": method.verdict.name,
        "evidence": [
            {
                "favours": one.favours.name,
                "says": one.says,
                "theorem": None if one.theorem is None else one.theorem.slug,
                "stands": one.stands,
            }
            for one in method.evidence
        ],
        "variants": [{"name": name, "says": one.says} for name, one in method.spelled_variants.items()],
    }
