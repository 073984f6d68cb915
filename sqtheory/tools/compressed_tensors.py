"""compressed-tensors, the layouts that llm-compressor writes and vLLM reads."""

from sqtheory.tools.tool import CanOrder, Measured, Mode, OrderGuard, Tool, exactly, nearly

TOOL = Tool(
    name="compressed-tensors",
    title="compressed-tensors: preset schemes and sparse compressors",
    modes=(
        Mode(
            "W4A16",
            "4 bits in groups of 128",
            format=exactly("int(4, block=128, scaling=midpoint)", "compressed_tensors:W4A16"),
        ),
        Mode(
            "W8A16",
            "8 bits in groups of 128",
            format=exactly("int(8, block=128, scaling=midpoint)", "compressed_tensors:W8A16"),
        ),
        Mode(
            "MXFP4A16",
            "E2M1 in blocks of 32",
            format=exactly("mxfp(e2m1, scaling=even)", "compressed_tensors:MXFP4A16"),
        ),
        Mode(
            "MXFP8A16",
            "E4M3 in blocks of 32",
            format=exactly("mxfp(e4m3, scaling=rceil)", "compressed_tensors:MXFP8A16"),
        ),
        Mode(
            "NVFP4A16",
            "E2M1 under E4M3 per 16 under float32",
            format=nearly("nvfp4()", "compressed_tensors:NVFP4A16", 2764, 8192, "last bits, at most 2e−7 of an entry"),
        ),
        Mode("FP8", "E4M3, one scale", format=exactly("scaled(e4m3, per=tensor)", "compressed_tensors:FP8")),
        Mode(
            "sparse-24-bitmask",
            "2:4 as stored by releases up to 0.14",
            exactly("nm(2, 4, ties=introselect(keep))", "compressed_tensors_sparse:2_4"),
            counts="kept",
            axis="flat runs of 4",
        ),
        Mode(
            "W8A8",
            "8 bits, one scale for each output",
            format=exactly("int(8, per=row, scaling=midpoint)", "compressed_tensors:W8A8"),
        ),
        Mode(
            "FP8_DYNAMIC",
            "E4M3, one scale for each output",
            format=exactly("scaled(e4m3, per=row)", "compressed_tensors:FP8_DYNAMIC"),
        ),
        Mode(
            "MXFP6A16",
            "E2M3 in blocks of 32",
            format=exactly("mxfp(e2m3, scaling=even)", "compressed_tensors:MXFP6A16"),
        ),
        Mode(
            "W4A16_ASYM",
            "4 bits in groups of 128 with a zero point",
            format=exactly("affine(4, block=128)", "compressed_tensors:W4A16_ASYM"),
        ),
    ),
    guard=OrderGuard(
        CanOrder.quantizes,
        "no sparse compressor is registered from 0.20 on (KeyError); sparse-24-bitmask of 0.14 "
        "prunes a dense tensor silently",
    ),
    sources=(
        Measured("compressed-tensors", "0.20.1"),
        Measured("compressed-tensors", "0.14.0.1"),
    ),
    surprises=(
        "sparse-24-bitmask ranks FP8 by its bytes as signed integers: (−8, −4, −2, −1) → (0, 0, −2, −1)",
        "MXFP4 of a float16 model turns blocks with a maximum below 6.1e−5 to 0",
    ),
)
