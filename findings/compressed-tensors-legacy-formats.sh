#!/usr/bin/env bash
# Packages: numpy==2.4.6 torch==2.13.0 compressed-tensors==0.20.1
# Guess: A format that CompressionFormat lists, and whose configuration is registered, has a compressor that reads and
# writes it.
# What happens: The sparse formats keep their names and configuration classes, which take a 2:4 checkpoint's config.json
# as before, but no compressor is registered for them: a KeyError where tensors are asked for.
# Seen on 30 November 2026, Python 3.11 (the lines after > are compared):
#> int-quantized        format: listed  compressor: registered
#> pack-quantized       format: listed  compressor: registered
#> marlin-24            format: listed  compressor: KeyError
#> sparse-bitmask       format: listed  compressor: KeyError
#> sparse-24-bitmask    format: listed  compressor: KeyError
#> configuration of sparse-24-bitmask: Sparse24BitMaskConfig, 2:4
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.6 torch==2.13.0 compressed-tensors==0.20.1
cd "$tmp"
"$tmp/venv/bin/python" - 2>"$tmp/log" <<'END' | tee "$tmp/seen"
from compressed_tensors.compressors import BaseCompressor
from compressed_tensors.config import CompressionFormat, SparsityCompressionConfig
for name in ("int-quantized", "pack-quantized", "marlin-24", "sparse-bitmask", "sparse-24-bitmask"):
    listed = "listed" if name in {format.value for format in CompressionFormat} else "no format"
    try:
        BaseCompressor.get_value_from_registry(name)
        found = "registered"
    except KeyError as error:
        found = type(error).__name__
    print(f"{name:20} format: {listed}  compressor: {found}")
held = {"format": "sparse-24-bitmask", "global_sparsity": 0.5, "sparsity_structure": "2:4"}
config = SparsityCompressionConfig.load_from_registry(held["format"], **held)
print(f"configuration of sparse-24-bitmask: {type(config).__name__}, {config.sparsity_structure}")
END
diff "$tmp/expected" "$tmp/seen"
