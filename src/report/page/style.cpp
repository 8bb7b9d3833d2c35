#include "report/page/assets.h"

namespace limbeck {

const char* const kPageStyle = R"css(
:root {
  --page: #fcfcfb; --raised: #ffffff; --ink: #1a1a19; --soft: #5c5b57; --line: #e4e3de; --strong-line: #b5b4ae;
  --tint: #f3f2ee; --accent: #2f6fde; --on-accent: #ffffff; --on-heat: #1a1a19;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --page: #1a1a19; --raised: #21211f; --ink: #f3f2ee; --soft: #b9b8b0; --line: #34342f; --strong-line: #5f5e59;
    --tint: #282825; --accent: #8fb6ff; --on-accent: #10131a; --on-heat: #10131a;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 3.5rem; -webkit-text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 1168px; padding: 0 24px 96px; background: var(--page); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif;
}
h1 { font-size: 32px; line-height: 1.15; font-weight: 650; letter-spacing: -0.015em; margin: 0 0 20px;
  overflow-wrap: anywhere; }
h2 { font-size: 21px; font-weight: 650; letter-spacing: -0.01em; margin: 0 0 4px; }
h3 { font-size: 15px; font-weight: 600; margin: 0 0 8px; }
p { margin: 0; }
section { padding-top: 56px; }
.soft, .note, .kicker { color: var(--soft); }
.note { max-width: 76ch; font-size: 14px; margin-bottom: 20px; }
.kicker { padding-top: 40px; margin-bottom: 6px; font-size: 13px; }
.chip { display: inline-block; width: 11px; height: 11px; border-radius: 3px; background: currentColor;
  margin-right: 8px; }
.chip.again { background: none; border: 3px solid currentColor; }

.facts { display: flex; flex-wrap: wrap; gap: 10px 36px; margin: 0 0 28px; font-size: 14px; }
.facts dt { color: var(--soft); font-size: 12px; }
.facts dd { margin: 0; }
.lead { font-size: 19px; line-height: 1.4; max-width: 62ch; margin-bottom: 10px; }
.verdict { font-size: 22px; line-height: 1.35; margin-bottom: 6px; }
.verdict b { font-weight: 650; white-space: nowrap; }
.verdict span { color: var(--soft); font-size: 15px; }
.lead + .cards { margin-top: 24px; }
.cards { display: flex; flex-wrap: wrap; gap: 14px; margin-bottom: 14px; }
.card { flex: 1 1 230px; max-width: 420px; border: 1px solid var(--line); border-radius: 10px;
  background: var(--raised); padding: 16px 18px; font-size: 14px; }
.card h3 { margin-bottom: 10px; }
.card .big { font-size: 36px; line-height: 1.1; font-weight: 600; letter-spacing: -0.02em; margin-bottom: 6px; }
.card .big small { font-size: 14px; font-weight: 400; letter-spacing: 0; color: var(--soft); margin-left: 4px; }
.card .soft { margin-top: 8px; font-size: 13px; }
.meter { margin-top: 12px; font-size: 13px; color: var(--soft); }
.meter span { display: block; height: 6px; border-radius: 3px; background: var(--line); margin-bottom: 6px;
  overflow: hidden; }
.meter i { display: block; height: 100%; background: currentColor; border-radius: 3px; }

nav {
  position: sticky; top: 0; z-index: 3; display: flex; gap: 22px; overflow-x: auto; padding: 12px 0; margin-top: 20px;
  background: var(--page); border-bottom: 1px solid var(--line); font-size: 14px; scrollbar-width: none;
}
nav a { color: var(--soft); text-decoration: none; white-space: nowrap; }
nav a:hover, nav a:focus-visible { color: var(--ink); text-decoration: underline; text-underline-offset: 5px; }

.wide { overflow-x: auto; margin-bottom: 12px; }
.wide .plot { max-width: none; }
table { border-collapse: collapse; font-size: 13.5px; min-width: 100%; }
th { text-align: left; font-weight: 500; font-size: 12.5px; color: var(--soft); vertical-align: bottom; }
th, td { padding: 7px 16px 7px 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:last-child, td:last-child { padding-right: 2px; }
thead tr:last-child th { border-bottom-color: var(--strong-line); }
thead tr:first-child:not(:last-child) th { border-bottom: 0; padding-bottom: 0; }
td { vertical-align: top; }
td a { color: var(--accent); }
.number { text-align: right; font-variant-numeric: tabular-nums; }
.results td small { display: block; color: var(--soft); font-size: 12px; line-height: 1.4; }
.results td:first-child small { white-space: normal; max-width: 190px; }
.results th, .results td { padding-right: 14px; }
.results th { white-space: normal; }
.results th:first-child, .results td:first-child, .classes th:first-child,
  .classes td:first-child { position: sticky; left: 0; z-index: 1; background: var(--page); }
.results tr.best td { font-weight: 600; }
.results em { font-style: normal; font-size: 12px; border: 1px solid var(--strong-line); border-radius: 4px;
  padding: 0 5px; margin-left: 6px; }
abbr { text-decoration: underline dotted; text-underline-offset: 3px; cursor: help; }
.terms { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); gap: 4px 28px;
  margin: 4px 0 14px; font-size: 12.5px; color: var(--soft); }
.terms dt { display: inline; font-weight: 600; color: var(--ink); }
.terms dt::after { content: ": "; }
.terms dd { display: inline; margin: 0; }
.strip { position: relative; display: block; width: 96px; height: 21px; }
.strip::before { content: ""; position: absolute; left: 0; right: 0; top: 10px; border-top: 1px solid var(--line); }
.strip i { position: absolute; }
.strip .whisker { top: 9px; height: 3px; border-radius: 2px; background: currentColor; opacity: 0.45; }
.strip .place { width: 10px; height: 10px; top: 5.5px; margin-left: -5px; border-radius: 50%;
  background: currentColor; }
.strip .paper { width: 9px; height: 9px; top: 6px; margin-left: -4.5px; border: 1.5px solid var(--ink);
  transform: rotate(45deg); }
.classes th.group { text-align: left; padding-left: 20px; color: var(--ink); }
.classes .first { padding-left: 20px; }
.classes .bar { position: relative; min-width: 110px; }
.classes .bar span { position: absolute; left: 12px; right: calc(16px + 3.2em); top: 11px; bottom: 11px; }
.classes .bar i { display: block; height: 100%; margin-left: auto; background: currentColor; opacity: 0.45;
  border-radius: 2px 0 0 2px; }
@media (max-width: 760px) {
  .classes .detail { display: none; }
}
@media (max-width: 1010px) {
  .stacked thead { display: none; }
  .stacked, .stacked tbody { display: block; }
  .stacked tr { display: grid; grid-template-columns: repeat(auto-fill, minmax(96px, 1fr)); gap: 8px 14px;
    padding: 14px 0; border-bottom: 1px solid var(--line); }
  .stacked td { border: 0; padding: 0; text-align: left; white-space: normal; overflow-wrap: anywhere; }
  .stacked td:first-child { grid-column: 1 / -1; }
  .stacked td:first-child small { max-width: none; }
  .stacked td:empty { display: none; }
  .stacked td[data-label=network] { grid-column: span 2; }
  .stacked td::before { content: attr(data-label); display: block; color: var(--soft); font-size: 12px; }
}

.figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 330px), 1fr)); gap: 28px 32px; }
.figures.large { grid-template-columns: repeat(auto-fit, minmax(min(100%, 460px), 1fr)); }
.figures.whole { grid-template-columns: 1fr; margin-bottom: 28px; }
@media (min-width: 700px) { .figures.whole.narrow { display: none; } }
@media (max-width: 699px) { .figures.whole.broad { display: none; } }
.figures.small { grid-template-columns: repeat(auto-fill, minmax(min(100%, 230px), 1fr)); }
figure { margin: 0; min-width: 0; break-inside: avoid; }
figcaption { font-weight: 600; font-size: 14px; margin-bottom: 8px; }
figcaption .soft { font-weight: 400; margin-left: 6px; }
.plot { max-width: 100%; height: auto; overflow: visible; touch-action: pan-y; outline-offset: 4px; }
.plot .diagonal.axis { stroke-dasharray: 4 4; }
.plot .fill { fill: currentColor; opacity: 0.55; }
.plot .catch { fill: transparent; }
.plot .bin:hover .catch { fill: var(--ink); fill-opacity: 0.06; }
.plot .heat { fill: var(--accent); }
.plot rect.diagonal { fill: var(--tint); }
.plot.heatmap g text { fill: var(--ink); }
.plot.heatmap g text.strong { fill: var(--on-heat); }
.plot.heatmap g:hover .heat { stroke: var(--ink); stroke-width: 1.5; }
.confusions { list-style: none; display: flex; flex-wrap: wrap; gap: 2px 18px; padding: 0; margin: 12px 0 0;
  font-size: 14px; font-variant-numeric: tabular-nums; }
