#!/usr/bin/env bash
# Packages: numpy==2.4.0 gguf==0.19.0
# Guess: A metadata key added with an empty string or an empty list is in the file, with an empty value.
# What happens: GGUFWriter drops both keys without a word, and a list of lists is read back flat; False and 0 are
# kept.
# Seen on 29 November 2026, Python 3.11 (the lines after > are compared):
#> {'note': 'not in the file', 'pruned': 'not in the file', 'groups': [1, 2, 3], 'tied': False, 'count': 0}
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
sed -n 's/^#> //p' "$0" >"$tmp/expected"
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install --quiet --no-compile --disable-pip-version-check numpy==2.4.0 gguf==0.19.0
cd "$tmp"
PYTHONWARNINGS=ignore "$tmp/venv/bin/python" - <<'END' | tee "$tmp/seen"
import gguf, numpy as np
writer = gguf.GGUFWriter("w.gguf", "llama")
writer.add_string("note", "")
writer.add_array("pruned", [])
writer.add_array("groups", [[1, 2], [3]])
writer.add_bool("tied", False)
writer.add_uint32("count", 0)
writer.add_tensor("w", np.ones(4, np.float32))
writer.write_header_to_file()
writer.write_kv_data_to_file()
writer.write_tensors_to_file()
writer.close()
fields = gguf.GGUFReader("w.gguf").fields
print({key: fields[key].contents() if key in fields else "not in the file" for key in ("note", "pruned", "groups", "tied", "count")})
END
diff "$tmp/expected" "$tmp/seen"
