// Draws every [data-chart] with ECharts. Series differ by dash and symbol as well as colour, so that
// a page printed in grey can be read; each chart's table stands under it in the page.

const DASHES = { line: "solid", dashed: [6, 4], points: "dotted" };
const SYMBOLS = ["circle", "rect", "triangle"];
const drawn = new Map();

function colour(name) {
  return getComputedStyle(document.body).getPropertyValue(name).trim();
}

function palette() {
  return [colour("--tblr-primary"), colour("--tblr-secondary"), colour("--tblr-body-color")];
}

function written(value, unit) {
  const digits = { per1000: 2, count: 0 }[unit] ?? 1;
  const words = new Intl.NumberFormat(document.documentElement.lang, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
  if (unit !== "%") return words;
  return document.documentElement.lang.startsWith("zh") ? `${words}%` : `${words} %`;
}

function series(one, place, colours) {
  const own = colours[place % colours.length];
  if (one.kind === "bars") {
    // The second row of bars is hollow: two full colours would be one grey on paper.
    const look = place ? { color: "transparent", borderColor: own, borderWidth: 1.5 } : { color: own };
    return { name: one.label, type: "bar", data: one.values, barMaxWidth: 26, itemStyle: look };
  }
  const made = {
    name: one.label,
    type: "line",
    data: one.values,
    symbol: SYMBOLS[place % SYMBOLS.length],
    symbolSize: 7,
    connectNulls: false,
    lineStyle: { color: own, type: DASHES[one.kind] ?? "solid", width: place === 0 ? 2 : 1.5 },
    itemStyle: { color: own },
  };
  const spans = one.low
    .map((low, week) => [low, one.high[week], week])
    .filter(([low, high]) => low !== null && high !== null)
    .map(([low, high, week]) => [{ coord: [week, low] }, { coord: [week, high] }]);
  if (spans.length) {
    made.markLine = {
      silent: true,
      symbol: "none",
      animation: false,
      label: { show: false },
      lineStyle: { color: own, type: "solid", width: 8, opacity: 0.28 },
      data: spans,
    };
  }
  return made;
}

// Bars begin at nought; lines may begin higher, but always at a round number.
function limits(chart) {
  const all = chart.series.flatMap((one) => [...one.values, ...one.low, ...one.high]).filter((v) => v !== null);
  if (chart.series.some((one) => one.kind === "bars")) {
    return { min: 0, minInterval: chart.unit === "count" ? 1 : 0 };
  }
  // Rates stand on steps of twenty, so that the first and the last line are as far apart as the others.
  const step = chart.unit === "%" ? 20 : 5;
  const low = Math.floor(Math.min(...all) / step) * step;
  const high = Math.ceil(Math.max(...all) / step) * step;
  if (chart.unit === "%") {
    return { min: Math.max(0, low), max: Math.min(100, Math.max(high, low + step)), interval: step };
  }
  return { min: Math.min(0, low), max: Math.max(high, low + step) };
}

function tooltip(chart) {
  return (items) => {
    const week = items[0].dataIndex;
    const lines = chart.series
      .filter((one) => one.values[week] !== null)
      .map((one) => {
        const span =
          one.low.length && one.low[week] !== null
            ? ` (${written(one.low[week], chart.unit)} – ${written(one.high[week], chart.unit)})`
            : "";
        return `${one.label}: ${written(one.values[week], chart.unit)}${span}`;
      });
    return [chart.weeks[week], ...lines, `${chart.base.label}: ${chart.base.values[week]}`].join("\n");
  };
}

function options(chart, width) {
  const quiet = colour("--tblr-secondary");
  const text = { color: quiet, fontFamily: colour("--tblr-font-sans-serif") || "sans-serif" };
  const line = { lineStyle: { color: colour("--tblr-border-color") } };
  return {
    animation: false,
    textStyle: text,
    grid: { left: 44, right: 14, top: chart.series.length > 1 ? (width < 420 ? 58 : 36) : 14, bottom: 26 },
    legend: {
      show: chart.series.length > 1,
      top: 0,
      left: 0,
      textStyle: { ...text, color: colour("--tblr-body-color") },
    },
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      confine: true,
      formatter: tooltip(chart),
      backgroundColor: colour("--tblr-bg-surface"),
      borderColor: colour("--tblr-border-color"),
      textStyle: { color: colour("--tblr-body-color") },
    },
    xAxis: {
      type: "category",
      data: chart.weeks,
      axisLabel: { ...text, hideOverlap: true },
      axisLine: line,
      axisTick: { show: false },
    },
    yAxis: { type: "value", ...limits(chart), axisLabel: text, splitLine: line },
    series: chart.series.map((one, place) => series(one, place, palette())),
  };
}

// Paper is narrower than the window, and nobody is asked again: with a view box the drawing as it
// stands is scaled to the paper, not cut.
function fit(made, place) {
  made.resize();
  place.querySelector("svg").setAttribute("viewBox", `0 0 ${made.getWidth()} ${made.getHeight()}`);
}

function draw(place) {
  let made = drawn.get(place);
  if (!made) {
    made = window.echarts.init(place, null, { renderer: "svg" });
    drawn.set(place, made);
  }
  made.setOption(options(JSON.parse(place.dataset.chart), place.clientWidth), true);
  fit(made, place);
}

function drawAll() {
  document.querySelectorAll("[data-chart]").forEach(draw);
}

drawAll();
new ResizeObserver(() => drawn.forEach(fit)).observe(document.body);
new MutationObserver(drawAll).observe(document.documentElement, {
  attributes: true,
  attributeFilter: ["data-bs-theme"],
});
