"""optimum-quanto."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly, missing

OFFSET = "it has a real offset besides the scale"

TOOL = Tool(
    name="quanto",
    title="optimum-quanto",
    modes=(
        Mode("qint4", "4 bits in groups", format=missing(OFFSET)),
        Mode("qint2", "2 bits in groups", format=missing(OFFSET)),
        Mode("qint8", "8 bits per output", format=exactly("int(8, per=row)")),
        Mode("qfloat8", "E4M3 per output", format=exactly("scaled(e4m3, per=row)")),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight come back, but of qint8 and qfloat8"),
    sources=(Measured("optimum-quanto", "0.2.7"),),
    surprises=("an all-zero row is NaN under qfloat8",),
)
