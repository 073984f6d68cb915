"""NVIDIA's apex."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, nearly

TOOL = Tool(
    name="apex-asp",
    title="apex.contrib.sparsity (ASP)",
    modes=(
        Mode(
            "m4n2_1d",
            "two of four kept",
            nearly("nm(2, 4)", "apex_asp:m4n2_1d", 3230, 30720, "of equal patterns it takes its own first"),
            counts="kept",
        ),
    ),
    guard=OrderGuard(CanOrder.prunes, "masks whatever it is given; what follows must keep its zeros"),
    sources=(Measured("NVIDIA/apex", "6424da3b4faa6c8f062da4a48c424fff3f02d42d"),),
    surprises=("m4n2_2d_greedy and m4n2_2d_best raise",),
)
