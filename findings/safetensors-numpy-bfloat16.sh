#!/usr/bin/env bash
# Packages: numpy==2.4.0 ml_dtypes==0.6.0 safetensors==0.8.0
# Guess: safetensors.numpy loads every tensor that safetensors.numpy has saved.
# What happens: It saves the bfloat16 and 8-bit floats of ml_dtypes under their right names and raises KeyError on
# loading them; one such tensor hides all others in the file.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> bfloat16 -> KeyError('BF16')
#> float8_e4m3fn -> KeyError('F8_E4M3')
#> float8_e8m0fnu -> KeyError('F8_E8M0')
#> float16 -> ['scale', 'w']
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 ml_dtypes==0.6.0 safetensors==0.8.0
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import ml_dtypes as m, numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save
for dtype in (m.bfloat16, m.float8_e4m3fn, m.float8_e8m0fnu, np.float16):
    data = save({"scale": np.ones(2, dtype), "w": np.ones(3, np.float32)})
    try:
        result = sorted(load(data))
    except (KeyError, SafetensorError) as error:
        result = repr(error)
    print(np.dtype(dtype), "->", result)
END
diff "$tmp/expected" "$tmp/seen"
