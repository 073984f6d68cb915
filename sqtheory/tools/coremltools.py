"""coremltools on converted models."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, Observed, OrderGuard, Tool, ZeroFate, exactly, nearly

TOOL = Tool(
    name="coremltools",
    title="coremltools.optimize.coreml: prune_weights, linear_quantize_weights, joint compression",
    modes=(
        Mode(
            "int4-2:4",
            "prune_weights 2:4, then int4 in blocks of 32 with joint_compression=True",
            exactly("nm(2, 4, ties=high_index)", "coremltools_prune:coreml_2_4"),
            exactly("int(4, block=32)", "coremltools:int4_symmetric_32"),
            counts="pruned",
        ),
        Mode(
            "int4",
            "linear_quantize_weights, int4 in blocks of 32",
            format=exactly("int(4, block=32)", "coremltools:int4_symmetric_32"),
        ),
        Mode(
            "int8",
            "linear_quantize_weights, int8 per output channel",
            format=exactly("int(8, per=row)", "coremltools:int8_symmetric"),
        ),
        Mode(
            "50%",
            "prune_weights, half of a tensor",
            exactly("top(0.5, ties=all_die)", "coremltools_prune:coreml_half"),
            counts="pruned",
        ),
        Mode(
            "int4-asymmetric",
            "linear_quantize_weights, mode linear",
            format=exactly("affine(4, block=32)", "coremltools:int4_32"),
        ),
        Mode(
            "palette4-uniform",
            "palettize_weights, 4 bits, uniform",
            format=nearly(
                "affine(4, offset=float, per=tensor)",
                "coremltools:palette4_uniform",
                5084,
                10240,
                "last bits of levels, which are steps of fl(fl(min + σ) − min) there; 53 zeros midway go up",
                Observed(mixed=ZeroFate.lost, negative=ZeroFate.residue),
            ),
        ),
    ),
    guard=OrderGuard(
        CanOrder.sparsify_first,
        "joint_compression=True quantizes what survives and keeps every zero; without it a pruned "
        "weight is left unquantized, silently",
    ),
    sources=(Measured("coremltools", "9.0"),),
    surprises=(
        "its two pruners do opposite things with ties: here all die, in torch all stay",
        "palettes bring zeros of a dense weight back: uniform ones as 0.058, k-means as 2.3e−7",
    ),
)
