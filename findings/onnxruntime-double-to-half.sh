#!/usr/bin/env bash
# Packages: numpy==2.4.0 ml_dtypes==0.6.0 onnx==1.23.2 onnxruntime==1.32.0
# Guess: Cast from float64 to float16 rounds once, as numpy and the reference evaluator do.
# What happens: ONNX Runtime goes through float32: a number just above the midpoint of 1 and its successor becomes 1;
# the reference gives the successor.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> runtime [1.000e+00 2.048e+03]
#> reference [1.00097656e+00 2.05000000e+03]
#> numpy [1.00097656e+00 2.05000000e+03]
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 ml_dtypes==0.6.0 onnx==1.23.2 onnxruntime==1.32.0
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import numpy as np, onnx, onnxruntime
from onnx import helper
from onnx.reference import ReferenceEvaluator
x = np.array([1 + 2**-11 + 2**-40, 2049 + 2**-20])
graph = helper.make_graph([helper.make_node("Cast", ["x"], ["y"], to=onnx.TensorProto.FLOAT16)], "g",
                          [helper.make_tensor_value_info("x", onnx.TensorProto.DOUBLE, [2])], [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT16, [2])])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
for name, y in (("runtime", session.run(None, {"x": x})[0]), ("reference", ReferenceEvaluator(model).run(None, {"x": x})[0]), ("numpy", x.astype(np.float16))):
    print(name, y.astype(float))
END
diff "$tmp/expected" "$tmp/seen"
