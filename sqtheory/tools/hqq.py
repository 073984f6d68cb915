"""HQQ."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, missing

OFFSET = "it has a real zero point besides the scale"

TOOL = Tool(
    name="hqq",
    title="HQQ: half-quadratic quantization",
    modes=(
        Mode("4bit", "as by default, optimized", format=missing(f"{OFFSET}, both fitted")),
        Mode("4bit-plain", "optimize=False", format=missing(OFFSET)),
        Mode("4bit-round-zero", "optimize=False, round_zero=True", format=missing("it has an integer zero point")),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight come back"),
    sources=(Measured("hqq", "0.2.8.post1"),),
    surprises=("by default every zero is lost, of one-signed blocks too, and masking moves every survivor",),
)
