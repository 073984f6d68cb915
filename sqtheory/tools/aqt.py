"""Google's AQT."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, missing

TOOL = Tool(
    name="aqt",
    title="AQT: symmetric integers of JAX models",
    modes=(Mode("int4", "per channel", format=missing("its scale is amax/7.5, to other last bits")),),
    guard=OrderGuard(CanOrder.quantizes, "zeros stay at 2 bits and more"),
    sources=(Measured("aqtp", "0.9.0"),),
    surprises=("int1 has no zero",),
)
