#!/usr/bin/env bash
# Packages: numpy==2.4.0 ml_dtypes==0.6.0 jax==0.10.2
# Guess: jax and numpy fill an E8M0 array of zeros alike, and the largest of some finite scales is one of them.
# What happens: jnp.max and jnp.sum of E8M0 ones are NaN, prod is 1 (numpy: max 1); jnp.zeros holds NaN where np.zeros
# holds 2^-127.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> numpy max 1 min 1 prod 1 zeros [5.87747e-39]
#> jax max nan min nan prod 1 zeros [nan]
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 ml_dtypes==0.6.0 jax==0.10.2
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import jax.numpy as jnp, ml_dtypes, numpy as np
scales = np.ones(4, ml_dtypes.float8_e8m0fnu)
print("numpy max", np.max(scales), "min", np.min(scales), "prod", np.prod(scales), "zeros", np.zeros(1, scales.dtype))
scales = jnp.ones(4, jnp.float8_e8m0fnu)
print("jax max", jnp.max(scales), "min", jnp.min(scales), "prod", jnp.prod(scales), "zeros", jnp.zeros(1, scales.dtype))
END
diff "$tmp/expected" "$tmp/seen"
