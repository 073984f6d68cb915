#!/usr/bin/env bash
# Packages: numpy==2.4.0 jax==0.10.2 keras==3.15.1
# Guess: INT8 by the largest magnitude does not depend on the unit of the weights: a row times 1e-7 has the same
# codes.
# What happens: 1e-7 is added to the maximum: at a maximum of 1e-7 half of the codes are used, at 1e-9 three of them.
# At 1 it turns 63.5 into 63 for 0.5 of the maximum.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> 1.0 [[127, 63, -127, 32]]
#> 0.001 [[127, 63, -127, 32]]
#> 1e-06 [[115, 58, -115, 29]]
#> 1e-07 [[64, 32, -64, 16]]
#> 1e-09 [[1, 1, -1, 0]]
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 jax==0.10.2 keras==3.15.1
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import os
os.environ["KERAS_BACKEND"] = "jax"
import numpy as np
from keras import quantizers
w = np.array([[1.0, 0.5, -1.0, 0.25]], np.float32)
for size in (1.0, 1e-3, 1e-6, 1e-7, 1e-9):
    print(size, np.asarray(quantizers.abs_max_quantize(w * np.float32(size), axis=-1)[0]).tolist())
END
diff "$tmp/expected" "$tmp/seen"
