"""SparseML, archived."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="sparseml",
    title="sparseml: NMPruningMaskCreator",
    modes=(
        Mode(
            "2:4",
            "two of four kept",
            exactly("nm(2, 4, ties=high_index)", "sparseml_masks:2_4"),
            counts="kept",
            axis="flat runs of 4",
        ),
        Mode(
            "3:4",
            "three of four kept",
            exactly("nm(3, 4, ties=high_index)", "sparseml_masks:3_4"),
            counts="kept",
            axis="flat runs of 4",
        ),
    ),
    guard=OrderGuard(CanOrder.sparsify_first, "its recipes prune in training and quantize last"),
    sources=(Measured("sparseml", "1.8.0"),),
    surprises=(
        "n of n:m is what is kept, where llm-compressor, its heir, counts zeros",
        "1.9.0 is an empty shell",
    ),
)
