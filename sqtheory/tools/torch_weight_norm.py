"""``torch.ao.pruning``."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, missing

WHY = "it ranks squares in float32, and which of equal ones it prunes follows a partial quicksort"

TOOL = Tool(
    name="torch-ao-pruning",
    title="torch.ao.pruning.WeightNormSparsifier",
    modes=(
        Mode(
            "2:4",
            "two zeros of four, level 1",
            missing(WHY, "torch_weight_norm:2_4"),
            counts="pruned",
            score="squares in the dtype of the weights",
        ),
        Mode(
            "2:4-l1",
            "the same by |x|",
            missing(
                "which of equal entries it prunes follows torch's partial quicksort, no index rule",
                "torch_weight_norm:2_4_l1",
            ),
            counts="pruned",
        ),
        Mode(
            "4:8",
            "four zeros of eight",
            missing(WHY, "torch_weight_norm:4_8"),
            counts="pruned",
            score="squares in the dtype of the weights",
        ),
    ),
    guard=OrderGuard(CanOrder.prunes, "masks whatever it is given"),
    sources=(Measured("torch", "2.13.0+cpu"),),
    surprises=(
        "it ranks squares in the dtype of the weights, which can tie or underflow where the weights do not",
        "of 6 columns the mask is 8 wide: step() works, the forward pass raises",
    ),
)
