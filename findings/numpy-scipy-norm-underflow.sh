#!/usr/bin/env bash
# Packages: numpy==2.4.0 scipy==1.17.1
# Guess: A 2-norm routine scales against underflow and overflow; scipy.linalg.norm gives the same for a vector and for
# the 1 x 2 matrix with its entries.
# What happens: numpy squares first: the norm of a vector that is not zero is 0. scipy scales for a vector and does
# not for a matrix. On float16 both overflow at a norm of 424.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> numpy 0, scipy vector 5e-200, scipy matrix 0
#> numpy inf, scipy vector 5e+200, scipy matrix inf
#> float16 inf inf, float32 424
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 scipy==1.17.1
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import numpy as np, scipy.linalg
small, large = np.array([3e-200, 4e-200]), np.array([3e200, 4e200])
for x in (small, large):
    print(f"numpy {np.linalg.norm(x):.3g}, scipy vector {scipy.linalg.norm(x):.3g}, scipy matrix {scipy.linalg.norm(x[None]):.3g}")
half = np.array([300, 300], np.float16)
print(f"float16 {np.linalg.norm(half)} {scipy.linalg.norm(half)}, float32 {np.linalg.norm(half.astype(np.float32)):.3g}")
END
diff "$tmp/expected" "$tmp/seen"
