"""Google's Qwix."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly, nearly

WHY = "last bits, which decide the maxima too, each a midpoint"
ALSO = "last bits, at most 2e−7 of an entry"

TOOL = Tool(
    name="qwix",
    title="Qwix: weights of JAX models",
    modes=(
        Mode(
            "int4",
            "symmetric per channel",
            format=nearly("int(4, per=row, scaling=midpoint)", "qwix:int4", 2176, 10240, WHY),
        ),
        Mode("nf4", "normal quantiles per channel", format=exactly("nf4(per=row)", "qwix:nf4")),
        Mode(
            "int8",
            "symmetric per channel",
            format=nearly("int(8, per=row, scaling=midpoint)", "qwix:int8", 2831, 10240, WHY),
        ),
        Mode("mxfp4", "E2M1 per 32", format=exactly("mxfp(e2m1, scaling=rceil)", "qwix:mxfp4")),
        Mode("mxfp8", "E4M3 per 32", format=exactly("mxfp(e4m3, scaling=rceil)", "qwix:mxfp8")),
        Mode(
            "fp8", "E4M3 per channel", format=nearly("scaled(e4m3, per=row)", "qwix:float8_e4m3fn", 1835, 10240, ALSO)
        ),
        Mode(
            "int4-minmax",
            "asymmetric per channel",
            format=nearly("affine(4, per=row)", "qwix:int4_minmax", 2450, 10240, ALSO),
        ),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight are values like others"),
    sources=(Measured("qwix", "0.1.8"),),
    surprises=("amax/7.5 makes every channel's maximum a midpoint",),
)
