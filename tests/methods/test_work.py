"""What a published work offers whether or not it has operators: channels, a verdict, and plain refusals."""

import pytest

from sqtheory.alphabet.quantizers import int_
from sqtheory.alphabet.sparsifiers import nm
from sqtheory.execution import Spelled
from sqtheory.methods import ALL, Fails, Idea, OrderVerdict, Runs, Work, find
from sqtheory.methods.channel import OrderChannel, opened, symbols
from sqtheory.theory.case import Case
from sqtheory.theory.claims import Reference
from sqtheory.theory.theorems import prune_first_dominates

IDEA = Idea(
    name="idea",
    title="An idea",
    source=Reference("kim2026order", "abstract"),
    computes="one number.",
    outside="a search.",
    evidence=(Runs("one is one", OrderVerdict.none, lambda: True),),
)


def test_channels_are_read_off_the_case_that_fails() -> None:
    ties = Fails("", prune_first_dominates.THEOREM, Case.of([4, 3, 1, 0], int_(4, block=1), nm(2, 4)))
    assert opened("OM") == (OrderChannel.selection, OrderChannel.operand) and symbols(()) == "–"
    assert set(ties.channels) <= set(opened("MΣ"))
    assert symbols(find("teal").channels) == "MO" and symbols(find("rsq").channels) == "ΣCTO"


@pytest.mark.parametrize("work", ALL, ids=lambda work: work.name)
def test_what_can_lose_loses_through_a_channel(work: Work) -> None:
    loses = any(one.favours is OrderVerdict.fails for one in work.evidence)
    assert bool(work.channels) == loses


def test_an_idea_says_what_it_computes_and_assigns_nothing() -> None:
    assert IDEA.verdict is OrderVerdict.none and not IDEA.channels and not IDEA.spelled_variants
    assert IDEA.says == "Computed here: one number. Outside numerics: a search."
    for refuse in (
        lambda: IDEA.assigned(Spelled("2:4", "int4"), None),
        lambda: IDEA.on_inputs(Spelled("2:4", "int4"), None),
    ):
        with pytest.raises(
            ValueError, match="method idea prunes nothing that a mask and a format describe: sqtheory methods idea"
        ):
            refuse()
    with pytest.raises(ValueError, match="idea has no variant 'x'"):
        IDEA.variant("x")
