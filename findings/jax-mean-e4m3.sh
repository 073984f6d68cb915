#!/usr/bin/env bash
# Packages: numpy==2.4.0 ml_dtypes==0.6.0 jax==0.10.2
# Guess: jnp.mean of ones is 1 in every float type, or off by accumulation.
# What happens: The count is converted to E4M3 as well, where 465 and more are NaN: the mean of 16 ones is 1, of 465
# ones NaN. In bfloat16 it is 1.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> bfloat16 {16: 1.0, 465: 1.0, 1024: 1.0}
#> float8_e4m3fn {16: 1.0, 465: nan, 1024: nan}
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 ml_dtypes==0.6.0 jax==0.10.2
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import jax.numpy as jnp
for dtype in (jnp.bfloat16, jnp.float8_e4m3fn):
    print(jnp.dtype(dtype), {count: float(jnp.mean(jnp.ones(count, dtype))) for count in (16, 465, 1024)})
END
diff "$tmp/expected" "$tmp/seen"
