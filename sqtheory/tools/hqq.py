"""HQQ."""

from sqtheory.tools.tool import CanOrder, Kept, Measured, Mode, Observed, OrderGuard, Tool, missing

TOOL = Tool(
    name="hqq",
    title="HQQ: half-quadratic quantization",
    modes=(
        Mode(
            "4bit",
            "as by default, optimized",
            format=missing(
                "it has a real offset besides the scale, both fitted",
                "hqq:int4",
                Observed(mixed=Kept.lost, positive=Kept.lost, negative=Kept.lost, odd=False),
            ),
        ),
        Mode(
            "4bit-plain",
            "optimize=False",
            format=missing(
                "it has a real offset besides the scale",
                "hqq:int4_plain",
                Observed(mixed=Kept.lost, positive=Kept.kept, negative=Kept.residue, odd=False),
            ),
        ),
        Mode(
            "4bit-round-zero",
            "optimize=False, round_zero=True",
            format=missing(
                "it has an integer zero point besides the scale",
                "hqq:int4_plain_round_zero",
                Observed(mixed=Kept.kept, positive=Kept.kept, negative=Kept.kept, odd=True),
            ),
        ),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight come back"),
    sources=(Measured("hqq", "0.2.8.post1"),),
    surprises=("by default every zero is lost, of one-signed blocks too, and masking moves every survivor",),
)
