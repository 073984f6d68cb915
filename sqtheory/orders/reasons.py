"""Why an order won on one tensor: the theorem that says so, or the assumptions that failed."""

from dataclasses import dataclass
from typing import Any, final

from sqtheory.alphabet.quantizers import Quantizer
from sqtheory.alphabet.sparsifiers import Sparsifier, TopSparsifier
from sqtheory.alphabet.traits import DETERMINISTIC, MONOTONE
from sqtheory.orders.channels import ChannelReport
from sqtheory.orders.report import OrderReport


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


def reason(order: OrderReport, channels: ChannelReport, s: Sparsifier, q: Quantizer) -> Reason:
    """Which theorem makes the winner of this report win.

    ``frozen_commutation`` if q is deterministic, Z and Σ hold and both orders chose one mask, so that they agree;
    ``prune_first_dominates`` if all its assumptions hold; otherwise none, and those that fail.
    """
    kept = not channels.zero.open and not channels.scale.open
    if kept and not channels.selection.open and DETERMINISTIC in q.traits:
        return Reason("frozen_commutation", ())
    holds = {
        "keeps_zero": not channels.zero.open,
        "keeps_scale": not channels.scale.open,
        "monotone": MONOTONE in q.traits,
        "magnitude": isinstance(s, TopSparsifier) and s.score.is_magnitude,
        "one_scale_per_group": channels.one_scale_per_group,
        "norm": order.p >= 1,
    }
    failed = tuple(name for name, held in holds.items() if not held)
    return Reason(None if failed else "prune_first_dominates", failed)
