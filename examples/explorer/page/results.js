// A function and its results as HTML.

const escaped = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

/** The line of an order, as in the chart. */
const label = (order) =>
  `<svg class="swatch" viewBox="0 0 26 10" aria-hidden="true"><path class="curve order-${order}" d="M2 5H24"/></svg>`;

/** The unit of absolute bounds. */
const UNIT = " \u00d7 2<sup>\u221224</sup>";

/** What the crate says of a function. */
function facts(f) {
  const bound = (i) => readable(f.bounds[i]) + (f.absolute[i] > 0 ? ` (${readable(f.absolute[i])}${UNIT} beside a root)` : "");
  const list = ORDERS.map((order, i) => [order, escaped(f.formulas[i])]);
  list.push([`Error bounds in f32, ulp${f.isDefault ? "" : ", by default"}`, ORDERS.map((_, i) => bound(i)).join("; ")]);
  if (f.aliases.length > 0) list.push(["Other names", escaped(f.aliases.join(", "))]);
  list.push(["Source", escaped(f.source)]);
  return list.map(([term, text]) => `<dt>${term}</dt><dd>${text}</dd>`).join("");
}

/** The results at a point, with their errors; `scale` multiplies absolute bounds. */
function resultRows(f, { wide, narrow, error, absolute }, scale) {
  const shares = within(f, { error, absolute }, [scale]);
  const orders = ORDERS.map((order, i) => {
    const ulp = error[i][0], isBeyond = shares[i][0] > f.bounds[i] + 1e-6, isAbsolute = ulp > f.bounds[i] && !isBeyond;
    const bound = isAbsolute ? `${readable(f.absolute[i] * scale, 3)}${UNIT}` : `${readable(f.bounds[i])} ulp`;
    let distance = ulp > 0 && ulp < ownError(f) ? "\u2248 0" : `${readable(ulp, 3)} ulp`;
    if (isAbsolute) distance += `, ${readable(absolute[i][0], 2)}${UNIT}`;
    return `<tbody><tr><th scope="rowgroup" colspan="4">${label(i)} ${order}</th></tr>` +
      `<tr${isBeyond && f.isDefault ? ' class="over"' : ""}><th scope="row">f32</th><td>${shortest(narrow[i][0])}</td>` +
      `<td>${distance}</td><td>${bound}</td></tr>` +
      `<tr><th scope="row">f64</th><td colspan="3">${exact(wide[i][0])}</td></tr></tbody>`;
  });
  const titles = ["result", "error", `bound${f.isDefault ? "" : " by default"}`];
  return `<thead><tr><td></td>${titles.map((title) => `<th scope="col">${title}</th>`).join("")}</tr></thead>${orders.join("")}`;
}

/** The bits of an f32 or an f64. */
function bitsOf(id, y, isWide) {
  const { hex, sign, exponent, significand, power, kind } = bits(y, isWide);
  const notes = [isWide ? "f64" : "f32"];
  if (power !== null) notes.push(`2<sup>${exact(power).replace("-", "\u2212")}</sup>`);
  if (kind !== null) notes.push(kind);
  const part = (name, digits) => `<span class="${name}">${digits}</span>`;
  return `<dd id="bits-${id}"><code class="hex">${hex}</code> ${part("power", notes.join(", "))} <code>${
    part("sign", sign)} ${part("exponent", exponent)} ${part("significand", significand)}</code></dd>`;
}

/** The bits of the argument and of the results at a point. */
function bitLists(argument, x32, { wide, narrow }) {
  const orders = ORDERS.map((order, i) =>
    `<dt>${order}</dt>${bitsOf(`f32-${i}`, narrow[i][0], false)}${bitsOf(`f64-${i}`, wide[i][0], true)}`);
  return `<dl><dt>${argument}</dt>${bitsOf("x", x32, false)}${orders.join("")}</dl>`;
}
