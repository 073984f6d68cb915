"""The official code of the paper that this package starts from."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly

TOOL = Tool(
    name="interplay",
    title="parsa-epfl/quantization-sparsity-interplay, the official code of Effective Interplay",
    modes=(
        Mode(
            "hbfp6-2:4",
            "2:4 by magnitude and HBFP of 6 bits, blocks of 64",
            exactly("nm(2, 4, ties=introselect(prune))", "interplay_official:2_4"),
            exactly("hbfp(6, compat=1e-08)", "interplay_official:hbfp6"),
            counts="kept",
        ),
        Mode(
            "hbfp8", "HBFP of 8 bits, blocks of 64", format=exactly("hbfp(8, compat=1e-08)", "interplay_official:hbfp8")
        ),
        Mode(
            "hbfp4", "HBFP of 4 bits, blocks of 64", format=exactly("hbfp(4, compat=1e-08)", "interplay_official:hbfp4")
        ),
        Mode(
            "int4",
            "its copy of SparseGPT's quantizer, per row",
            format=exactly("int(4, per=row, scaling=halfrange)", "interplay_official:int4"),
        ),
    ),
    guard=OrderGuard(CanOrder.either, "a flag says which comes first"),
    sources=(Measured("interplay", "bed02bf39c79ae4523bb3de021643c6b95181d05"),),
    surprises=("1e−8 is added before the logarithm of the maximum, so small blocks get a larger exponent",),
)
