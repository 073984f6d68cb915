"""What an accumulator adds to the output of one layer in each order, beside how far apart the orders are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from sqtheory.arithmetic import Accumulation, read
from sqtheory.arrays import Array
from sqtheory.orders.applied import Order
from sqtheory.orders.matrix_errors import frobenius
from sqtheory.tables import Table
from sqtheory.theory.certificates import AccumulationCertificate, certify_accumulation

ROWS = 64
"""Rows of inputs that are emulated, evenly spread."""


@final
@dataclass(frozen=True)
class HardwareGuarantee:
    """One block linear at rows of the inputs of the dense model, its weights after both operators."""

    name: str
    rows: int
    certificates: Mapping[Order, AccumulationCertificate]
    apart: float
    """‖X(Ŵ_sq − Ŵ_qs)ᵀ‖_F of operands as they are read: how far the orders are apart in exact arithmetic."""

    @property
    def decided(self) -> str:
        """What is larger: how far the orders are apart, beyond both bounds; or what the accumulator adds; or open.

        Theorem ``order_on_hardware``.
        """
        bounds = sum(each.bound for each in self.certificates.values())
        added = max(each.measured for each in self.certificates.values())
        return "order" if self.apart > bounds else "accumulator" if added > self.apart else "open"

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers and strings, ready for JSON."""
        found = {order.name: each.to_dict() for order, each in self.certificates.items()}
        return {"name": self.name, "rows": self.rows, **found, "apart": self.apart, "decided": self.decided}


def certify_hardware(
    name: str, x: Array, weights: Mapping[Order, Array], accumulation: Accumulation
) -> HardwareGuarantee:
    """The guarantee of one layer: inputs x (n × K), weights after both operators in each order, S→Q and Q→S at least.

    Raises what operands refuse.
    """
    rows = x[:: max(1, -(-len(x) // ROWS))]
    x_read, *read_weights = (read(v, accumulation.reads) for v in (rows, weights[Order.sq], weights[Order.qs]))
    sq, qs = (w.values for w in read_weights)
    apart = frobenius(x_read.values @ (sq - qs).T)
    found = {order: certify_accumulation(rows, weight, accumulation) for order, weight in weights.items()}
    return HardwareGuarantee(name, len(rows), found, apart)


def hardware_table(found: Sequence[HardwareGuarantee], title: str = "") -> Table:
    """A line for each layer, in percent of the norm of its output: operands, accumulator, its bound, orders apart."""
    orders = list(found[0].certificates)
    header = ["layer"]
    for order in orders:
        header += [f"{order} operands", "accumulator", "bound", "tightness"]
    rows = []
    for each in found:
        cells = [each.name]
        for one in each.certificates.values():
            cells += [_share(v, one.output) for v in (one.operands, one.measured, one.bound)] + [f"{one.tightness:.3f}"]
        output = each.certificates[orders[0]].output
        rows.append((*cells, _share(each.apart, output), each.decided))
    return Table((*header, "orders apart", "larger"), tuple(rows), title)


def hardware_sentence(found: Sequence[HardwareGuarantee]) -> str:
    """In how many layers which of the two is larger."""
    count = {kind: sum(each.decided == kind for each in found) for kind in ("order", "accumulator", "open")}
    by = next(iter(found[0].certificates.values())).accumulation
    return (
        f"{by}: in {count['order']} of {len(found)} layers the orders stay apart whatever the accumulator does within "
        f"its bounds; in {count['accumulator']} it adds more than they are apart; {count['open']} are open."
    )


def _share(value: float, of: float) -> str:
    return f"{100 * value / of:.2g}%" if of else "–"
