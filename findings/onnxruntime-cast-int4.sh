#!/usr/bin/env bash
# Packages: numpy==2.4.0 ml_dtypes==0.6.0 onnx==1.23.2 onnxruntime==1.32.0
# Guess: Cast from float to INT4 truncates like Cast to INT8, in ONNX Runtime as in ONNX's own evaluator.
# What happens: ONNX Runtime rounds half away from zero for INT4 and truncates for INT8: 2.5 -> 3 and 2, 1.7 -> 2 and
# 1. The reference truncates in both.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> INT4 runtime [ 1.  2.  3. -3. -2.  7.]  reference [ 1.  1.  2. -2. -1.  7.]
#> INT8 runtime [ 1.  1.  2. -2. -1.  7.]  reference [ 1.  1.  2. -2. -1.  7.]
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
x = np.array([1.2, 1.7, 2.5, -2.5, -1.7, 7.4], np.float32)
ends = [helper.make_tensor_value_info(n, onnx.TensorProto.FLOAT, [x.size]) for n in "xy"]
for name in ("INT4", "INT8"):
    nodes = [helper.make_node("Cast", ["x"], ["q"], to=getattr(onnx.TensorProto, name)), helper.make_node("Cast", ["q"], ["y"], to=1)]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    print(name, "runtime", session.run(None, {"x": x})[0], " reference", ReferenceEvaluator(model).run(None, {"x": x})[0])
END
diff "$tmp/expected" "$tmp/seen"
