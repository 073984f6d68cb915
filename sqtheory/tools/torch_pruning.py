"""torch-pruning, which removes channels."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="torch-pruning",
    title="torch-pruning: structured pruning of channels",
    modes=(
        Mode(
            "local-50%",
            "half of the output channels, by their norm",
            exactly("blockwise(0.5, per=row)", "torch_pruning:local_half"),
            counts="pruned",
            axis="output channels",
            note="rows that are pruned here are removed there",
        ),
    ),
    guard=OrderGuard(CanOrder.prunes, "what it removes is not there to be quantized"),
    sources=(Measured("torch-pruning", "1.6.1"),),
    surprises=(
        "globally it prunes all that are ≤ the threshold: of rows (3, 1, 2, 2, 2, 1, 3, 2) at 50 % six of eight",
        "of eight equal channels none is pruned",
    ),
)
