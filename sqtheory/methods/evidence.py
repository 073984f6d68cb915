"""Why a verdict on the order of a method is what it is: theorems with a case, weights, and checks, all of which run."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, final

import numpy as np

from sqtheory.arrays import FixedArray
from sqtheory.methods.channel import OrderChannel, opened
from sqtheory.orders.channels import ChannelReport, explain
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
    none = "there is no order to choose"

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

    @property
    @abstractmethod
    def channels(self) -> tuple[OrderChannel, ...]:
        """Through which S→Q loses here; none where it does not lose."""


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

    @property
    def channels(self) -> tuple[OrderChannel, ...]:
        return ()


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

    @property
    def channels(self) -> tuple[OrderChannel, ...]:
        x, s, q, w = self.case.x, self.case.s, self.case.q, self.case.w
        masked = x if w is None else w
        return opened(explain(masked, s, q).open + "O" * (w is not None))


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

    @property
    def channels(self) -> tuple[OrderChannel, ...]:
        if self.favours is not OrderVerdict.fails:
            return ()
        w, by = self.weight.values, self.pair.procedure
        counts = ProcedureImages.of(w, self.pair).counts(self.pair, 2.0)
        found = ChannelReport.of(self.pair.on(w.shape), counts.openings, counts.tied).open
        given = self.moments is not None
        return opened(found + "C" * by.compensates + "T" * by.changes_basis + "O" * given)


@final
@dataclass(frozen=True)
class Runs(Evidence):
    """A check of its own, of what is no mask and format on a weight."""

    says: str
    favours: OrderVerdict
    check: Callable[[], bool]
    theorem: Theorem | None = None
    through: tuple[OrderChannel, ...] = ()
    """The channels that it is about, where S→Q loses."""

    @property
    def stands(self) -> bool:
        return self.check()

    @property
    def channels(self) -> tuple[OrderChannel, ...]:
        return self.through


def joint_gains(one: OnWeight) -> float:
    """How much less of the output the joint pass loses on a weight than S→Q; its procedure has such a pass."""
    errors = one.errors
    assert errors.joint is not None
    return errors.sq - errors.joint
