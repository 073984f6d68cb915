"""Brevitas."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly, missing

TOOL = Tool(
    name="brevitas",
    title="Brevitas: weight quantizers as shipped",
    modes=(
        Mode("int4", "per output channel", format=exactly("int(4, per=row)")),
        Mode("mxfp8", "E4M3 per 32", format=exactly("mxfp(e4m3)")),
        Mode("mxint8", "8 bits per 32", format=missing("its step is half the usual one, and what lies above is cut")),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight are values like others"),
    sources=(Measured("brevitas", "0.13.4"),),
    surprises=("MXINT8 cuts what lies above the block's power of two: 16 % error, where the format has 0.8 %",),
)
