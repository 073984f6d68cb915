"""compressed-tensors, the layouts that llm-compressor writes and vLLM reads."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly, missing

SELECTS = "which of equal entries it keeps follows torch's partial quicksort, no index rule"

TOOL = Tool(
    name="compressed-tensors",
    title="compressed-tensors: preset schemes and sparse compressors",
    modes=(
        Mode("W4A16", "4 bits in groups of 128", format=exactly("int(4, block=128, scaling=midpoint)")),
        Mode("W8A16", "8 bits in groups of 128", format=exactly("int(8, block=128, scaling=midpoint)")),
        Mode("MXFP4A16", "E2M1 in blocks of 32", format=exactly("mxfp(e2m1, scaling=even)")),
        Mode("MXFP8A16", "E4M3 in blocks of 32", format=exactly("mxfp(e4m3, scaling=rceil)")),
        Mode("NVFP4A16", "E2M1 under E4M3 per 16 under float32", format=exactly("nvfp4()")),
        Mode("FP8", "E4M3, one scale", format=exactly("scaled(e4m3, per=tensor)")),
        Mode(
            "sparse-24-bitmask",
            "2:4 as stored by releases up to 0.14",
            missing(SELECTS, "compressed_tensors_sparse:2_4"),
            counts="kept",
            axis="flat runs of 4",
        ),
    ),
    guard=OrderGuard(
        CanOrder.quantizes,
        "no sparse compressor is registered from 0.20 on (KeyError); sparse-24-bitmask of 0.14 prunes a dense tensor "
        "silently",
    ),
    sources=(Measured("compressed-tensors", "0.20.1"), Measured("compressed-tensors", "0.14.0.1")),
    surprises=(
        "sparse-24-bitmask ranks FP8 by its bytes as signed integers: (−8, −4, −2, −1) → (0, 0, −2, −1)",
        "MXFP4 of a float16 model turns blocks with a maximum below 6.1e−5 to 0",
    ),
)
