"""Models that onnxruntime 1.32.0 (with onnx 1.23.2) makes on a CPU, and the values it has for their weights."""

import logging

import numpy as np
import onnx
import onnxruntime as ort
from onnx import helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.matmul_nbits_quantizer import DefaultWeightOnlyQuantConfig, MatMulNBitsQuantizer

logging.disable(logging.INFO)
rng = np.random.default_rng(0)
K, N = 40, 6
W = rng.normal(size=(K, N)).astype(np.float32)
kept = {}


def session(m, disable=False):
    o = ort.SessionOptions()
    if disable:
        o.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(m.SerializeToString(), o, providers=["CPUExecutionProvider"])


def keep(name, m, y):
    m.producer_name = "onnxruntime.quantization"
    kept[name + ".onnx"] = np.frombuffer(m.SerializeToString(), np.uint8)
    kept[name + ".values"] = y.astype(np.float32)


def model(dtype, w):
    g = helper.make_graph(
        [helper.make_node("MatMul", ["x", "proj.weight"], ["y"], name="proj")],
        "g",
        [helper.make_tensor_value_info("x", dtype, ["m", K])],
        [helper.make_tensor_value_info("y", dtype, ["m", N])],
        [numpy_helper.from_array(w, "proj.weight")],
    )
    return helper.make_model(g, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


def dq_output(m):
    """the output of its DequantizeLinear nodes whose input is constant, nothing optimized"""
    m = onnx.ModelProto.FromString(m.SerializeToString())
    inits = {t.name for t in m.graph.initializer}
    names = [n.output[0] for n in m.graph.node if n.op_type == "DequantizeLinear" and n.input[0] in inits]
    for n in names:
        m.graph.output.append(helper.make_empty_tensor_value_info(n))
    s = session(m, True)
    feeds = {
        i.name: np.zeros(
            [d if isinstance(d, int) else 1 for d in i.shape], np.float16 if "float16" in i.type else np.float32
        )
        for i in s.get_inputs()
    }
    return dict(zip(names, s.run(names, feeds), strict=True))


for bits in (2, 4, 8):
    for sym in (True, False):
        for t in (np.float32, np.float16) if bits == 4 else (np.float32,):
            w = W.astype(t)
            m = model(helper.np_dtype_to_tensor_dtype(np.dtype(t)), w)
            q = MatMulNBitsQuantizer(
                m, algo_config=DefaultWeightOnlyQuantConfig(block_size=16, is_symmetric=sym, bits=bits)
            )
            q.process()
            keep(
                f"nbits-{bits}-{'sym' if sym else 'asym'}-{np.dtype(t).name}",
                q.model.model,
                session(q.model.model).run(None, {"x": np.eye(K, dtype=t)})[0],
            )


def changed(name, base, bits, t, groups=False, zeros=False):
    """the same operator with reordered columns or float zero points"""
    m = onnx.ModelProto.FromString(kept[f"nbits-{bits}-{base}-{np.dtype(t).name}.onnx"].tobytes())
    node = m.graph.node[0]
    if zeros:
        z = node.input[3]
        del m.graph.initializer[[one.name for one in m.graph.initializer].index(z)]
        m.graph.initializer.append(numpy_helper.from_array(rng.uniform(0, 2**bits - 1, (N, 3)).astype(t), z))
    if groups:
        m.graph.initializer.append(numpy_helper.from_array(rng.integers(0, 3, K).astype(np.int32), "proj.g_idx"))
        node.input.extend([""] * (4 - len(node.input)) + ["proj.g_idx"])
    keep(f"{name}-{bits}-{np.dtype(t).name}", m, session(m).run(None, {"x": np.eye(K, dtype=t)})[0])


changed("float-zeros", "asym", 2, np.float32, zeros=True)
for t in (np.float32, np.float16):
    changed("groups", "sym", 4, t, groups=True)
    changed("float-zeros", "asym", 4, t, zeros=True)
    changed("groups-float-zeros", "asym", 4, t, groups=True, zeros=True)
for sym in (True, False):
    for t in (np.float32, np.float16):
        m = model(helper.np_dtype_to_tensor_dtype(np.dtype(t)), W.astype(t))
        q = MatMulNBitsQuantizer(
            m,
            algo_config=DefaultWeightOnlyQuantConfig(
                block_size=16, is_symmetric=sym, bits=4, quant_format=QuantFormat.QDQ
            ),
        )
        q.process()
        [y] = dq_output(q.model.model).values()
        keep(f"qdq-4-{'sym' if sym else 'asym'}-{np.dtype(t).name}", q.model.model, y)


class R(CalibrationDataReader):
    def __init__(s):
        s.left = [{"x": rng.normal(size=(1, 3, 8, 8)).astype(np.float32)} for _ in range(2)]

    def get_next(s):
        return s.left.pop() if s.left else None


g = helper.make_graph(
    [helper.make_node("Conv", ["x", "conv.weight", "conv.bias"], ["y"], name="conv")],
    "g",
    [helper.make_tensor_value_info("x", 1, [1, 3, 8, 8])],
    [helper.make_tensor_value_info("y", 1, [1, 4, 6, 6])],
    [
        numpy_helper.from_array(rng.normal(size=(4, 3, 3, 3)).astype(np.float32), "conv.weight"),
        numpy_helper.from_array(rng.normal(size=4).astype(np.float32), "conv.bias"),
    ],
)
onnx.save(helper.make_model(g, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), "conv.onnx")
for wt in (QuantType.QInt8, QuantType.QUInt8):
    quantize_static(
        "conv.onnx",
        "convq.onnx",
        R(),
        quant_format=QuantFormat.QDQ,
        per_channel=True,
        weight_type=wt,
        activation_type=wt,
    )
    m = onnx.load("convq.onnx")
    out = dq_output(m)
    print([n.op_type for n in m.graph.node], [(t.name, t.data_type, list(t.dims)) for t in m.graph.initializer])
    keep(f"qdq-conv-{wt.name}", m, next(v for k, v in out.items() if v.ndim == 4))
np.savez_compressed("onnxruntime.npz", **kept)
