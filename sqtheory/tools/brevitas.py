"""Brevitas."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="brevitas",
    title="Brevitas: weight quantizers as shipped",
    modes=(
        Mode("int4", "per output channel", format=exactly("int(4, per=row)", "brevitas:int4_row")),
        Mode("mxfp8", "E4M3 per 32", format=exactly("mxfp(e4m3)", "brevitas:mxfp8")),
        Mode(
            "mxint8",
            "8 bits per 32",
            format=exactly("int(8, block=32, scaling=floorfull)", "brevitas:mxint8"),
        ),
        Mode("int8", "per output channel", format=exactly("int(8, per=row)", "brevitas:int8_row")),
        Mode("fp8", "E4M3 per output channel", format=exactly("scaled(e4m3, per=row)", "brevitas:fp8_row")),
        Mode("uint4", "4 bits with a zero point", format=exactly("affine(4, per=row)", "brevitas:uint4_shifted_row")),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight are values like others"),
    sources=(Measured("brevitas", "0.13.4"),),
    surprises=("MXINT8 cuts what lies above the block's power of two: 16 % error, where the format has 0.8 %",),
)
