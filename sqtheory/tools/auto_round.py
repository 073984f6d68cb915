"""Intel's AutoRound, without tuning."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, missing

TOOL = Tool(
    name="auto-round",
    title="AutoRound: rounding to nearest, without tuning",
    modes=(
        Mode("sym", "4 bits in groups", format=missing("its scale is the entry of largest magnitude over −8")),
        Mode("asym", "4 bits in groups", format=missing("it has an integer zero point besides the scale")),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight stay, through tuning too"),
    sources=(Measured("auto-round", "0.16.1"),),
    surprises=("scales are clamped at 1e−5: of weights of that size 694 of 8192 survivors become 0",),
)
