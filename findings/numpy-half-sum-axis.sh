#!/usr/bin/env bash
# Packages: numpy==2.4.0
# Guess: float16 sums are accumulated in float32, so 4096 ones sum to 4096 along either axis, and optimize=True in
# einsum changes the speed only.
# What happens: Along axis 0 the partial sums are float16 and stop at 2048 (mean is right). einsum of the same data
# gives 2048 or 4096 by its optimize flag.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> axis 0 of (4096, 2): [2.048e+03 2.048e+03]
#> axis 1 of (2, 4096): [4.096e+03 4.096e+03]
#> mean over axis 0:    [1. 1.]
#> einsum:              [2.048e+03 2.048e+03]
#> einsum, optimized:   [4.096e+03 4.096e+03]
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import numpy as np
x = np.ones((4096, 2), np.float16)
print("axis 0 of (4096, 2):", x.sum(axis=0))
print("axis 1 of (2, 4096):", x.T.copy().sum(axis=1))
print("mean over axis 0:   ", x.mean(axis=0))
print("einsum:             ", np.einsum("ij,ik->jk", x, x)[0])
print("einsum, optimized:  ", np.einsum("ij,ik->jk", x, x, optimize=True)[0])
END
diff "$tmp/expected" "$tmp/seen"
