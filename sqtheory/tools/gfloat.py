"""gfloat."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="gfloat",
    title="gfloat: block formats",
    modes=(
        Mode("mxfp4", "OCP MXFP4", format=exactly("mxfp(e2m1)")),
        Mode("mxfp8", "OCP MXFP8, E4M3", format=exactly("mxfp(e4m3)")),
        Mode("mxint8", "OCP MXINT8", format=exactly("mxint(8)")),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros are values like others"),
    sources=(Measured("gfloat", "0.5.2"),),
)
