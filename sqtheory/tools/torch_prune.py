"""``torch.nn.utils.prune``."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="torch-prune",
    title="torch.nn.utils.prune",
    modes=(
        Mode(
            "l1-50%",
            "l1_unstructured, half of a tensor",
            exactly("top(0.5, count=even_pruned, ties=introselect(prune))", "torch_prune:half"),
            counts="pruned",
        ),
        Mode(
            "l1-75%",
            "three quarters of it",
            exactly("top(0.25, count=even_pruned, ties=introselect(prune))", "torch_prune:three_quarters"),
            counts="pruned",
        ),
    ),
    guard=OrderGuard(CanOrder.prunes, "masks whatever it is given"),
    sources=(Measured("torch", "2.13.0+cpu"),),
    surprises=(
        "the count is rounded half to even: of 5 it prunes 2, of 7 it prunes 4",
        "ln_structured keeps what l1_unstructured prunes of equal entries: the upper half",
    ),
)
