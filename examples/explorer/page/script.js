// What the page shows, and how it is changed: by its inputs, by keys and the pointer in the chart, and by the address.

const $ = (id) => document.getElementById(id);

/** Targets at which a loss is shown first: one of its domain where it is interesting. */
const TARGETS = {
  mape: 1, hinge_embedding: -1, kl_divergence: 0.5, kl_divergence_from_log: 0.5, kl_divergence_of_logs: -1,
};

/** What the horizontal axis of a function has. */
function argumentOf(f) {
  if (!f.isLoss) return "x";
  if (f.formulas[0].includes("prediction - target")) return "residual";
  return f.formulas[0].includes("prediction * target") ? "margin" : "prediction";
}
const ARGUMENTS = {
  x: "x", residual: "prediction \u2212 target", margin: "margin, prediction \u00d7 target", prediction: "prediction",
};

let f = describe(false, "sigmoid"), target = 0, range = [-5, 5], point = 1, chart;
const shown = [true, true, true];

/** The prediction, or x, at a place of the axis. */
function input(u) {
  const argument = argumentOf(f);
  return argument === "residual" ? u + target : argument === "margin" ? u / target : u;
}
const at = (u) => evaluate(f, target, u.map(input));

/** What the absolute bounds of a loss are multiplied by. */
const scale = (u) => (f.isLoss ? Math.max(1, Math.abs(input(u))) * Math.max(1, Math.abs(target)) : 1);

/** The range that shows the kinks of an activation, and most of the way to its limits; the numbers that a loss takes. */
function firstRange() {
  if (f.isLoss) {
    const u = Array.from({ length: 129 }, (_, i) => (i - 64) / 16), y = at(u).wide[0];
    const taken = u.filter((_, i) => !Number.isNaN(y[i]));
    return taken.length > 1 ? [taken[0], taken.at(-1)] : [-4, 4];
  }
  const isNear = (y, limit) => !Number.isFinite(limit) ||
    Math.abs(y - limit) <= 0.2 * Math.min(f.range[1] - f.range[0], 10 * Math.abs(limit) + 1);
  const fits = (width) => {
    const y = at([-width, width]).wide[0];
    return f.kinks.every((kink) => Math.abs(kink) <= 0.7 * width) &&
      isNear(y[0], f.limits[0][0]) && isNear(y[1], f.limits[0][1]);
  };
  const width = [5, 10, 20, 50, 100].find(fits) ?? 100;
  return [-width, width];
}

/** The target, the range and the point that a function begins with. */
function begin() {
  target = TARGETS[f.name] ?? (argumentOf(f) === "residual" ? 0 : 1);
  range = firstRange();
  point = range[0] < 1 && 1 < range[1] ? 1 : (range[0] + range[1]) / 2;
}

/** Reads a text: as of the kind that is shown, else as of the other. Returns whether it is right, and shows it then. */
function read(text, isLoss) {
  const own = describe(isLoss, text);
  const other = own.error ? describe(!isLoss, text) : own;
  if (other.error) {
    // The error of the kind that knows the name, or has one that is near.
    const isBetter = own.error.isUnknown && (!other.error.isUnknown ||
      (other.error.message.includes("did you mean") && !own.error.message.includes("did you mean")));
    showError(text, isBetter ? other.error : own.error);
    return false;
  }
  const isNew = other.name !== f.name || other.isLoss !== f.isLoss || chart === undefined;
  f = other;
  showError(text, null);
  if (isNew) begin();
  return true;
}

/** The text with the place of the error marked, and the crate's message. */
function showError(text, error) {
  $("text").setAttribute("aria-invalid", error !== null);
  if (error === null) {
    $("error").textContent = "";
    return;
  }
  const start = new TextDecoder().decode(new TextEncoder().encode(text).slice(0, error.offset));
  const rest = text.slice(start.length);
  const word = /^[\w.:-]+|^./su.exec(rest)?.[0] ?? "";
  // A message ends with a list of what is known.
  const [message, known] = error.message.split(/(?=Known )/);
  $("error").innerHTML = `<pre aria-hidden="true">${escaped(start)}<mark>${escaped(word) || "&nbsp;"}</mark>${
    escaped(rest.slice(word.length))}</pre><p>at byte ${error.offset}: ${escaped(message)}</p>${
    known ? `<p>${escaped(known)}</p>` : ""}`;
}

/** Shows everything anew. */
function show() {
  $("pick").value = `${f.isLoss ? "loss" : "activation"}=${f.name}`;
  $("title").textContent = f.isLoss ? `${f.text} at target ${exact(target)}` : f.text;
  document.title = `${f.text} \u2013 slopes`;
  $("target-label").hidden = !f.isLoss;
  $("argument").textContent = ARGUMENTS[argumentOf(f)];
  for (const [id, value] of [["target", target], ["from", range[0]], ["to", range[1]]]) setNumber($(id), value);
  $("facts").innerHTML = facts(f);
  $("own-error").textContent = readable(ownError(f), 2);
  chart = drawChart($("chart"), f, { at, scale, range, shown, axis: ARGUMENTS[argumentOf(f)] });
  showPoint();
}

