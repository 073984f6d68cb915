#!/usr/bin/env bash
# Packages: numpy==2.4.0 ml_dtypes==0.6.0 jax==0.10.2
# Guess: The least scale of E8M0, 2^-127, is a float32 number, so jax dequantizes with it on a CPU as numpy does.
# What happens: It is subnormal, and jax's operations flush it: the scale is shown as 5.9e-39 and multiplies to 0, is
# not above 0 and has the logarithm -inf. 2^-126 is used.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> numpy [5.8774718e-39 1.1754944e-38]  times 1024 [6.0185311e-36 1.2037062e-35]  above 0 [ True  True]  log2 [-127. -126.]
#> jax [5.8774718e-39 1.1754944e-38]  times 1024 [0.0000000e+00 1.2037062e-35]  above 0 [False  True]  log2 [ -inf -126.]
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 ml_dtypes==0.6.0 jax==0.10.2
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import jax.numpy as jnp, ml_dtypes, numpy as np
scales = np.array([0, 1], np.uint8).view(ml_dtypes.float8_e8m0fnu)
for name, library, s in (("numpy", np, scales.astype(np.float32)), ("jax", jnp, jnp.asarray(scales).astype(jnp.float32))):
    print(name, s, " times 1024", s * 1024, " above 0", s > 0, " log2", library.log2(s))
END
diff "$tmp/expected" "$tmp/seen"
