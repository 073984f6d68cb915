#!/usr/bin/env bash
# Packages: numpy==2.4.0 mlx[cpu]==0.32.4
# Guess: A block too small for E8M0 gets the least scale 2^-127 and small or zero entries.
# What happens: The scale's byte wraps around to 255, 254, ...: MXFP8 blocks of maximum 2^-120 and MXFP4 blocks of
# 2^-126 are read back as infinity. One step above all is exact.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> mxfp8 block of 2^-118: scale byte 1, read back as 3.009265538105056e-36
#> mxfp8 block of 2^-119: scale byte 0, read back as 1.504632769052528e-36
#> mxfp8 block of 2^-120: scale byte 255, read back as inf
#> mxfp8 block of 2^-121: scale byte 254, read back as inf
#> mxfp4 block of 2^-124: scale byte 1, read back as 4.70197740328915e-38
#> mxfp4 block of 2^-125: scale byte 0, read back as 2.350988701644575e-38
#> mxfp4 block of 2^-126: scale byte 255, read back as inf
#> mxfp4 block of 2^-127: scale byte 254, read back as inf
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 'mlx[cpu]==0.32.4'
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import mlx.core as mx
mx.set_default_device(mx.cpu)
for mode, bits, tops in (("mxfp8", 8, (-118, -119, -120, -121)), ("mxfp4", 4, (-124, -125, -126, -127))):
    for e in tops:
        codes, scale = mx.quantize(mx.full((1, 32), 2.0**e), mode=mode, group_size=32, bits=bits)
        read = mx.dequantize(codes, scale, mode=mode, group_size=32, bits=bits)
        print(f"{mode} block of 2^{e}: scale byte {scale.item()}, read back as", float(read[0, 0]))
END
diff "$tmp/expected" "$tmp/seen"
