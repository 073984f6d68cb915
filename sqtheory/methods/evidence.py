"""Why a verdict on the order of a method is what it is: theorems with a case, weights, and checks, all of which run."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, final

import numpy as np

from sqtheory.arrays import FixedArray
from sqtheory.orders.counts import OutputErrors
from sqtheory.orders.pair import Pair
from sqtheory.orders.procedural import ProcedureImages
from sqtheory.theory.case import Case
from sqtheory.theory.theorem import Theorem


class OrderVerdict(Enum):
    """Whether to sparsify first."""

    holds = "S→Q never loses"
    fails = "S→Q can lose"
    depends = "right where assumptions hold"

    def __str__(self) -> str:
        return self.value


class Evidence(ABC):
    """Why the verdict is what it is: a sentence, the theorem that it is about if it is, and a check that runs."""

    says: str
    theorem: Theorem | None
    favours: OrderVerdict
    """What it speaks for alone."""
    proves: ClassVar[bool] = False
    """It holds of every weight on which assumptions hold."""

    @property
    @abstractmethod
    def stands(self) -> bool:
        """Whether it is so, computed now."""


@final
@dataclass(frozen=True)
class Holds(Evidence):
    """The claims of a theorem hold where its assumptions do, as on this case."""

    says: str
    theorem: Theorem
    case: Case
    favours = OrderVerdict.holds
    proves = True

    @property
    def stands(self) -> bool:
        check = self.theorem.check(self.case)
        return bool(check.admissible.all() and (check.excess <= 0).all())


@final
@dataclass(frozen=True)
class Fails(Evidence):
    """The claims of a theorem fail on this case, where an assumption of it does."""

    says: str
    theorem: Theorem
    case: Case
    favours = OrderVerdict.fails

    @property
    def stands(self) -> bool:
        check = self.theorem.check(self.case)
        return bool((~check.admissible).all() and (check.excess > 0).all())


@final
@dataclass(frozen=True)
class OnWeight(Evidence):
    """A weight on which one order loses less of the layer's output, ‖X(W − Ŵ)ᵀ‖_F, than the other, by a procedure.

    ``weight``: (outputs, inputs); ``moments``: XᵀX, the identity where None.
    """

    says: str
    favours: OrderVerdict
    weight: FixedArray
    pair: Pair
    moments: FixedArray | None = None
    theorem = None

    @property
    def errors(self) -> OutputErrors:
        """What each order loses of the output."""
        w = self.weight.values
        moments = np.eye(w.shape[1]) if self.moments is None else self.moments.values
        return ProcedureImages.of(w, self.pair).output_errors(moments)

    @property
    def stands(self) -> bool:
        lead = self.errors.sign
        return lead == {OrderVerdict.holds: 1, OrderVerdict.fails: -1}.get(self.favours, 0)


@final
@dataclass(frozen=True)
class Runs(Evidence):
    """A check of its own, of what is no mask and format on a weight."""

    says: str
    favours: OrderVerdict
    check: Callable[[], bool]
    theorem: Theorem | None = None

    @property
    def stands(self) -> bool:
        return self.check()


def joint_gains(one: OnWeight) -> float:
    """How much less of the output the joint pass loses on a weight than S→Q; its procedure has such a pass."""
    errors = one.errors
    assert errors.joint is not None
    return errors.sq - errors.joint
