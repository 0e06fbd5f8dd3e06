// The curves of a function over a range, and the errors of f32 below them.

const TOP = 8, RIGHT = 12, STRIP = 34, PITCH = 62;

/** The width of a label, at most. */
const labelWidth = (text) => 8 * text.length + 4 * text.split("\u2212").length;

/** Steps of 1, 2 or 5 times a power of ten, of which `count` fill the length. */
function niceStep(length, count) {
  const power = 10 ** Math.floor(Math.log10(length / count));
  return power * ([1, 2, 5].find((factor) => (factor * power * count) >= length) ?? 10);
}

/** The multiple k of a step, without the errors of its last bits. */
const multiple = (k, step) => Number((k * step).toPrecision(15));

/** Multiples of a nice step in an interval. */
function ticks([low, high], count) {
  const step = niceStep(high - low, count);
  const first = Math.ceil(low / step), list = [];
  for (let k = first; k * step <= high && list.length < 100; k++) list.push(multiple(k, step));
  return list;
}

/** The lower and the upper edge: the curves that are shown, but not what is far beyond the width of the range. */
function yRange(f, curves, shown, [from, to]) {
  const finite = curves.map((y) => y.filter(Number.isFinite));
  const least = finite.map((y) => y.reduce((a, b) => Math.min(a, b), Infinity));
  const greatest = finite.map((y) => y.reduce((a, b) => Math.max(a, b), -Infinity));
  const orders = [0, 1, 2].filter((i) => shown[i] && finite[i].length > 0);
  if (orders.length === 0) return [-1, 1];
  // A loss in per cent has large derivatives everywhere.
  const isSteep = finite[1].length > 0 && [0, -1].every((i) => Math.abs(finite[1].at(i)) >= 50);
  let most = 0.6 * Math.max((to - from) / 2, 4) * (isSteep ? 100 : 1);
  const [bottom, top] = f.range;
  if (top - bottom < 1e3) most = Math.max(most, Math.abs(top), Math.abs(bottom));
  // Zero is in the picture, unless that is of a small detail.
  const zero = to - from >= 0.5 ? [0] : [];
  let low = Math.min(...zero, ...orders.map((i) => least[i]));
  let high = Math.max(...zero, ...orders.map((i) => greatest[i]));
  const main = orders[0];
  low = Math.max(low, Math.min(-most, greatest[main] - most / 2));
  high = Math.min(high, Math.max(most, least[main] + most / 2));
  if (!(high > low)) [low, high] = [low - 1, low + 1];
  const margin = Math.max(0.06 * (high - low), 4 * Number.EPSILON * Math.max(Math.abs(low), Math.abs(high)));
  return [low - margin, high + margin];
}

/** The two sides of a jump of more than `least` between two points, if there is one. */
function jump(at, a, b, least) {
  for (let i = 0; i < 60; i++) {
    const x = a[0] + (b[0] - a[0]) / 2, middle = [x, at(x)];
    if (Math.abs(middle[1] - a[1]) > Math.abs(b[1] - middle[1])) b = middle;
    else a = middle;
    if (!(Math.abs(b[1] - a[1]) > least)) return null;
  }
  return [a, b];
}

/** Draws the chart into `element`; returns the places of the numbers. `at` evaluates at arguments, `scale` is what
 * absolute bounds are multiplied by there. */
