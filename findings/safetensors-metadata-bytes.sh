#!/usr/bin/env bash
# Packages: numpy==2.4.0 safetensors==0.8.0
# Guess: The same tensors and the same metadata give the same bytes, so a hash identifies a file.
# What happens: The order of the metadata in the header is random at every call, within one process too; without
# metadata, or with one entry, the bytes are the same.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> 0 entries: equal bytes True  equal tensors True
#> 1 entries: equal bytes True  equal tensors True
#> 8 entries: equal bytes False  equal tensors True
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 safetensors==0.8.0
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import numpy as np
from safetensors.numpy import load, save
w = {"w": np.ones(3, np.float32)}
for entries in (0, 1, 8):
    metadata = {f"key{i}": "value" for i in range(entries)} or None
    files = [save(w, metadata=metadata) for _ in range(20)]
    print(entries, "entries: equal bytes", len(set(files)) == 1, " equal tensors", all((load(f)["w"] == w["w"]).all() for f in files))
END
diff "$tmp/expected" "$tmp/seen"
