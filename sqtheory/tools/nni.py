"""Microsoft's NNI."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, missing

TOOL = Tool(
    name="nni",
    title="nni: its mask of a share",
    modes=(
        Mode(
            "50%",
            "half of a tensor",
            missing("which of equal entries it prunes follows torch's partial quicksort", "nni_prune:level_half"),
            counts="pruned",
        ),
    ),
    guard=OrderGuard(CanOrder.prunes, "masks whatever it is given"),
    sources=(Measured("nni", "3.0"),),
    surprises=("it has no n:m",),
)
