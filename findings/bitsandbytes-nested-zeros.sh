#!/usr/bin/env bash
# Packages: numpy==2.4.6 torch==2.13.0 bitsandbytes==0.50.2
# Guess: A block of zeros, a pruned one, is read back as zeros, with nested (double) quantization as without.
# What happens: quantize_blockwise gives zeros a negative code, which times the maximum 0 is -0.0; nested, the
# maximum is rounded too, no longer 0, and every zero is read as one negative number. NF4 keeps the zeros.
# Seen on 30 November 2026, Python 3.11 (the lines after > are compared):
#> 8 bits:          -0.0
#> 8 bits, nested:  -0.007
#> NF4, double:     0.0
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.6 torch==2.13.0 bitsandbytes==0.50.2
cd "$tmp"
"$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import torch
from bitsandbytes.functional import dequantize_4bit, dequantize_blockwise, quantize_4bit, quantize_blockwise
x = torch.cos(torch.arange(4096.0)).reshape(64, 64)
x[3] = 0
def show(name, read):
    print(f"{name:<16}", *(round(v, 3) for v in read[3].unique().tolist()))
for name, nested in (("8 bits:", False), ("8 bits, nested:", True)):
    show(name, dequantize_blockwise(*quantize_blockwise(x, blocksize=64, nested=nested)))
show("NF4, double:", dequantize_4bit(*quantize_4bit(x, blocksize=64, quant_type="nf4", compress_statistics=True)))
END
diff "$tmp/expected" "$tmp/seen"
