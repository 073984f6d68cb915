"""pychop."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="pychop",
    title="pychop: block formats in numpy",
    modes=(
        Mode("mxfp4", "E2M1", format=exactly("mxfp(e2m1)")),
        Mode("mxfp8", "E4M3", format=exactly("mxfp(e4m3)")),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros are values like others"),
    sources=(Measured("pychop", "0.6.2"),),
)
