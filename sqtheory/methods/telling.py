"""Published works as tables and as plain words."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqtheory.methods.channel import symbols
from sqtheory.methods.evidence import Evidence, OrderVerdict
from sqtheory.methods.work import Work
from sqtheory.tables import Table


def methods_table(methods: Sequence[Work]) -> Table:
    """One line for each method: what it is, whether to sparsify first and by what, what it needs, where it is from."""
    rows = (
        (
            method.name,
            method.title,
            str(method.verdict),
            symbols(method.channels),
            _by(one for one in method.evidence if one.proves),
            _by((one for one in method.evidence if one.favours is OrderVerdict.fails), "outside "),
            ", ".join(theorem.slug for theorem in method.rests_on) or "–",
            ", ".join(need.name for need in method.needs) or "–",
            str(method.source),
        )
        for method in methods
    )
    header = (
        "method",
        "what",
        "sparsify first?",
        "channels",
        "proved by",
        "S→Q can lose",
        "rests on",
        "needs",
        "source",
    )
    return Table(header, tuple(rows))


def _by(evidence: Iterable[Evidence], before: str = "") -> str:
    """The theorems, or weights and checks, that evidence is of."""
    named = ("on a witness" if one.theorem is None else f"{before}{one.theorem.slug}" for one in evidence)
    return ", ".join(dict.fromkeys(named)) or "–"


def evidence_table(method: Work) -> Table:
    """One line for each piece of evidence on the order, checked now."""
    rows = (
        (
            str(one.favours),
            one.says,
            "–" if one.theorem is None else one.theorem.slug,
            symbols(one.channels),
            "yes" if one.stands else "no",
        )
        for one in method.evidence
    )
    own = method.name.partition(":")[0]
    return Table(("speaks for", "because", "theorem", "channels", "stands"), tuple(rows), f"{own}: {method.verdict}")


def method_parts(method: Work) -> list[Table | str]:
    """The record of a method: a sentence, the evidence, the variants."""
    said = f"{method.title} ({method.source}). {method.says}".rstrip()
    if method.rests_on:
        said += f" It rests on {', '.join(theorem.slug for theorem in method.rests_on)} (sqtheory show SLUG)."
    parts: list[Table | str] = [said, evidence_table(method)]
    if method.spelled_variants:
        parts.append(Table(("variant", "what it does otherwise"), tuple(method.spelled_variants.items())))
    return parts


def method_dict(method: Work) -> dict[str, Any]:
    """The record, ready for JSON."""
    return {
        "name": method.name,
        "title": method.title,
        "source": str(method.source),
        "needs": [need.name for need in method.needs],
        "theorems": [theorem.slug for theorem in method.theorems],
        "verdict": method.verdict.name,
        "channels": [channel.name for channel in method.channels],
        "evidence": [
            {
                "favours": one.favours.name,
                "says": one.says,
                "theorem": None if one.theorem is None else one.theorem.slug,
                "stands": one.stands,
            }
            for one in method.evidence
        ],
        "variants": [{"name": name, "says": says} for name, says in method.spelled_variants.items()],
    }
