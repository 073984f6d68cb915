#!/usr/bin/env bash
# Packages: tinygrad==0.14.0
# Guess: A tensor cast to float16 holds float16 numbers: 1e9 is inf, 0.1 is 0.0999755859375; bfloat16 and float16
# behave alike.
# What happens: Until it is realized, the float16 tensor shows and passes on the float32 values; bfloat16 rounds at
# once. An addition of 0 does not round either.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> dtypes.half as it is [1000000000.0, 0.10000000149011612] in float32 [1000000000.0, 0.10000000149011612]
#> dtypes.half realized [inf, 0.0999755859375] in float32 [inf, 0.0999755859375]
#> dtypes.half plus 0 [1000000000.0, 0.10000000149011612] in float32 [1000000000.0, 0.10000000149011612]
#> dtypes.bfloat16 as it is [998244352.0, 0.10009765625] in float32 [998244352.0, 0.10009765625]
#> dtypes.bfloat16 realized [998244352.0, 0.10009765625] in float32 [998244352.0, 0.10009765625]
#> dtypes.bfloat16 plus 0 [998244352.0, 0.10009765625] in float32 [998244352.0, 0.10009765625]
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check tinygrad==0.14.0
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import os
os.environ["DEV"] = "PYTHON"
from tinygrad import Tensor, dtypes
for dtype in (dtypes.float16, dtypes.bfloat16):
    for name, treat in (("as it is", lambda x: x), ("realized", Tensor.realize), ("plus 0", lambda x: x + 0)):
        x = treat(Tensor([1e9, 0.1]).cast(dtype))
        print(x.dtype, name, x.tolist(), "in float32", x.cast(dtypes.float32).tolist())
END
diff "$tmp/expected" "$tmp/seen"
