#!/usr/bin/env bash
# Packages: numpy==2.4.0 ml_dtypes==0.6.0 onnx==1.23.2 onnxruntime==1.32.0
# Guess: QuantizeLinear saturates, so a weight far above the largest code becomes the largest code, in the reference
# implementation of the standard as in the runtime.
# What happens: In onnx.reference (x86-64) a quotient x/scale of 2^31 or more becomes the least code: the positive
# outlier changes its sign, or becomes 0 where codes are unsigned. onnxruntime gives the largest code.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> INT8 reference [127, 127, -128, -128] runtime [127, 127, 127, -128]
#> UINT8 reference [255, 255, 0, 0] runtime [255, 255, 255, 0]
#> INT4 reference [7, 7, -8, -8] runtime [7, 7, 7, -8]
#> INT8 reference, weight 0.1 and scale 1e-12: -128
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check \
    numpy==2.4.0 ml_dtypes==0.6.0 onnx==1.23.2 onnxruntime==1.32.0
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

weights = np.array([1e6, 2e9, 3e9, -3e9], np.float32)


def model(code):
    quantize = helper.make_node("QuantizeLinear", ["w", "scale"], ["codes"], output_dtype=getattr(TensorProto, code))
    widen = helper.make_node("Cast", ["codes"], ["out"], to=TensorProto.INT32)
    given = [helper.make_tensor_value_info("w", TensorProto.FLOAT, [None])]
    given.append(helper.make_tensor_value_info("scale", TensorProto.FLOAT, []))
    out = [helper.make_tensor_value_info("out", TensorProto.INT32, [None])]
    graph = helper.make_graph([quantize, widen], "graph", given, out)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


one = {"w": weights, "scale": np.array(1, np.float32)}
for code in ("INT8", "UINT8", "INT4"):
    reference = ReferenceEvaluator(model(code)).run(None, one)[0]
    session = onnxruntime.InferenceSession(model(code).SerializeToString(), providers=["CPUExecutionProvider"])
    print(code, "reference", reference.tolist(), "runtime", session.run(None, one)[0].tolist())
tiny = {"w": np.array([0.1], np.float32), "scale": np.array(1e-12, np.float32)}
print("INT8 reference, weight 0.1 and scale 1e-12:", ReferenceEvaluator(model("INT8")).run(None, tiny)[0][0])
END
diff "$tmp/expected" "$tmp/seen"
