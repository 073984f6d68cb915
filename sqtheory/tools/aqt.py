"""Google's AQT."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, nearly

WHY = "last bits, which decide the maxima too, each a midpoint"
ALSO = "last bits, at most 2e−7 of an entry"

TOOL = Tool(
    name="aqt",
    title="AQT: symmetric integers of JAX models",
    modes=(
        Mode("int4", "per channel", format=nearly("int(4, per=row, scaling=midpoint)", "aqtp:int4", 1537, 8192, WHY)),
        Mode("int8", "per channel", format=nearly("int(8, per=row, scaling=midpoint)", "aqtp:int8", 2032, 8192, WHY)),
        Mode(
            "int4-preserve-max",
            "preserve_max_val=True",
            format=nearly("int(4, per=row)", "aqtp:int4_preserve_max_val", 1348, 8192, ALSO),
        ),
        Mode("e4m3", "E4M3 per channel", format=nearly("scaled(e4m3, per=row)", "aqtp:e4m3", 1360, 8192, ALSO)),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros stay at 2 bits and more"),
    sources=(Measured("aqtp", "0.9.0"),),
    surprises=("int1 has no zero",),
)