details { margin-bottom: 20px; }
.fold { margin: 0; }
.fold > summary { border: 1px solid var(--line); border-radius: 10px; background: var(--raised); padding: 10px 16px;
  margin: 0; }
.fold[open] > summary { margin-bottom: 18px; }
.fold h2 { display: inline; font-size: 17px; }
section:has(> .fold) + section:has(> .fold) { padding-top: 12px; }
summary { cursor: pointer; font-weight: 600; padding: 8px 0; margin-bottom: 8px; border-bottom: 1px solid var(--line); }

.controls {
  position: sticky; top: 44px; z-index: 2; display: flex; flex-wrap: wrap; align-items: center; gap: 8px 20px;
  padding: 10px 0;
  background: var(--page); border-bottom: 1px solid var(--line); font-size: 14px; margin-bottom: 12px;
}
.controls > span:first-child { min-width: 9.5em; }
.controls input[type=range] { flex: 1 1 200px; max-width: 360px; accent-color: var(--accent); }
.controls input[type=checkbox] { accent-color: var(--accent); }
#temperature-text { font-weight: 600; font-variant-numeric: tabular-nums; }
.buttons { display: flex; }
.buttons button {
  font: inherit; font-size: 13px; color: var(--ink); background: var(--raised); border: 1px solid var(--strong-line);
  padding: 3px 11px; margin-left: -1px; cursor: pointer;
}
.buttons button:first-child { border-radius: 6px 0 0 6px; }
.buttons button:last-child { border-radius: 0 6px 6px 0; }
.buttons button:only-child { border-radius: 6px; }
.buttons button[aria-pressed=true] { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; font-size: 14px; margin-bottom: 16px; }
.examples { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 340px), 1fr)); gap: 16px; }
.example { border: 1px solid var(--line); border-radius: 10px; background: var(--raised); padding: 14px 16px;
  break-inside: avoid; }
