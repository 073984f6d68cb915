"""The pruner of coremltools that runs in torch."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="coremltools-torch",
    title="coremltools.optimize.torch.pruning.MagnitudePruner",
    modes=(
        Mode(
            "2:4",
            "two zeros of four",
            exactly("nm(2, 4, ties=high_index)", "coremltools_prune:torch_2_4"),
            counts="pruned",
        ),
        Mode(
            "1:4",
            "one zero of four",
            exactly("nm(3, 4, ties=high_index)", "coremltools_prune:torch_1_4"),
            counts="pruned",
        ),
        Mode(
            "3:4",
            "three zeros of four",
            exactly("nm(1, 4, ties=high_index)", "coremltools_prune:torch_3_4"),
            counts="pruned",
        ),
        Mode(
            "2:4-dim0",
            "two zeros of four outputs",
            exactly("nm(2, 4, axis=0, ties=high_index)", "coremltools_prune:torch_2_4_axis_0"),
            counts="pruned",
            axis="output channels",
        ),
        Mode(
            "50%",
            "half of a tensor",
            exactly("top(0.5, ties=all_survive)", "coremltools_prune:torch_half"),
            counts="pruned",
            score="of the weights",
        ),
    ),
    guard=OrderGuard(CanOrder.sparsify_first, "quantization comes after conversion and needs joint_compression=True"),
    sources=(Measured("coremltools", "9.0"),),
    surprises=(
        "1:4 prunes one of four",
        "of equal weights at 50 % all stay, though its help says that the lowest become 0",
        "a short group is filled with zeros: 2 of 3 stay",
    ),
)
