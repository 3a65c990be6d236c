"use strict";
// Draws the run kept in #data. All charts share one time axis, one cursor and one zoom.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const caption = document.getElementById("caption");
  const hint = caption.textContent;
  const rows = [...document.querySelectorAll("[data-marker]")];
  const charts = [];
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();

  const clock = (t) => {
    const whole = Math.round(t);
    const minutes = Math.floor(whole / 60);
    const rest = ":" + String(whole % 60).padStart(2, "0");
    return minutes < 100 ? minutes + rest : Math.floor(minutes / 60) + ":" + String(minutes % 60).padStart(2, "0") + rest;
  };
  const short = (v) => {
    if (v == null) return "–";
    if (Math.abs(v) >= 10000) return Math.round(v / 1000) + "k";
    return String(Math.abs(v) >= 100 ? Math.round(v) : Math.round(v * 10) / 10);
  };

  // Tasks are drawn as heights on top of each other; the highest is drawn first, the others over it.
  const stack = ["serving", "warming", "starting", "draining"];
  const heights = stack.map((_, level) =>
    data.t.map((_, i) => {
      const parts = stack.slice(0, level + 1).map((name) => data[name][i]);
      return parts.every((v) => v == null) ? null : parts.reduce((sum, v) => sum + (v ?? 0), 0);
    }));

  const line = (label, name, more = {}) => ({
    label, stroke: () => color(name), width: 1.6, points: { show: false }, spanGaps: false,
    value: (_, v) => short(v), ...more,
  });
  const steps = uPlot.paths.stepped({ align: 1 });

  const specs = {
    traffic: {
      columns: [data.offered, data.completed],
      series: [line("offered", "offered"), line("completed", "completed", { width: 1.2, dash: [4, 3] })],
    },
    capacity: {
      columns: [...heights].reverse().concat([data.desired]),
      series: [...stack].reverse().map((name) => line(name, name, {
        fill: () => color(name), width: 0, paths: steps, value: (_, __, ___, i) => short(i == null ? null : data[name][i]),
      })).concat([line("desired", "desired", { paths: steps, dash: [5, 3] })]),
      titles: true, whole: true,
    },
    latency: {
      columns: [data.p_ms, data.t.map(() => data.objective_ms)],
      series: [line(data.percentile, "latency"), line("objective", "slow", { width: 1.2, dash: [6, 4] })],
      over: true,
    },
    queue: { columns: [data.queue], series: [line("queue", "queue", { fill: () => color("phase") })], whole: true },
  };

  // Shades under the lines: named phases, and each second over the objective.
  const shades = (spec) => (u) => {
    const { ctx, bbox } = u;
    const band = (from, to, fill) => {
      const left = Math.max(u.valToPos(from, "x", true), bbox.left);
      const right = Math.min(u.valToPos(to, "x", true), bbox.left + bbox.width);
      if (right <= left) return null;
      ctx.fillStyle = fill;
      ctx.fillRect(left, bbox.top, right - left, bbox.height);
      return [left, right];
    };
    ctx.save();
    for (const phase of data.phases) {
      const seen = band(phase.start, phase.end, color("phase"));
      if (seen && spec === specs.traffic) {
        ctx.fillStyle = color("soft");
        ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`;
        ctx.textAlign = "left";
        ctx.textBaseline = "top";
        if (ctx.measureText(phase.name).width < seen[1] - seen[0]) {
          ctx.fillText(phase.name, seen[0] + 4 * devicePixelRatio, bbox.top + 3 * devicePixelRatio);
        }
      }
    }
    if (spec.over) for (const t of data.over) band(t, t + data.step, color("over"));
    ctx.restore();
  };

  // A line for each decision; its title where there is room, in the picture of the tasks.
  const marks = (spec) => (u) => {
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio;
    let free = -Infinity;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top - 16 * ratio, bbox.width, bbox.height + 16 * ratio);
    ctx.clip();
    ctx.font = `600 ${11 * ratio}px system-ui, sans-serif`;
    ctx.textAlign = "center";
    ctx.textBaseline = "bottom";
    for (const mark of spec.titles || data.markers.length <= 60 ? data.markers : []) {
      const x = Math.round(u.valToPos(mark.t, "x", true));
      if (mark.kind === "hold" || x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.strokeStyle = ctx.fillStyle = color(mark.kind);
      ctx.globalAlpha = spec.titles ? 0.9 : 0.45;
      ctx.lineWidth = ratio;
      ctx.setLineDash([2 * ratio, 3 * ratio]);
      ctx.beginPath();
      ctx.moveTo(x + 0.5, bbox.top);
      ctx.lineTo(x + 0.5, bbox.top + bbox.height);
      ctx.stroke();
      if (!spec.titles) continue;
      const half = ctx.measureText(mark.title).width / 2;
      const at = Math.min(Math.max(x, bbox.left + half), bbox.left + bbox.width - half);
      if (at - half < free + 6 * ratio) continue;
      ctx.globalAlpha = 1;
      ctx.fillText(mark.title, at, bbox.top - 2 * ratio);
      free = at + half;
    }
    ctx.restore();
  };

  const near = (t, reach) => {
    let best = null;
    data.markers.forEach((mark, i) => {
      const far = Math.abs(mark.t - t);
      if (far <= reach && (best === null || far < Math.abs(data.markers[best].t - t))) best = i;
    });
    return best;
  };

  const read = (u) => {
    const i = u.cursor.idx;
    rows.forEach((row) => row.classList.remove("near"));
    if (i == null || u.cursor.left < 0) { caption.textContent = hint; return; }
    const t = data.t[i];
    const reach = (u.scales.x.max - u.scales.x.min) * 0.012 + 0.5;
    const found = near(t, reach);
    caption.replaceChildren(Object.assign(document.createElement("b"), { textContent: clock(t) }));
    if (found === null) return;
    const mark = data.markers[found];
    caption.append("  ", Object.assign(document.createElement("b"), { textContent: mark.title }), "  " + mark.words);
    rows[found]?.classList.add("near");
  };

  const make = (name, spec, sync, width) => {
    const axis = { stroke: () => color("soft"), grid: { stroke: () => color("grid"), width: 1 },
      ticks: { stroke: () => color("line"), width: 1, size: 4 }, font: "12px system-ui, sans-serif" };
    return new uPlot({
      width, height: spec.titles ? 230 : 180,
      padding: [spec.titles ? 18 : 8, 14, 2, 0],
      scales: { x: { time: false }, y: { range: (_, __, max) => [0, top(max, spec)] } },
      axes: [
        { ...axis, size: 30, values: (_, ticks) => ticks.map(clock), incrs: [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 14400, 28800, 86400, 172800, 604800] },
        { ...axis, size: 52, values: (_, ticks) => ticks.map(short),
          incrs: spec.whole ? [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000] : undefined },
      ],
      series: [{ label: "at", value: (_, v) => v == null ? "–" : clock(v) }, ...spec.series],
      cursor: { y: false, sync: { key: sync, setSeries: false }, drag: { x: true, y: false }, points: { size: 6 } },
      legend: { markers: { width: 0, fill: (u, i) => color(names(u.series[i].label)) } },
      hooks: { drawAxes: [shades(spec)], draw: [marks(spec)], setCursor: [read] },
    }, [data.t, ...spec.columns], document.getElementById("chart-" + name));
  };
  const names = (label) => label === data.percentile ? "latency" : label === "objective" ? "slow" : label;
  const top = (max, spec) => {
    const least = spec.over ? data.objective_ms : 1;
    return Math.max(max ?? 0, least) * (spec === specs.traffic && data.phases.length ? 1.25 : 1.08);
  };

  const draw = () => {
    charts.splice(0).forEach((chart) => chart.destroy());
    for (const [name, spec] of Object.entries(specs)) {
      const box = document.getElementById("chart-" + name);
      charts.push(make(name, spec, "run", box.clientWidth));
    }
  };

  if (data.t.length < 2) { caption.textContent = "Too short a run for pictures."; return; }
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  new ResizeObserver(() => {
    for (const chart of charts) {
      const width = chart.root.parentElement.clientWidth;
      if (width && width !== chart.width) chart.setSize({ width, height: chart.height });
    }
  }).observe(document.getElementById("charts"));
  rows.forEach((row, i) => {
    const show = () => charts.forEach((u) => u.setCursor({ left: u.valToPos(data.markers[i].t, "x"), top: 10 }));
    row.addEventListener("mouseenter", show);
    row.addEventListener("focus", show);
  });
})();
