"""NVIDIA's apex."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="apex-asp",
    title="apex.contrib.sparsity (ASP)",
    modes=(Mode("m4n2_1d", "two of four kept", exactly("patterns(2, 4)", "apex_asp:m4n2_1d"), counts="kept"),),
    guard=OrderGuard(CanOrder.prunes, "masks whatever it is given; what follows must keep its zeros"),
    sources=(Measured("NVIDIA/apex", "6424da3b4faa6c8f062da4a48c424fff3f02d42d"),),
    surprises=("m4n2_2d_greedy and m4n2_2d_best raise",),
)