/** Writes a number into an input, unless that is what it says already. */
function setNumber(element, value) {
  element.removeAttribute("aria-invalid");
  if (element.value.trim() === "" || !Object.is(Number(element.value), value)) element.value = exact(value);
}

function showPoint() {
  const result = at([point]), y = result.wide.map((list) => list[0]), argument = argumentOf(f);
  const x = input(point), x32 = Math.fround(x), target32 = Math.fround(target);
  setNumber($("x"), point);
  const pair = (x, y) => `prediction ${exact(x)}, target ${exact(y)}`;
  const isRounded = !Number.isNaN(x) && (!Object.is(x32, x) || (f.isLoss && !Object.is(target32, target)));
  const computed = f.isLoss && argument !== "prediction" ? [pair(x, target)] : [];
  if (isRounded) computed.push(`in f32 ${f.isLoss ? pair(x32, target32) : `x = ${exact(x32)}`}`);
  $("pair").textContent = computed.join("; ");
  $("results").innerHTML = resultRows(f, result, scale(point));
  $("bits").innerHTML = bitLists(f.isLoss ? "prediction" : "x", x32, result);

  const element = $("chart");
  element.setAttribute("aria-label", `Point of ${f.text}`);
  element.setAttribute("aria-valuemin", range[0]);
  element.setAttribute("aria-valuemax", range[1]);
  element.setAttribute("aria-valuenow", point);
  element.setAttribute("aria-valuetext", `${ARGUMENTS[argument]} ${readable(point)}: ${
    ORDERS.map((order, i) => `${order} ${readable(y[i])}`).join(", ")}`);
  chart.mark("point", point, y);
  writeAddress();
}

// The address: activation=TEXT or loss=TEXT and its target, then the range and the point.

/** Texts stay legible: only what would end a part of the address is encoded. */
const encoded = (text) => text.replace(/[%&#+\s"<>]/g, (c) => encodeURIComponent(c));

const fragment = () =>
  `#${f.isLoss ? `loss=${encoded(f.text)}&target=${exact(target)}` : `activation=${encoded(f.text)}`}` +
  `&from=${exact(range[0])}&to=${exact(range[1])}&x=${exact(point)}`;

let writing;
function writeAddress() {
  // That of a wrong text stays, with the error.
  if ($("text").ariaInvalid === "true") return;
  // Browsers limit how often an address may change.
  clearTimeout(writing);
  writing = setTimeout(() => history.replaceState(null, "", fragment()), 150);
}

function readAddress(hash) {
  clearTimeout(writing);
  const parts = new Map(hash.slice(1).split("&").map((part) => {
    const [, key, value] = /^([^=]*)=?(.*)$/s.exec(part);
    try {
      return [key, decodeURIComponent(value)];
    } catch {
      return [key, value];
    }
  }));
  const isLoss = parts.has("loss"), text = parts.get("loss") ?? parts.get("activation") ?? "swish(beta=1)";
  const isRight = read(text, isLoss);
  begin();
  const part = (key) => (/\d/.test(parts.get(key) ?? "") ? Number(parts.get(key)) : NaN);
  if (isRight && !Number.isNaN(part("target"))) {
    target = part("target");
    range = firstRange();
  }
  if (isRange(part("from"), part("to"))) range = [part("from"), part("to")];
  if (Number.isFinite(part("x"))) point = part("x");
  $("text").value = text;
  show();
}

// Changes.

/** A number that was typed; NaN, and marked as wrong, if it is none. */
function typed(element, isRight = Number.isFinite) {
  const text = element.value.trim().replace(/\u2212/g, "-"), value = text === "" ? NaN : Number(text);
  element.setAttribute("aria-invalid", !isRight(value));
  return isRight(value) ? value : NaN;
}

/** Whether an interval is one that the labels of twelve digits can divide. */
const isRange = (from, to) =>
  Number.isFinite(to - from) && to - from > Math.max(Math.abs(from), Math.abs(to), 1e-290) * 1e-10;

function setRange(from, to) {
  if (!isRange(from, to)) return;
  range = [from, to].map((x) => Number(x.toPrecision(15)));
  show();
}

/** Zooms about the point, or the middle if the point is not to be seen. */
function zoom(factor) {
  const [from, to] = range, centre = point >= from && point <= to ? point : (from + to) / 2;
  setRange(centre + (from - centre) * factor, centre + (to - centre) * factor);
}

function move(u) {
  if (!Number.isFinite(u)) return;
  point = u;
  showPoint();
}

/** Moves the point by steps: to multiples of a nice part of the range. */
function step(count) {
  const size = niceStep(range[1] - range[0], 100), k = point / size, near = Math.round(k);
  // The first step from between two multiples goes to the next.
  const isOn = Math.abs(k - near) < 1e-6;
  move(multiple((isOn ? near : count > 0 ? Math.floor(k) : Math.ceil(k)) + count, size));
}

let wait;
$("text").addEventListener("input", () => {
  clearTimeout(wait);
  const text = $("text").value;
  const isRight = [f.isLoss, !f.isLoss].some((isLoss) => !describe(isLoss, text).error);
  // A text is mostly wrong while it is being typed.
  const change = () => read(text, f.isLoss) && show();
  if (isRight) change();
  else wait = setTimeout(change, 500);
});
$("text").addEventListener("change", () => {
  clearTimeout(wait);
  if (read($("text").value, f.isLoss)) show();
});
$("pick").addEventListener("change", () => {
  const [kind, name] = $("pick").value.split("=");
  const text = all(kind === "loss").find((full) => full.split("(")[0] === name);
  $("text").value = text;
  if (read(text, kind === "loss")) show();
});
$("target").addEventListener("change", () => {
  const value = typed($("target"));
  if (Number.isNaN(value)) return;
  target = value;
  show();
});
for (const id of ["from", "to"]) {
  $(id).addEventListener("change", () => {
    const value = typed($(id), (x) => (id === "from" ? isRange(x, range[1]) : isRange(range[0], x)));
    if (Number.isNaN(value)) return;
    if (id === "from") setRange(value, range[1]);
    else setRange(range[0], value);
  });
}
$("x").addEventListener("change", () => move(typed($("x"))));
$("controls").addEventListener("submit", (event) => event.preventDefault());
$("point-form").addEventListener("submit", (event) => event.preventDefault());
$("zoom-in").addEventListener("click", () => zoom(0.5));
$("zoom-out").addEventListener("click", () => zoom(2));
$("reset").addEventListener("click", () => {
  begin();
  show();
});
$("previous").addEventListener("click", () => move(neighbour(point, false)));
$("next").addEventListener("click", () => move(neighbour(point, true)));
$("copy").addEventListener("click", async () => {
  history.replaceState(null, "", fragment());
  const done = await navigator.clipboard?.writeText(location.href).then(() => true, () => false);
  $("copy").textContent = done ? "Copied" : "It is in the address bar";
  setTimeout(() => ($("copy").textContent = "Copy link"), 2000);
});

const KEYS = {
  ArrowLeft: (size) => step(-size), ArrowRight: (size) => step(size),
  PageDown: () => step(-10), PageUp: () => step(10),
  ArrowDown: () => move(neighbour(point, false)), ArrowUp: () => move(neighbour(point, true)),
  Home: () => move(range[0]), End: () => move(range[1]),
  "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), "\u2212": () => zoom(2),
};
$("chart").addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || !(event.key in KEYS)) return;
  event.preventDefault();
  KEYS[event.key](event.shiftKey ? 10 : 1);
});

