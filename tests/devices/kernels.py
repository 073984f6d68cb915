"""One tensor-core instruction after the other through K, from 0, compiled on the device by torch."""

from dataclasses import dataclass
from typing import Any, final

SOURCE = """
extern "C" __global__ void chain(const unsigned* a, const unsigned* b, float* out, int words, int columns) {{
    int lane = threadIdx.x, g = lane >> 2, t = lane & 3;
    const unsigned* x = a + (blockIdx.x * 16 + g) * words + t;
    const unsigned* y = b + (blockIdx.y * 8 + g) * words + t;
    float c0 = 0.0f, c1 = 0.0f, c2 = 0.0f, c3 = 0.0f;
    for (int k = 0; k < words; k += {words}) {{
        asm volatile("mma.sync.aligned.m16n8k{k}.row.col.f32.{operand}.{operand}.f32 "
            "{{%0, %1, %2, %3}}, {{{a}}}, {{{b}}}, {{%0, %1, %2, %3}};"
            : "+f"(c0), "+f"(c1), "+f"(c2), "+f"(c3) : {inputs});
    }}
    float* z = out + (blockIdx.x * 16 + g) * columns + blockIdx.y * 8 + 2 * t;
    z[0] = c0; z[1] = c1; z[8 * columns] = c2; z[8 * columns + 1] = c3;
}}
"""
WORDS = {"e4m3": 4, "e5m2": 4, "f16": 2, "bf16": 2, "tf32": 1}
"""Operands in 32 bits."""


@final
@dataclass(frozen=True)
class Shape:
    """m16n8k``k`` of ``mma.sync``."""

    operand: str
    k: int

    def source(self) -> str:
        words = self.k // WORDS[self.operand]
        x = ["x[k]", "x[k + 8 * words]", "x[k + 4]", "x[k + 4 + 8 * words]"][: words // 2]
        y = ["y[k]", "y[k + 4]"][: words // 4]
        places = [f"%{4 + i}" for i in range(len(x) + len(y))]
        inputs = ", ".join(f'"r"({v})' for v in (*x, *y))
        a, b = ", ".join(places[: len(x)]), ", ".join(places[len(x) :])
        return SOURCE.format(k=self.k, words=words, operand=self.operand, a=a, b=b, inputs=inputs)

    def run(self, torch: Any, a: Any, b: Any) -> Any:
        """A Bᵀ of operands held in 32-bit words on the device: rows of a by sixteens, of b by eights."""
        major, minor = torch.cuda.get_device_capability()
        kernel = torch.cuda._compile_kernel(self.source(), "chain", compute_capability=f"{major}{minor}a")
        out = torch.empty(a.shape[0], b.shape[0], dtype=torch.float32, device="cuda")
        grid = (a.shape[0] // 16, b.shape[0] // 8, 1)
        kernel(grid=grid, block=(32, 1, 1), args=[a, b, out, a.shape[1], b.shape[0]])
        torch.cuda.synchronize()
        return out

    def __str__(self) -> str:
        return f"mma.sync m16n8k{self.k} {self.operand}"


SHAPES = (
    *(Shape("bf16", k) for k in (16, 8)),
    *(Shape("f16", k) for k in (16, 8)),
    *(Shape("tf32", k) for k in (8, 4)),
    *(Shape("e4m3", k) for k in (32, 16)),
    *(Shape("e5m2", k) for k in (32, 16)),
)
"""The shape that the reference data are of, and a second one, of every type."""
