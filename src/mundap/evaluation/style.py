"""How report.html looks: one style sheet, light and dark, for a phone and a wide screen."""

CSS = """
:root{color-scheme:light dark;--paper:#fbfaf8;--card:#fff;--ink:#1d2329;--soft:#5b6670;--line:#dfe2e6;--track:#eceef1;
--good:#1d7a46;--bad:#b3283a;--even:#5b6670;--wash:#f1f4f8;
--c0:#2563a8;--c1:#c2610c;--c2:#2b8a4b;--c3:#8a4fa3;--c4:#b03a55;--c5:#0f7f8c;--c6:#7a6a12;--c7:#5f7280}
@media (prefers-color-scheme:dark){:root{--paper:#14181c;--card:#1b2026;--ink:#e6e9ec;--soft:#9aa6b1;--line:#323a43;
--track:#2a3139;--good:#63c98c;--bad:#f0808e;--even:#9aa6b1;--wash:#232a32;
--c0:#6aa9f0;--c1:#f09b4e;--c2:#62c483;--c3:#c592de;--c4:#ec7f97;--c5:#56c3d0;--c6:#d3bf55;--c7:#9fb2bf}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);line-height:1.6;word-break:keep-all;overflow-wrap:anywhere;
font-family:"Pretendard","Noto Sans KR","Noto Sans CJK KR","Apple SD Gothic Neo","Malgun Gothic",sans-serif;
font-size:16px}
main{max-width:1080px;margin:0 auto;padding:32px 20px 72px}
h1{font-size:1.7rem;line-height:1.3;margin:0}h2{font-size:1.15rem;margin:44px 0 12px}h3{font-size:.95rem;margin:0 0 8px}
p{margin:6px 0}.soft,small{color:var(--soft);font-size:.875rem}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:24px 0 0;padding:0}
.tile,.panel,.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 16px}
.tile b{display:block;font-size:1.55rem;line-height:1.25;font-variant-numeric:tabular-nums}
.tile span{display:block;color:var(--soft);font-size:.85rem}
.plots{display:grid;grid-template-columns:repeat(auto-fit,minmax(290px,1fr));gap:14px}
.plots .wide{grid-column:1/-1}
.scroll{overflow-x:auto;border:1px solid var(--line);border-radius:10px;background:var(--card)}
.narrow{max-width:620px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums;font-size:.92rem}
th,td{padding:9px 12px;text-align:right;border-top:1px solid var(--line);white-space:nowrap;vertical-align:top}
thead th{border-top:0;background:var(--wash);font-weight:600;font-size:.85rem}
th[scope=row]{font-weight:500}th:first-child,td:first-child{text-align:left}
td small{display:block;font-size:.78rem}tr.main td,tr.main th{background:var(--wash);font-weight:600}
tr.main small{font-weight:400}
.texts td,.texts th{text-align:left;white-space:normal;min-width:5em}
.facts td,.facts th{text-align:left;white-space:normal}.facts th{width:14em;font-weight:400;color:var(--soft)}
.verdict{font-weight:600;font-size:.8rem}.better{color:var(--good)}.worse{color:var(--bad)}.even{color:var(--even)}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px;list-style:none;margin:8px 0 0;padding:0;font-size:.85rem}
.legend svg{width:26px;height:10px;margin-right:6px;vertical-align:middle;display:inline}
svg{display:block;width:100%;height:auto;font-family:inherit}
.panel>svg{max-width:460px}.curve>svg{max-width:620px;margin:0 auto}.square>svg{max-width:420px;margin:0 auto}
svg text{fill:var(--soft);font-size:11px}svg text.name{fill:var(--ink);font-size:12px}
svg text.value{fill:var(--ink);font-size:12px;text-anchor:end;font-variant-numeric:tabular-nums}
svg .mid{text-anchor:middle}svg .end{text-anchor:end}
.track{fill:var(--track)}.grid{stroke:var(--line);stroke-width:1}.axis{stroke:var(--soft);stroke-width:1}
.mark{fill:var(--c)}.path{fill:none;stroke:var(--c);stroke-width:2.2;stroke-linejoin:round}
.whisker{stroke:var(--ink);stroke-width:1.4}.even-line{stroke:var(--soft);stroke-width:1.2;stroke-dasharray:4 4}
.cut{stroke:var(--ink);stroke-width:1.2;stroke-dasharray:2 3}
.s0{--c:var(--c0)}.s1{--c:var(--c1)}.s2{--c:var(--c2)}.s3{--c:var(--c3)}.s4{--c:var(--c4)}.s5{--c:var(--c5)}
.s6{--c:var(--c6)}.s7{--c:var(--c7)}
.s1.path{stroke-dasharray:7 3}.s2.path{stroke-dasharray:2 3}.s3.path{stroke-dasharray:9 3 2 3}
.s4.path{stroke-dasharray:5 5}.s5.path{stroke-dasharray:1 4}.s6.path{stroke-dasharray:12 4}
.s7.path{stroke-dasharray:3 6}.path.bold{stroke-dasharray:none;stroke-width:3}
ol.worst{list-style:none;margin:0;padding:0;display:grid;gap:12px}
.card h3{font-size:1rem;margin:0 0 2px}.pair{display:grid;grid-template-columns:1fr 1fr;gap:8px 24px;margin-top:8px}
.pair div:only-child{grid-column:1/-1}
.pair dt{font-size:.8rem;color:var(--soft)}.pair dd{margin:0;font-size:.92rem;white-space:pre-line}
@media (max-width:640px){main{padding:20px 14px 48px}.pair{grid-template-columns:1fr}h1{font-size:1.4rem}}
details{margin-top:14px}summary{cursor:pointer;font-weight:600;padding:6px 0}
pre{background:var(--wash);border-radius:8px;padding:12px;overflow-x:auto;font-size:.85rem;margin:8px 0;
font-family:ui-monospace,"D2Coding","Nanum Gothic Coding",monospace;white-space:pre-wrap;word-break:break-all}
"""
