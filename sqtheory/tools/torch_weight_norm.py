"""``torch.ao.pruning``."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, missing

SELECTS = "which of equal entries it prunes follows a partial quicksort, no index rule; it ranks squares"

TOOL = Tool(
    name="torch-ao-pruning",
    title="torch.ao.pruning.WeightNormSparsifier",
    modes=(
        Mode(
            "2:4",
            "two zeros of four, level 1",
            missing(SELECTS, "torch_weight_norm:2_4"),
            counts="pruned",
            score="of the weights",
        ),
        Mode("2:4-l1", "the same by |x|", missing(SELECTS, "torch_weight_norm:2_4_l1"), counts="pruned"),
        Mode("4:8", "four zeros of eight", missing(SELECTS, "torch_weight_norm:4_8"), counts="pruned"),
    ),
    guard=OrderGuard(CanOrder.prunes, "masks whatever it is given"),
    sources=(Measured("torch", "2.13.0+cpu"),),
    surprises=(
        "it ranks squares in the dtype of the weights, which can tie or underflow where the weights do not",
        "of 6 columns the mask is 8 wide: step() works, the forward pass raises",
    ),
)
