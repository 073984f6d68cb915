#!/usr/bin/env bash
# Packages: numpy==2.4.0 scipy==1.17.1
# Guess: mmwrite refuses float16 (scipy.sparse does) or writes its values as real numbers.
# What happens: It writes the header `integer` and truncates every entry toward zero, without a warning; float32 of
# the same matrix is exact.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> float32 %%MatrixMarket matrix array real general [[ 0.5  -1.75  3.25]]
#> float16 %%MatrixMarket matrix array integer general [[ 0 -1  3]]
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 scipy==1.17.1
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import numpy as np, scipy.io
w = np.array([[0.5, -1.75, 3.25]])
for dtype in (np.float32, np.float16):
    scipy.io.mmwrite("w.mtx", w.astype(dtype))
    print(np.dtype(dtype), open("w.mtx").readline().strip(), scipy.io.mmread("w.mtx"))
END
diff "$tmp/expected" "$tmp/seen"
