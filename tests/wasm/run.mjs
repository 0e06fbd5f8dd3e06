// Runs a module of the tests: `node run.mjs module.wasm Level`, or, of one without simd128 and one with, the times of the
// guide's page on wasm: `node run.mjs --time scalar.wasm simd128.wasm`.
import { readdirSync, readFileSync } from "node:fs";

function load(path) {
  const module = new WebAssembly.Module(readFileSync(path));
  const { exports } = new WebAssembly.Instance(module, {});
  const text = () => Buffer.from(exports.memory.buffer, exports.text(), exports.text_len()).toString();
  const call = (name) => {
    try {
      exports[name]();
    } catch (error) {
      throw new Error(`${name}: ${text()}`, { cause: error });
    }
    return text();
  };
  return { exports, call, level: call("start") };
}

function recorded() {
  const dir = new URL("../fingerprints/", import.meta.url);
  const lines = readdirSync(dir).flatMap((file) => readFileSync(new URL(file, dir), "utf8").split("\n"));
  return new Set(lines.filter((line) => line.startsWith("unfused ")));
}

function test(path, level) {
  const module = load(path);
  if (module.level !== level) throw new Error(`the level is ${module.level} instead of ${level}`);
  const expected = recorded();
  const got = module.call("outputs").trimEnd().split("\n");
  const wrong = got.filter((line) => !expected.has(line));
  const missing = expected.size - (got.length - wrong.length);
  if (wrong.length + missing > 0) {
    throw new Error(`${missing} of ${expected.size} outputs have other bits, or are missing:\n${wrong.join("\n")}`);
  }
  console.log(`${level}: ${got.length} outputs have the recorded bits`);
  module.call("agreement");
  console.log(`${level}: slices agree with numbers at every length and place, and f16 and bf16 are rounded right`);
}

// ns per number, the least of many repeats; the four are taken in turn, so that all see the same machine.
function time(paths) {
  const modules = paths.map(load);
  const names = modules[0].call("names").split("\n");
  console.log(["", ...modules.flatMap(({ level }) => [level, `plain, ${level}`])].join(" | "));
  names.forEach((name, work) => {
    const kinds = modules.flatMap((module) => [0, 1].map((plain) => [module.exports, plain]));
    const least = kinds.map(() => Infinity);
    for (let repeat = 0; repeat < 300; repeat++) {
      kinds.forEach(([exports, plain], kind) => {
        const start = performance.now();
        exports.work(work, plain);
        least[kind] = Math.min(least[kind], performance.now() - start);
      });
    }
    const count = modules[0].exports.numbers(work);
    console.log([name, ...least.map((ms) => ((ms * 1e6) / count).toFixed(2))].join(" | "));
  });
}

const [first, ...rest] = process.argv.slice(2);
if (first === "--time") time(rest);
else test(first, rest[0]);
