"""Google's Qwix."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly, missing

TOOL = Tool(
    name="qwix",
    title="Qwix: weights of JAX models",
    modes=(
        Mode("int4", "symmetric per channel", format=missing("its scale is amax/7.5, to other last bits")),
        Mode("nf4", "normal quantiles per channel", format=exactly("nf4(per=row)")),
    ),
    guard=OrderGuard(CanOrder.quantizes, "zeros of a pruned weight are values like others"),
    sources=(Measured("qwix", "0.1.8"),),
    surprises=("amax/7.5 makes every channel's maximum a midpoint",),
)
