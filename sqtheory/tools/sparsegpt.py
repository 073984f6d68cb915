"""The official code of SparseGPT."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, missing

TOOL = Tool(
    name="sparsegpt",
    title="SparseGPT's official code, uncorrelated inputs of one power",
    modes=(
        Mode(
            "2:4",
            "two zeros of four",
            missing("which of equal entries it prunes follows torch's partial quicksort"),
            counts="pruned",
            score="float32",
        ),
    ),
    guard=OrderGuard(CanOrder.joint, "prunes and rounds column by column; a mask that is given is not kept"),
    sources=(Measured("IST-DASLab/sparsegpt", "official code", ran=False),),
    surprises=("unstructured it prunes one entry more in every slab than asked",),
)
