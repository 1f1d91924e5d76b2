// How the page looks, and the little that it does. Nothing of a run is in here.

/// The page's style sheet and script; neither has a character that XML would take for markup.
enum ReportStyle {
    /// Colours after Okabe and Ito, which people with any kind of colour vision tell apart; some
    /// are darker on white and lighter on black than theirs, to be read as lines.
    static let sheet: HTML = """
        :root{--page:#f7f6f3;--card:#fff;--ink:#1c1d21;--soft:#6c6e76;--rule:#e9e8e4;--tint:#fdf3da;
        --c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#b3468b;--c4:#e69f00;--c5:#56b4e9;--c6:#3d3d45;
        --c7:#a39b00;--faint:.28}
        @media screen and (prefers-color-scheme:dark){:root{--page:#121316;--card:#1a1b1f;--ink:#e9e9ec;
        --soft:#9b9da6;--rule:#2b2d33;--tint:#3a3018;--c0:#4aa8e0;--c1:#f0813a;--c2:#2cc295;
        --c3:#e08cbf;--c4:#f2b63c;--c5:#9ad4f7;--c6:#c9cad1;--c7:#e3d94a;--faint:.34}}
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%}
        body{margin:0;background:var(--page);color:var(--ink);
        font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;
        font-variant-numeric:tabular-nums}
        main{max-width:1120px;margin:0 auto;padding:40px 24px 56px}
        h1{margin:0;font-size:34px;line-height:1.15;font-weight:650;letter-spacing:-.02em;
        overflow-wrap:anywhere}
        h2{display:inline;margin:0;font-size:15px;font-weight:650}
        h3{margin:20px 0 6px;font-size:13px;font-weight:650;overflow-wrap:anywhere}
        .kicker{margin:0 0 6px;color:var(--soft);font-size:12px;letter-spacing:.09em;
        text-transform:uppercase}
        .model,.empty{margin:8px 0 0;color:var(--soft)}
        .unit{margin-left:8px;color:var(--soft);font-size:13px}
        .note{margin:6px 0 0;color:var(--soft);font-size:12px}
        small{display:block;color:var(--soft);font-size:11.5px;font-weight:400;letter-spacing:0;
        line-height:1.35;white-space:nowrap}
        dl.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(116px,1fr));
        gap:18px 14px;margin:26px 0 28px}
        dt{color:var(--soft);font-size:12.5px;white-space:nowrap}
        dd{margin:0;font-size:21px;font-weight:600;letter-spacing:-.015em;line-height:1.35;white-space:nowrap}
        .card{margin:0;padding:18px 20px;background:var(--card);border:1px solid var(--rule);
        border-radius:12px}
        .charts{display:grid;grid-template-columns:repeat(6,minmax(0,1fr));gap:16px}
        .three .card{grid-column:span 2}.two .card{grid-column:span 3}.charts .wide{grid-column:1/-1}
        .legend{display:flex;flex-wrap:wrap;gap:2px 18px;margin:6px 0 0;padding:0;list-style:none;
        color:var(--soft);font-size:12.5px;overflow-wrap:anywhere}
        .key{width:22px;height:10px;margin-right:6px;vertical-align:-1px}
        figure.card{display:flex;flex-direction:column}
        .plot{position:relative;flex:1 0 190px;margin:16px 4px 0 40px}
        .wide .plot{flex-basis:340px}
        .plot svg{position:absolute;width:100%;height:100%;overflow:visible}
        svg path{fill:none;vector-effect:non-scaling-stroke;stroke-linejoin:round;
        stroke-linecap:round}
        .grid{stroke:var(--rule);stroke-width:1}
        .reference{stroke:var(--soft);stroke-width:1;stroke-dasharray:4 4}
        .faint{stroke-width:1;opacity:var(--faint)}.strong{stroke-width:2}
        .dots{stroke-width:1.25;stroke-dasharray:1 4}.dot{stroke-width:6}
        .compared{--faint:.17}
        .c0{--c:var(--c0)}.c1{--c:var(--c1)}.c2{--c:var(--c2)}.c3{--c:var(--c3)}
        .c4{--c:var(--c4)}.c5{--c:var(--c5)}.c6{--c:var(--c6)}.c7{--c:var(--c7)}
        .faint,.strong,.dots,.dot{stroke:var(--c)}
        .bands rect{fill:var(--ink);opacity:0}.bands rect:hover{opacity:.09}
        .x,.y,.axis{color:var(--soft);font-size:11.5px;line-height:1}
        .y span{position:absolute;right:calc(100% + 8px);transform:translateY(-50%);white-space:nowrap}
        .x span{position:absolute;top:calc(100% + 8px);transform:translateX(-50%);white-space:nowrap}
        .axis{margin:26px 4px 0 40px;text-align:center}
        .tip{position:absolute;top:6px;z-index:1;padding:7px 10px;background:var(--card);
        border:1px solid var(--rule);border-radius:8px;box-shadow:0 4px 16px rgb(0 0 0/.14);
        font-size:12px;line-height:1.5;white-space:pre;pointer-events:none}
        .swatch{display:inline-block;width:11px;height:11px;margin-right:8px;border-radius:3px;
        background:var(--c)}
        .samples,.configuration{margin-top:16px}
        details{margin-top:10px;border-top:1px solid var(--rule);padding-top:10px}
        summary{cursor:pointer;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
        summary b{font-weight:600}summary span{margin-left:8px;color:var(--soft)}
        details[open] summary span{display:none}
        pre{margin:10px 0 4px;font:13px/1.55 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;
        white-space:pre-wrap;overflow-wrap:anywhere}
        .scroll{overflow-x:auto}
        table{width:100%;border-collapse:collapse;font-size:13px}
        th,td{padding:5px 16px 5px 0;text-align:left;vertical-align:top;font-weight:400}
        tbody tr{border-top:1px solid var(--rule)}
        thead th,tbody th{color:var(--soft)}
        .configuration th[scope=row]{width:30%;min-width:130px}
        .configuration td{overflow-wrap:anywhere;min-width:90px}
        .differs{background:var(--tint)}.differs td{font-weight:600}
        .differs th{box-shadow:inset 3px 0 var(--c4);padding-left:10px;color:var(--ink)}
        table.figures{margin:24px 0}
        .figures th{white-space:nowrap}.figures tbody th{color:var(--ink);font-weight:600}
        .figures td{font-size:15px;font-weight:600;white-space:nowrap}
        @media (max-width:760px){main{padding:26px 14px 40px}h1{font-size:27px}
        .card{padding:15px 14px}.charts .card{grid-column:1/-1}.wide .plot{flex-basis:250px}
        dl.figures{grid-template-columns:repeat(auto-fill,minmax(136px,1fr));gap:14px 12px}
        dd{font-size:19px}.dot{stroke-width:4.5}}
        @media print{:root{--page:#fff}body{font-size:12px}main{max-width:none;padding:0}
        .card,details,tr{break-inside:avoid}.samples,.configuration{break-inside:auto}
        .swatch{print-color-adjust:exact;-webkit-print-color-adjust:exact}.tip{display:none}}

        """

    /// Shows the titles at once, beside the pointer; without it the browser shows them after a
    /// while.
    static let script: HTML = """
        for (const plot of document.querySelectorAll('.plot')) {
          const tip = document.createElement('div');
          tip.className = 'tip';
          tip.hidden = true;
          plot.append(tip);
          for (const band of plot.querySelectorAll('rect')) {
            const title = band.querySelector('title');
            const text = title.textContent;
            title.remove();
            const show = () => {
              const place = band.getBBox().x / 20;
              const isLeft = 55 > place;
              tip.textContent = text;
              tip.style.left = isLeft ? (place + 3) + '%' : 'auto';
              tip.style.right = isLeft ? 'auto' : (102 - place) + '%';
              tip.hidden = false;
            };
            band.addEventListener('pointerenter', show);
            band.addEventListener('pointerdown', show);
          }
          plot.addEventListener('pointerleave', () => { tip.hidden = true; });
        }

        """
}
