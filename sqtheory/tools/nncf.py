"""NNCF's pruner."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="nncf",
    title="NNCF: unstructured pruning",
    modes=(
        Mode(
            "local-50%",
            "UNSTRUCTURED_MAGNITUDE_LOCAL, 0.5",
            exactly("top(0.5, count=floor_rank, ties=all_die)", "nncf_prune:half"),
            counts="pruned",
        ),
        Mode(
            "local-75%",
            "the same, 0.75",
            exactly("top(0.25, count=floor_rank, ties=all_die)", "nncf_prune:three_quarters"),
            counts="pruned",
        ),
    ),
    guard=OrderGuard(CanOrder.sparsify_first, "its pipeline prunes in training, then quantizes; zeros stay"),
    sources=(Measured("nncf", "3.4.0"),),
    surprises=(
        "of 5 entries at 50 % it prunes 3, of 9 five; at 0 % it prunes one",
        "of equal entries none stays, at any ratio",
        "the global mode divides by each tensor's 2-norm first",
    ),
)