/** The number of a pixel of the chart, without digits that a pixel does not tell. */
function pointed(event) {
  const x = event.clientX - $("chart").getBoundingClientRect().left;
  if (x < chart.left || x > chart.right) return null;
  const size = niceStep((range[1] - range[0]) / (chart.right - chart.left), 1) / 10;
  return multiple(Math.round(chart.toU(x) / size), size);
}
function hover(event) {
  const u = pointed(event), tip = $("tip");
  tip.hidden = u === null;
  if (u === null) return;
  const { wide, error } = at([u]), y = wide.map((list) => list[0]);
  chart.mark("hover", u, y);
  tip.textContent = [`${argumentOf(f)} = ${readable(u)}`, ...SYMBOLS.map((symbol, i) =>
    `${symbol} = ${readable(y[i])}, f32 off by ${readable(error[i][0], 2)} ulp`)].join("\n");
  const x = chart.toX(u), isRight = x + 16 + tip.offsetWidth < chart.width;
  tip.style.left = `${isRight ? x + 12 : Math.max(0, x - 12 - tip.offsetWidth)}px`;
}
function leave() {
  $("tip").hidden = true;
  chart.mark("hover", NaN, []);
}
$("chart").addEventListener("pointermove", (event) => {
  hover(event);
  if (event.buttons === 1) move(pointed(event) ?? NaN);
});
$("chart").addEventListener("pointerdown", (event) => {
  if (event.button === 0) move(pointed(event) ?? NaN);
});
$("chart").addEventListener("pointerleave", leave);
$("chart").addEventListener("pointercancel", leave);

$("orders").insertAdjacentHTML("beforeend", ORDERS.map((order, i) =>
  `<label><input type="checkbox" id="show-${i}" checked>${label(i)} ${order} ${SYMBOLS[i]}</label>`).join(""));
for (const order of [0, 1, 2]) {
  $(`show-${order}`).addEventListener("change", (event) => {
    shown[order] = event.target.checked;
    show();
  });
}
$("pick").innerHTML = [["Activations", "activation"], ["Losses", "loss"]].map(([title, kind]) =>
  `<optgroup label="${title}">${all(kind === "loss").map((text) => text.split("(")[0]).map((name) =>
    `<option value="${kind}=${name}">${name}</option>`).join("")}</optgroup>`).join("");

$("loading").remove();
readAddress(location.hash);
// The page may have written its address since the change.
addEventListener("hashchange", (event) => readAddress(new URL(event.newURL).hash));
// A scroll bar too changes the width.
new ResizeObserver(() => requestAnimationFrame(() => {
  if (chart.isOld()) show();
})).observe($("figure"));
