"""The quantizer of GPTQ's official code."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="gptq",
    title="GPTQ's official quantizer, by plain rounding",
    modes=(Mode("sym", "4 bits per row, symmetric", format=exactly("int(4, per=row, scaling=halfrange)")),),
    guard=OrderGuard(CanOrder.quantizes, "its feedback refills pruned entries unless they are masked again"),
    sources=(Measured("IST-DASLab/gptq", "official code", ran=False),),
    surprises=("the symmetric rule halves the range on one-signed rows",),
)
