#!/usr/bin/env bash
# Packages: numpy==2.4.0 safetensors==0.8.0
# Guess: A view of an array is saved as what it shows: the even columns kept by structured pruning, or a transposed
# matrix.
# What happens: The bytes that lie behind the view are written under the view's shape: columns 0 and 2 come back as
# other entries, the transpose as the untransposed bytes.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> even columns [[0.0, 2.0], [4.0, 6.0]] -> [[0.0, 1.0], [2.0, 3.0]]
#> transpose [[0.0, 4.0], [1.0, 5.0], [2.0, 6.0], [3.0, 7.0]] -> [[0.0, 1.0], [2.0, 3.0], [4.0, 5.0], [6.0, 7.0]]
#> copied transpose [[0.0, 4.0], [1.0, 5.0], [2.0, 6.0], [3.0, 7.0]] -> [[0.0, 4.0], [1.0, 5.0], [2.0, 6.0], [3.0, 7.0]]
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 safetensors==0.8.0
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import numpy as np
from safetensors.numpy import load, save
w = np.arange(8, dtype=np.float32).reshape(2, 4)
for name, view in (("even columns", w[:, ::2]), ("transpose", w.T), ("copied transpose", w.T.copy())):
    print(name, view.tolist(), "->", load(save({"w": view}))["w"].tolist())
END
diff "$tmp/expected" "$tmp/seen"
