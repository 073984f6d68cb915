"""Microsoft's NNI."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="nni",
    title="nni: its mask of a share",
    modes=(
        Mode(
            "50%",
            "half of a tensor",
            exactly("top(0.5, count=even_pruned, ties=introselect(prune))", "nni_prune:level_half"),
            counts="pruned",
        ),
    ),
    guard=OrderGuard(CanOrder.prunes, "masks whatever it is given"),
    sources=(Measured("nni", "3.0"),),
    surprises=("it has no n:m",),
)
