"""bitsandbytes."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, Observed, OrderGuard, Tool, ZeroFate, exactly, missing, nearly

TOOL = Tool(
    name="bitsandbytes",
    title="bitsandbytes: NF4, FP4, 8-bit blockwise",
    modes=(
        Mode("nf4", "normal quantiles per 64", format=exactly("nf4()", "bitsandbytes:nf4")),
        Mode("fp4", "its 4-bit float per 64", format=exactly("scaled(fp4)", "bitsandbytes:fp4")),
        Mode(
            "nf4-double",
            "NF4 with block scales in 8 bits",
            format=nearly(
                "nf4(scaling=double)",
                "bitsandbytes:nf4_double",
                4624,
                8192,
                "last bits, at most 1.4e−7 of the largest entry: the mean of the scales is summed in float32 there",
            ),
        ),
        Mode(
            "8bit",
            "dynamic map per 256",
            format=missing(
                "on a CPU exact zeros become the fourth code above 0, and some midpoints take the neighbouring code",
                "bitsandbytes:dynamic8",
                Observed(mixed=ZeroFate.residue, positive=ZeroFate.residue),
                nearest="scaled(dynamic8, block=256)",
                differ=2207,
                of=10240,
            ),
        ),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight are values like others"),
    sources=(Measured("bitsandbytes", "0.50.2"),),
    surprises=(
        "8 bits on a CPU: every exact zero becomes 2.1e−5 of the maximum, though its map holds 0",
        "double quantization: emptying 16 of 64 rows moves 11146 of 12288 untouched values, up to 1.2 %",
    ),
)
