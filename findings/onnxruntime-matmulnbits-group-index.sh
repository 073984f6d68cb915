#!/usr/bin/env bash
# Packages: numpy==2.4.0 ml_dtypes==0.6.0 onnx==1.23.2 onnxruntime==1.32.0
# Guess: MatMulNBits with g_idx takes the same zero points as without, and g_idx that names the groups in their order
# changes nothing.
# What happens: on the CPU, packed zero points are ignored as soon as g_idx is there, without an error: every code has the
# zero point 8, as where none is given.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> codes 0 to 3, step 0.5, zero point 3:          [-1.5 -1.  -0.5  0. ]
#> the same with the groups named by g_idx:       [-4.  -3.5 -3.  -2.5]
#> no zero point, which means 8, and no g_idx:    [-4.  -3.5 -3.  -2.5]
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 ml_dtypes==0.6.0 onnx==1.23.2 onnxruntime==1.32.0
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import numpy as np, onnxruntime
from onnx import TensorProto, helper, numpy_helper
K, N, block = 32, 2, 16
codes = np.arange(N * K, dtype=np.uint8).reshape(N, K) % 16
B = (codes[:, 0::2] | codes[:, 1::2] << 4).reshape(N, K // block, block // 2)
parts = {"B": B, "s": np.full(N * K // block, 0.5, np.float32), "z": np.full(N, 0x33, np.uint8), "g": np.arange(K, dtype=np.int32) // block}
def product(*names):
    inputs = ["A", "B", "s", "z" if "z" in names else "", "g" if "g" in names else ""]
    node = helper.make_node("MatMulNBits", inputs, ["y"], domain="com.microsoft", K=K, N=N, bits=4, block_size=block)
    held = [numpy_helper.from_array(v, k) for k, v in parts.items() if k in ("B", "s", *names)]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [K, w]) for n, w in (("A", K), ("y", N))]
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(helper.make_graph([node], "g", ends[:1], ends[1:], held), opset_imports=opsets, ir_version=10)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"A": np.eye(K, dtype=np.float32)})[0].T
print("codes 0 to 3, step 0.5, zero point 3:         ", product("z")[0, :4])
print("the same with the groups named by g_idx:      ", product("z", "g")[0, :4])
print("no zero point, which means 8, and no g_idx:   ", product()[0, :4])
END
diff "$tmp/expected" "$tmp/seen"
