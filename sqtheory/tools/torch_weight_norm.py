"""``torch.ao.pruning``."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="torch-ao-pruning",
    title="torch.ao.pruning.WeightNormSparsifier",
    modes=(
        Mode(
            "2:4",
            "two zeros of four, level 1",
            exactly("nm(2, 4, ties=introselect(prune))", "torch_weight_norm:2_4"),
            counts="pruned",
            score="squares in the dtype of the weights",
        ),
        Mode(
            "2:4-l1",
            "the same by |x|",
            exactly("nm(2, 4, ties=introselect(prune))", "torch_weight_norm:2_4_l1"),
            counts="pruned",
        ),
        Mode(
            "4:8",
            "four zeros of eight",
            exactly("nm(4, 8, ties=introselect(prune))", "torch_weight_norm:4_8"),
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
