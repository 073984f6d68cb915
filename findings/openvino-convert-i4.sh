#!/usr/bin/env bash
# Packages: numpy==2.4.0 openvino==2026.4.1
# Guess: Converting 12 to i4 and back gives an INT4 value (-4 if it wraps, 7 if it saturates), the same whether folded
# or compiled for the CPU.
# What happens: Constant folding wraps: -4. The compiled model keeps 12, for the CPU computes i4 in 8 bits; the same
# holds for u4.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> i4 [ 3.  7.  8. 12. -9.] folded [ 3.  7. -8. -4.  7.]  compiled [ 3.  7.  8. 12. -9.]
#> u4 [ 3. 15. 16. 23.] folded [ 3. 15.  0.  7.]  compiled [ 3. 15. 16. 23.]
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 openvino==2026.4.1
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import numpy as np, openvino
import openvino.opset15 as op
from openvino.passes import ConstantFolding, Manager
for kind, codes in (("i4", [3, 7, 8, 12, -9]), ("u4", [3, 15, 16, 23])):
    x = np.array(codes, np.float32)
    folded = openvino.Model([op.convert(op.convert(op.constant(x), kind), "f32")], [])
    passes = Manager()
    passes.register_pass(ConstantFolding())
    passes.run_passes(folded)
    source = op.parameter([x.size], openvino.Type.f32)
    compiled = openvino.Core().compile_model(openvino.Model([op.convert(op.convert(source, kind), "f32")], [source]), "CPU")
    print(kind, x, "folded", folded.get_results()[0].input_value(0).get_node().data, " compiled", compiled([x])[0])
END
diff "$tmp/expected" "$tmp/seen"