.example .body { display: flex; gap: 16px; }
.example img { display: block; width: 96px; height: auto; image-rendering: pixelated; border-radius: 4px;
  margin-bottom: 6px; }
.example .soft { font-size: 12px; max-width: 96px; }
.shares { flex: 1; min-width: 0; font-size: 12.5px; }
.share { display: grid; grid-template-columns: var(--label, 6ch) 1fr 3.6em; gap: 8px; align-items: center;
  min-height: 18px; margin-bottom: 3px; }
.share b { font-weight: 400; color: var(--soft); overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
  line-height: 1.3; }
.share.true b { font-weight: 700; color: var(--ink); }
.share span { display: flex; flex-direction: column; gap: 1px; border-left: 1px solid var(--strong-line);
  padding: 1px 0; align-self: stretch; justify-content: center; }
.share i { display: block; height: 4px; min-width: 0; background: currentColor; border-radius: 0 2px 2px 0; }
.share i:first-child { height: 6px; }
.share output { text-align: right; font-variant-numeric: tabular-nums; color: var(--soft); line-height: 1.3;
  white-space: nowrap; }

.columns { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 420px), 1fr)); gap: 24px 40px;
  margin-top: 12px; }
.columns > div { min-width: 0; }
.columns table { margin-bottom: 0; }
.facts-table td { white-space: normal; overflow-wrap: anywhere; }
.facts-table td:first-child { color: var(--soft); white-space: nowrap; }
pre {
  margin: 0 0 12px; padding: 14px 16px; background: var(--tint); border-radius: 8px; overflow-x: auto;
  font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
#tip {
  position: fixed; z-index: 9; pointer-events: none; max-width: 300px; padding: 7px 10px; border-radius: 6px;
  white-space: pre-line;
  background: var(--raised); color: var(--ink); border: 1px solid var(--strong-line);
  box-shadow: 0 3px 12px rgb(0 0 0 / 0.14);
  font-size: 12.5px; line-height: 1.45; font-variant-numeric: tabular-nums;
}
#tip .chip { width: 9px; height: 9px; border-radius: 2px; margin-right: 6px; }
#tip div { display: flex; justify-content: space-between; gap: 16px; }

@media screen and (max-width: 560px) {
  body { padding: 0 16px 64px; }
  h1 { font-size: 26px; }
  .lead { font-size: 17px; }
  section { padding-top: 40px; }
}
@media print {
  @page { margin: 13mm; }
  body { max-width: none; padding: 0; zoom: 0.62; }
  nav, .controls, #tip { display: none; }
  .figures.whole.broad { display: grid; }
  .figures.whole.narrow { display: none; }
  section { padding-top: 36px; }
  .card, .example, tr { break-inside: avoid; }
  h2, h3, .note, summary { break-after: avoid; }
  .wide { overflow: visible; }
  pre { white-space: pre-wrap; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
)css";

}  // namespace limbeck
