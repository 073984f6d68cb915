"""The stylesheet of a page, light and dark on a screen, light on paper, and the script that sorts its tables."""

import base64
import hashlib

STYLE = """
:root { color-scheme: light dark; --ink: #1a1a1a; --soft: #444; --paper: #fff; --code: #f4f4f4; --stripe: #f6f8fa;
  --accent: #0072b2; }
@media screen and (prefers-color-scheme: dark) {
  :root { --ink: #e6e6e6; --soft: #b4b8bf; --paper: #15171a; --code: #22262b; --stripe: #1c2024; --accent: #56b4e9; }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 0 auto;
  max-width: 76rem; padding: 1rem 1.5rem 3rem; }
h1 { font-size: 1.6rem; overflow-wrap: anywhere; } h2 { margin-top: 2.5rem; border-bottom: 2px solid var(--accent); }
h3 { margin: 1.8rem 0 .4rem; }
p, li, figcaption { max-width: 62rem; } figcaption { color: var(--soft); font-size: .9em; }
figure { margin: .5rem 0 1.2rem; } svg { display: block; } sub { line-height: 0; }
pre { background: var(--code); padding: .7rem 1rem; white-space: pre-wrap; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .82em; font-variant-numeric: tabular-nums; margin: .4rem 0 1rem; }
caption { text-align: left; font-weight: 600; padding-bottom: .3rem; }
th, td { padding: .18rem .55rem; vertical-align: top; }
thead th { border-bottom: 1.5px solid var(--soft); white-space: nowrap; background: var(--paper); }
.named td:first-child { overflow-wrap: anywhere; min-width: 9rem; }
.sortable:not(.named, .summary) td:first-child { white-space: nowrap; }
.summary th { white-space: normal; } .summary th, .summary td { padding-inline: .4rem; }
.summary td:nth-child(-n+2) { overflow-wrap: anywhere; min-width: 8.5em; }
.summary td:nth-last-child(2) { overflow-wrap: anywhere; min-width: 11.5em; }
tbody tr:nth-child(even) { background: var(--stripe); }
tfoot td { border-top: 1.5px solid var(--soft); font-weight: 600; }
th[tabindex] { cursor: pointer; } th[aria-sort=ascending]::after { content: " ▲"; }
th[aria-sort=descending]::after { content: " ▼"; }
@media (max-width: 40rem) { body { padding: .5rem .8rem 2rem; } h1 { font-size: 1.3rem; } }
@page { size: A4 landscape; margin: 12mm; }
@media print {
  body { font-size: 9.5pt; max-width: none; padding: 0; } table { font-size: 6.8pt; } pre { border: 1px solid #999; }
  .scroll { overflow: visible; } thead { display: table-header-group; } tfoot { display: table-row-group; }
  tr, figure, pre { break-inside: avoid; } h2, h3 { break-after: avoid; } th, td { padding: .1rem .3rem; }
  .named td:first-child, .summary td { min-width: 0 !important; } svg { max-width: 100%; height: auto; }
  th[aria-sort]::after { content: "" !important; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""

SCRIPT = """
const value = cell => {
  const text = cell.textContent.trim(), real = Number(text.replace(/^inf$/, "Infinity").replace(/%$/, ""));
  return text === "" || text === "–" ? -Infinity : Number.isNaN(real) ? text : real;
};
const compare = (a, b) => typeof a === "number" && typeof b === "number" ? a - b
  : String(a).localeCompare(String(b), "en", {numeric: true});
for (const head of document.querySelectorAll(".sortable th")) {
  const sort = () => {
    const up = head.getAttribute("aria-sort") === "descending", body = head.closest("table").tBodies[0];
    const keyed = [...body.rows].map(row => [value(row.cells[head.cellIndex]), row]);
    keyed.sort((a, b) => up ? compare(a[0], b[0]) : compare(b[0], a[0]));
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    body.append(...keyed.map(pair => pair[1]));
  };
  head.tabIndex = 0;
  head.title = "sort by this column";
  head.addEventListener("click", sort);
  head.addEventListener("keydown", event => { if (event.key === "Enter") sort(); });
}
"""

POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-"
    f"{base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()}'"
)
"""Content security policy: nothing is loaded, and no script runs but the one above."""
