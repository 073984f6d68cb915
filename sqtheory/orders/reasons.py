"""Why an order won on one tensor: the theorem that says so, or the assumptions that failed."""

from dataclasses import dataclass
from typing import Any, final

from sqtheory.orders.assumptions import DOMINANCE
from sqtheory.orders.counts import Openings
from sqtheory.orders.rulings import Rulings


@final
@dataclass(frozen=True)
class Reason:
    """The theorem that explains the winner, or the assumptions of ``prune_first_dominates`` that fail here.

    Z and Σ are judged on the tensor itself: a theorem applies to it where they hold, even if the format, the
    mask and the partitions would let them fail elsewhere.
    """

    theorem: str | None
    failed: tuple[str, ...]

    def __str__(self) -> str:
        return self.theorem or "not " + ", ".join(self.failed)

    def to_dict(self) -> dict[str, Any]:
        """Plain strings, ready for JSON."""
        return {"theorem": self.theorem, "failed": list(self.failed)}


def reason(known: Rulings, counted: Openings, p: float) -> Reason:
    """Which theorem makes the winner win on a tensor that was counted.

    ``frozen_commutation`` if q is deterministic, Z and Σ hold and both orders chose one mask, so that they agree;
    ``prune_first_dominates`` if all its assumptions hold; otherwise none, and those that fail.
    """
    if known.deterministic and not (counted.selected or counted.moved or counted.back):
        return Reason("frozen_commutation", ())
    failed = [a.name for a in DOMINANCE if not a.on_tensor(known, counted, p)]
    return Reason(None if failed else "prune_first_dominates", tuple(failed))