function drawChart(element, f, { at, scale, range, shown, axis }) {
  const widthNow = () => Math.max(280, element.clientWidth);
  const width = widthNow(), height = Math.max(220, Math.min(380, width * 0.55));
  const right = width - RIGHT, bottom = TOP + height, [from, to] = range;

  const count = Math.round(right);
  const u = Array.from({ length: count + 1 }, (_, i) => (i === count ? to : from + (to - from) * i / count));
  const curves = at(u).wide;
  const [low, high] = yRange(f, curves, shown, range);
  const labelled = (numbers) => numbers.map((x) => [x, readable(x, 12)]);
  const ys = labelled(ticks([low, high], 6));
  const left = Math.max(40, ...ys.map(([, text]) => labelWidth(text) + 8));
  const toX = (u) => left + (u - from) / (to - from) * (right - left);
  const toU = (x) => from + (x - left) / (right - left) * (to - from);
  // As many labels as there is space for.
  const xs = [10, 8, 6, 5, 4, 3, 2, 1].map((count) => labelled(ticks(range, count))).find((list) =>
    list.reduce((sum, [, text]) => sum + labelWidth(text) + 20, 0) < right - left) ?? [];
  const toY = (y) => Math.max(-1e4, Math.min(1e4, bottom - (y - low) / (high - low) * height));

  const paths = curves.map((y, order) => {
    let path = "", open = false;
    const least = 0.01 * (high - low);
    const add = (point) => {
      path += `${open ? "L" : "M"}${toX(point[0]).toFixed(2)} ${toY(point[1]).toFixed(2)}`;
      open = true;
    };
    for (let i = 0; i < y.length; i++) {
      if (!Number.isFinite(y[i])) {
        open = false;
        continue;
      }
      const isInside = (v) => v >= low && v <= high;
      if (open && Math.abs(y[i] - y[i - 1]) > least && (isInside(y[i]) || isInside(y[i - 1]))) {
        const sides = jump((x) => at([x]).wide[order][0], [u[i - 1], y[i - 1]], [u[i], y[i]], least);
        if (sides !== null) {
          add(sides[0]);
          open = false;
          add(sides[1]);
        }
      }
      add([u[i], y[i]]);
    }
    return shown[order] ? `<path class="curve order-${order}" d="${path}"/>` : "";
  });

  let svg = `<clipPath id="inside"><path d="M${left} ${TOP}H${right}V${bottom}H${left}z"/></clipPath>`;
  svg += `<path class="grid" d="${xs.map(([x]) => `M${toX(x)} ${TOP}V${bottom}`).join("")}${
    ys.map(([y]) => `M${left} ${toY(y)}H${right}`).join("")}"/>`;
  const zeros = (from < 0 && to > 0 ? `M${toX(0)} ${TOP}V${bottom}` : "") +
    (low < 0 && high > 0 ? `M${left} ${toY(0)}H${right}` : "");
  svg += `<path class="axis" d="${zeros}"/><path class="frame" d="M${left} ${TOP}H${right}V${bottom}H${left}z"/>`;
  for (const [x, text] of xs) {
    // The last one may not go beyond the edge.
    const half = labelWidth(text) / 2, isLast = toX(x) + half > width;
    svg += `<text x="${isLast ? width : toX(x)}" y="${bottom + 18}" text-anchor="${isLast ? "end" : "middle"}">${text}</text>`;
  }
  for (const [y, text] of ys) svg += `<text x="${left - 6}" y="${toY(y) + 4}" text-anchor="end">${text}</text>`;
  svg += `<text class="name" x="${(left + right) / 2}" y="${bottom + 36}" text-anchor="middle">${axis}</text>`;
  svg += `<g clip-path="url(#inside)">${paths.reverse().join("")}</g>`;

  const strips = drawStrips(f, { at, scale, from, to, left, right, top: bottom + 86 });
  const total = bottom + 86 + 3 * PITCH - 20;
  element.innerHTML = `<svg viewBox="0 0 ${width} ${total}" height="${total}" aria-hidden="true">${svg}${strips}` +
    `<g id="hover"></g><g id="point"></g></svg>`;

  /** A vertical line at an argument, with dots on the curves. */
  const mark = (id, value, y) => {
    const x = toX(value), isInside = value >= from && value <= to;
    const dots = y.map((y, i) => (shown[i] && y >= low && y <= high
      ? `<circle class="dot" style="fill:var(--order-${i})" cx="${x}" cy="${toY(y)}" r="5"/>` : ""));
    element.querySelector(`#${id}`).innerHTML = isInside
      ? `<path class="${id}-line" d="M${x} ${TOP}V${total - 4}"/>${dots.reverse().join("")}` : "";
  };
  return { toX, toU, mark, left, right, width, isOld: () => widthNow() !== width };
}

/** Errors in ulp. Where an absolute bound replaces the relative one, the share of it, times the relative one. */
function within(f, { error, absolute }, scales) {
  return error.map((list, order) => list.map((ulp, i) => {
    const share = absolute[order][i] / (f.absolute[order] * scales[i]);
    return ulp > f.bounds[order] && share <= 1 ? share * f.bounds[order] : ulp;
  }));
}

/** The error of the f64 results that f32 is compared with, in ulp of f32. */
const ownError = (f) => Math.max(...f.wideBounds) * 2 ** -29;

/** For each order a strip: the largest error of some f32 in each column of three pixels. */
function drawStrips(f, { at, scale, from, to, left, right, top }) {
  const COLUMN = 3, SAMPLES = 24;
  const columns = Math.floor((right - left) / COLUMN), own = ownError(f), u = [];
  for (let i = 0; i < columns * SAMPLES; i++) {
    // The fractional parts of multiples of the golden ratio are evenly spread.
    const place = Math.floor(i / SAMPLES) + (i * 0.6180339887498949) % 1;
    u.push(from + (to - from) * place / columns);
  }
  const title = `<text class="name" x="${left}" y="${top - 26}">Errors of f32, in ulp</text>`;
  return title + within(f, at(u), u.map(scale)).map((list, order) => {
    const bound = f.bounds[order], y = top + order * PITCH, unit = STRIP / (1.15 * (bound || 1));
    let path = "", worst = 0;
    for (let column = 0; column < columns; column++) {
      const largest = Math.max(...list.slice(column * SAMPLES, (column + 1) * SAMPLES));
      worst = Math.max(worst, largest);
      const height = Math.min(STRIP, largest * unit);
      if (height > 0) path += `M${left + column * COLUMN} ${y + STRIP}v${(-height).toFixed(2)}h${COLUMN}v${height.toFixed(2)}z`;
    }
    const line = bound > 0 ? `<path class="bound" d="M${left} ${y + STRIP - bound * unit}H${right}"/>` : "";
    const text = `: worst ${readable(worst < own ? 0 : worst, 3)}, bound ${readable(bound)}${f.isDefault ? "" : " by default"}`;
    const x = Math.max(2, Math.min(left, right - labelWidth(text)));
    return `<text x="${x}" y="${y - 5}"><tspan class="name">${SYMBOLS[order]}</tspan>${text}</text>` +
      `<path class="bars" style="fill:var(--order-${order})" d="${path}"/>${line}` +
      `<path class="frame" d="M${left} ${y}H${right}V${y + STRIP}H${left}z"/>`;
  }).join("");
}
