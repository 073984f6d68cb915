"""HQQ."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, Observed, OrderGuard, Tool, ZeroFate, exactly, missing

TOOL = Tool(
    name="hqq",
    title="HQQ: half-quadratic quantization",
    modes=(
        Mode(
            "4bit",
            "as by default, optimized",
            format=missing(
                "its real zero point comes of a proximal iteration that stops by the error of the tensor, and the last "
                "bits of |x|^−0.3 decide to which side zeros near a midpoint go",
                "hqq:int4",
                Observed(mixed=ZeroFate.lost, positive=ZeroFate.lost, negative=ZeroFate.lost, odd=False),
                nearest="affine(4, offset=real, most=20000.0, narrow=0.0001, block=64)",
                differ=9920,
                of=10240,
            ),
        ),
        Mode(
            "4bit-plain",
            "optimize=False",
            format=exactly(
                "affine(4, offset=real, most=20000.0, narrow=0.0001, block=64)",
                "hqq:int4_plain",
                seen=Observed(mixed=ZeroFate.lost, positive=ZeroFate.kept, negative=ZeroFate.residue),
            ),
        ),
        Mode(
            "4bit-round-zero",
            "optimize=False, round_zero=True",
            format=exactly(
                "affine(4, offset=real, rounded=true, most=20000.0, narrow=0.0001, block=64)",
                "hqq:int4_plain_round_zero",
                seen=Observed(mixed=ZeroFate.kept, positive=ZeroFate.kept, negative=ZeroFate.kept),
            ),
        ),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight come back"),
    sources=(Measured("hqq", "0.2.8.post1"),),
    surprises=("by default every zero is lost, of one-signed blocks too, and masking moves every survivor",),
)
