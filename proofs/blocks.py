"""One block of magnitudes and any monotone quantizer, as an SMT solver sees it: what n:m instances are made of.

Signs do not matter (q is odd), and neither does the order of the entries: the magnitudes x_0 ≥ x_1 ≥ … ≥ 0 are
sorted, so that S→Q keeps the first n, and by monotonicity so are their images y_0 ≥ y_1 ≥ … ≥ 0. Q→S keeps any n
places none of which has a smaller image than a pruned one: every tie rule.
"""

from collections.abc import Callable, Sequence
from itertools import combinations, permutations, product
from typing import Any, TypeAlias

from proofs.steps import Question

Goal: TypeAlias = Callable[[Any, "Several"], Any]


class Block:
    """The unknowns of one group of an n:m mask, and its errors for one choice of Q→S."""

    def __init__(self, z3: Any, name: str, n: int, m: int, kept: Sequence[int]) -> None:
        self.z3, self.n, self.kept = z3, n, kept
        self.x = z3.Reals(" ".join(f"x{name}{i}" for i in range(m)))
        self.y = z3.Reals(" ".join(f"y{name}{i}" for i in range(m)))

    @property
    def sorted(self) -> list[Any]:
        """Magnitudes and images decrease, none is negative."""
        pairs = [row[i] >= row[i + 1] for row in (self.x, self.y) for i in range(len(row) - 1)]
        return [*pairs, self.x[-1] >= 0, self.y[-1] >= 0]

    @property
    def on_top(self) -> list[Any]:
        """No kept place of Q→S has a smaller image than a pruned one."""
        pruned = [i for i in range(len(self.y)) if i not in self.kept]
        return [self.y[i] >= self.y[j] for i in self.kept for j in pruned]

    def nearest(self, h: Any) -> list[Any]:
        """|x − y| ≤ h everywhere."""
        return [c for x, y in zip(self.x, self.y, strict=True) for c in (x - y <= h, y - x <= h)]

    def power(self, e: Any, p: int) -> Any:
        """|e|^p for p = 1, 2, 4."""
        if p == 1:
            return self.z3.If(e >= 0, e, -e)
        return e * e if p == 2 else e * e * e * e

    def error(self, kept: Sequence[int], p: int) -> Any:
        """Σ_kept |x − y|^p + Σ_pruned |x|^p."""
        return self.z3.Sum(
            [self.power(x - y if i in kept else x, p) for i, (x, y) in enumerate(zip(self.x, self.y, strict=True))]
        )

    def s(self, p: int) -> Any:
        """‖x − s(x)‖_p^p."""
        return self.z3.Sum([self.power(x, p) for x in self.x[self.n :]])

    def q(self, p: int) -> Any:
        """‖x − q(x)‖_p^p."""
        return self.error(range(len(self.x)), p)

    def sq(self, p: int) -> Any:
        """‖x − q(s(x))‖_p^p."""
        return self.error(range(self.n), p)

    def qs(self, p: int) -> Any:
        """‖x − s(q(x))‖_p^p."""
        return self.error(self.kept, p)


class Several:
    """Groups under one scale: their errors add."""

    def __init__(self, blocks: Sequence[Block]) -> None:
        self.blocks = blocks

    def s(self, p: int) -> Any:
        """‖x − s(x)‖_p^p."""
        return sum(block.s(p) for block in self.blocks)

    def q(self, p: int) -> Any:
        """‖x − q(x)‖_p^p."""
        return sum(block.q(p) for block in self.blocks)

    def sq(self, p: int) -> Any:
        """‖x − q(s(x))‖_p^p."""
        return sum(block.sq(p) for block in self.blocks)

    def qs(self, p: int) -> Any:
        """‖x − s(q(x))‖_p^p."""
        return sum(block.qs(p) for block in self.blocks)


def instance(n: int, m: int, goal: Goal, *, step: bool = False, groups: int = 1) -> Question:
    """The goal for so many groups of n:m in one scale block, under every tie rule in each.

    ``goal`` is given h and the errors of the groups together; with ``step``, |x − y| ≤ h for a positive h.
    """

    def question(z3: Any) -> tuple[list[Any], Any]:
        h = z3.Real("h")
        hypotheses, goals = [h > 0], []
        for choice in product(combinations(range(m), n), repeat=groups):
            blocks = [Block(z3, f"{g}_", n, m, kept) for g, kept in enumerate(choice)]
            tops = [c for block in blocks for c in block.on_top]
            goals.append(z3.Implies(z3.And(tops), goal(h, Several(blocks))))
        for block in blocks:
            hypotheses += [*block.sorted, *(block.nearest(h) if step else [])]
        for one, two in permutations(blocks, 2):
            pairs = product(zip(one.x, one.y, strict=True), zip(two.x, two.y, strict=True))
            hypotheses += [z3.Implies(x >= u, y >= v) for (x, y), (u, v) in pairs]
        return hypotheses, z3.And(goals)

    return question
