// The module, its buffers and numbers as texts.

const compressed = new Blob([Uint8Array.from(atob("MODULE_IN_BASE64"), (c) => c.charCodeAt(0))]);
const binary = await new Response(compressed.stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();
const slopes = (await WebAssembly.instantiate(binary)).instance.exports;
const texts = new Uint8Array(slopes.memory.buffer, slopes.text_buffer(), 1 << 13);
const numbers = new Float64Array(slopes.memory.buffer, slopes.number_buffer(), 1 << 14);

const ORDERS = ["value", "derivative", "second derivative"];
const SYMBOLS = ["f", "f\u2032", "f\u2033"];

const put = (text) => new TextEncoder().encodeInto(text, texts).written;
const take = (length) => new TextDecoder().decode(texts.slice(0, length)).split("\n").slice(0, -1);

/** The texts of all functions of a kind, with their default parameters. */
const all = (isLoss) => take(slopes.list(isLoss));

/** What the crate says of a text: a function, or an error. */
function describe(isLoss, text) {
  const lines = take(slopes.describe(isLoss, put(text)));
  if (numbers[0] >= 0) {
    return { error: { message: lines.join("\n"), offset: numbers[0], isUnknown: numbers[1] === 1 } };
  }
  const [name, full, ...rest] = lines;
  const n = (start, count) => Array.from(numbers.slice(start, start + count));
  return {
    isLoss, name, text: full, isDefault: all(isLoss).includes(full),
    formulas: rest.slice(0, 3), source: rest[3], aliases: rest.slice(4),
    bounds: n(1, 3), absolute: n(4, 3), wideBounds: n(7, 3),
    limits: [n(10, 2), n(12, 2), n(14, 2)], range: n(16, 2), kinks: n(19, n(18, 1)[0]),
  };
}

/** The three orders in f64 and in f32, and the errors in ulp and in 2^-24, for each of the numbers. */
function evaluate(f, target, x) {
  const result = { wide: [[], [], []], narrow: [[], [], []], error: [[], [], []], absolute: [[], [], []] };
  const most = Math.floor(numbers.length / 13);
  for (let start = 0; start < x.length; start += most) {
    const part = x.slice(start, start + most);
    numbers.set(part);
    slopes.evaluate(f.isLoss, put(f.text), target, part.length);
    Object.values(result).flat().forEach((list, i) => {
      for (let j = 0; j < part.length; j++) list.push(numbers[part.length * (1 + i) + j]);
    });
  }
  return result;
}

/** A number as a text that is read as the same number: the shortest of an f64. */
function exact(x) {
  if (x === 0 || !Number.isFinite(x)) return Object.is(x, -0) ? "-0" : String(x);
  return Math.abs(x) < 1e-4 || Math.abs(x) >= 1e9 ? x.toExponential().replace("+", "") : String(x);
}

/** The shortest text of an f32. */
function shortest(x) {
  const digits = [1, 2, 3, 4, 5, 6, 7, 8].find((count) => Math.fround(x.toPrecision(count)) === x) ?? 9;
  return exact(Number(x.toPrecision(digits)));
}

/** A number for readers. */
const readable = (x, digits = 6) =>
  (Math.abs(x) === Infinity ? `${x < 0 ? "-" : ""}\u221e` : exact(Number(x.toPrecision(digits)))).replace(/-/g, "\u2212");

const view = new DataView(new ArrayBuffer(8));

/** The bits of an f32 or an f64: hexadecimal, the three parts, and the exponent. NaN has no defined sign and payload. */
function bits(x, isWide) {
  if (isWide) view.setFloat64(0, x);
  else view.setFloat32(0, x);
  const [size, exponentBits, bias] = isWide ? [64, 11, 1023] : [32, 8, 127];
  const pattern = isWide ? view.getBigUint64(0) : BigInt(view.getUint32(0));
  const digits = pattern.toString(2).padStart(size, "0");
  const exponent = parseInt(digits.slice(1, 1 + exponentBits), 2);
  const kind = exponent === 2 * bias + 1 ? (Number.isNaN(x) ? "NaN" : "infinity")
    : exponent === 0 ? (x === 0 ? "zero" : "subnormal") : null;
  return {
    hex: pattern.toString(16).padStart(size / 4, "0"),
    sign: digits[0], exponent: digits.slice(1, 1 + exponentBits), significand: digits.slice(1 + exponentBits),
    power: kind === null ? exponent - bias : kind === "subnormal" ? 1 - bias : null, kind,
  };
}

/** The next f32 above x, or below it. An f64 between two f32 goes to the one in that direction. */
function neighbour(x, up) {
  const near = Math.fround(x);
  if (up ? near > x : near < x) return near;
  if (near === 0) return up ? 2 ** -149 : -(2 ** -149);
  if (!Number.isFinite(near)) return near;
  view.setFloat32(0, near);
  view.setInt32(0, view.getInt32(0) + ((near > 0) === up ? 1 : -1));
  return view.getFloat32(0);
}
