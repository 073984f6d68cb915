#!/usr/bin/env bash
# Packages: numpy==2.4.0 safetensors==0.8.0 mlx[cpu]==0.32.4
# Guess: a safetensors file without metadata has no __metadata__, as its own package writes it; else it is a map of
# strings.
# What happens: mlx writes "__metadata__": null. The package reads it as None; a reader that follows the description
# refuses it.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> mlx metadata None
#> own metadata 'absent'
#> read as None ['w']
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 safetensors==0.8.0 'mlx[cpu]==0.32.4'
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import json, struct
import mlx.core as mx
import numpy as np, safetensors, safetensors.numpy
mx.save_safetensors("mlx.safetensors", {"w": mx.zeros((2, 2))})
safetensors.numpy.save_file({"w": np.zeros((2, 2), np.float32)}, "own.safetensors")
for name in ("mlx", "own"):
    data = open(f"{name}.safetensors", "rb").read()
    header = json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]])
    print(name, "metadata", repr(header.get("__metadata__", "absent")))
with safetensors.safe_open("mlx.safetensors", "numpy") as f:
    print("read as", f.metadata(), list(f.keys()))
END
diff "$tmp/expected" "$tmp/seen"
