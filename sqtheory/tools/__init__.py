"""Releases of pruners and quantizers: what each does to a weight, as operators of the alphabet, and in which order."""

from difflib import get_close_matches

from sqtheory.tools import (
    apex,
    aqt,
    auto_round,
    awq,
    bitsandbytes,
    brevitas,
    compressed_tensors,
    coremltools,
    coremltools_torch,
    fouroversix,
    gfloat,
    ggml,
    gguf,
    gptq,
    gptqmodel,
    hqq,
    interplay,
    llmcompressor,
    microxcaling,
    ml_dtypes,
    mlx,
    modelopt,
    neural_compressor,
    neural_compressor_rtn,
    nncf,
    nni,
    onnx,
    onnxruntime,
    openvino,
    paddle,
    pychop,
    qtorch,
    quanto,
    quark,
    qwix,
    sparsegpt,
    sparseml,
    tfmot,
    torch_cuda,
    torch_prune,
    torch_pruning,
    torch_quantization,
    torch_tile,
    torch_topk,
    torch_weight_norm,
    torchao,
    wanda,
)
from sqtheory.tools.tool import CanOrder, Measured, Mode, Observed, OrderGuard, Step, Tool, ZeroFate

__all__ = [
    "ALL",
    "CanOrder",
    "Measured",
    "Mode",
    "Observed",
    "OrderGuard",
    "Step",
    "Tool",
    "ZeroFate",
    "find",
]

ALL: tuple[Tool, ...] = (
    torch_topk.TOOL,
    torch_cuda.TOOL,
    torch_prune.TOOL,
    torch_weight_norm.TOOL,
    torch_tile.TOOL,
    torch_quantization.TOOL,
    torchao.TOOL,
    llmcompressor.TOOL,
    compressed_tensors.TOOL,
    modelopt.TOOL,
    nncf.TOOL,
    openvino.TOOL,
    coremltools_torch.TOOL,
    coremltools.TOOL,
    neural_compressor.TOOL,
    neural_compressor_rtn.TOOL,
    tfmot.TOOL,
    paddle.TOOL,
    sparseml.TOOL,
    nni.TOOL,
    torch_pruning.TOOL,
    apex.TOOL,
    wanda.TOOL,
    sparsegpt.TOOL,
    gptq.TOOL,
    gptqmodel.TOOL,
    awq.TOOL,
    interplay.TOOL,
    onnxruntime.TOOL,
    onnx.TOOL,
    gguf.TOOL,
    ggml.TOOL,
    bitsandbytes.TOOL,
    hqq.TOOL,
    quanto.TOOL,
    mlx.TOOL,
    brevitas.TOOL,
    fouroversix.TOOL,
    gfloat.TOOL,
    ml_dtypes.TOOL,
    qwix.TOOL,
    aqt.TOOL,
    microxcaling.TOOL,
    pychop.TOOL,
    qtorch.TOOL,
    quark.TOOL,
    auto_round.TOOL,
)
"""Every tool; a new one is its file and a line here."""


def find(name: str) -> Tool:
    """The tool of this name, or of TOOL:MODE in that mode. Raises ValueError naming the closest."""
    known = {tool.name: tool for tool in ALL}
    own, _, mode = name.partition(":")
    own = own.lower()
    if own in known:
        return known[own].of_mode(mode) if mode else known[own]
    close = get_close_matches(own, known, n=1)
    close += [each for tool in ALL for each in tool.spelled_modes if each.partition(":")[2].lower() == own and not mode]
    hint = f"did you mean {' or '.join(close)}?" if close else f"known are {', '.join(known)}"
    raise ValueError(f"there is no tool {name!r}: {hint}")
