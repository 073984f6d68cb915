"""pychop."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly, nearly

TOOL = Tool(
    name="pychop",
    title="pychop: block formats in numpy",
    modes=(
        Mode("mxfp4", "E2M1", format=exactly("mxfp(e2m1)", "pychop:mxfp4_e2m1")),
        Mode("mxfp8", "E4M3", format=exactly("mxfp(e4m3)", "pychop:mxfp8_e4m3")),
        Mode("mxfp6", "E2M3", format=exactly("mxfp(e2m3)", "pychop:mxfp6_e2m3")),
        Mode("mxint8", "8 bits", format=nearly("mxint(8)", "pychop:mxint8", 1, 8192, "it has the code −128")),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros are values like others"),
    sources=(Measured("pychop", "0.6.2"),),
)
