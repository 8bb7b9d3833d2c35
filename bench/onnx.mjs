// node bench/onnx.mjs [--threads 1] [--seconds 2] [--json] MODEL.onnx...
// How long exported networks take in onnxruntime on this machine: one example (median, 95th and 99th percentile) and examples per second in batches
// of 64. The models take turns, so that what else the machine does slows all of them. Needs the package in tests/onnx: npm ci --prefix tests/onnx
import { statSync } from "node:fs";
import { createRequire } from "node:module";
import { performance } from "node:perf_hooks";

const ort = createRequire(new URL("../tests/onnx/", import.meta.url))("onnxruntime-node");

const options = { threads: 1, seconds: 2 };
const files = [];
const given = process.argv.slice(2);
for (let i = 0; i < given.length; ++i) {
  if (given[i] === "--json") options.json = true;
  else if (given[i] in { "--threads": 0, "--seconds": 0 }) options[given[i].slice(2)] = Number(given[++i]);
  else files.push(given[i]);
}
if (files.length === 0 || !(options.threads >= 1) || !(options.seconds > 0)) {
  console.error("usage: node bench/onnx.mjs [--threads N] [--seconds S] [--json] MODEL.onnx...");
  process.exit(2);
}

const quantile = (sorted, part) => sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)];

async function open(file) {
  const session = await ort.InferenceSession.create(file, { intraOpNumThreads: options.threads, interOpNumThreads: 1 });
  const { name, type, shape } = session.inputMetadata[0];
  const inputs = (count) => {
    const all = [count, ...shape.slice(1)];
    const length = all.reduce((a, b) => a * b, 1);
    const data = type === "uint8" ? new Uint8Array(length).fill(127) : new Float32Array(length).fill(0.5);
    return { [name]: new ort.Tensor(type, data, all) };
  };
  return { file, session, one: inputs(1), many: inputs(64), times: [], batches: [] };
}

async function timed(model, feeds, into) {
  const start = performance.now();
  await model.session.run(feeds);
  into.push(performance.now() - start);
}

const models = [];
for (const file of files) models.push(await open(file));
for (const model of models) for (let i = 0; i < 5; ++i) await timed(model, i % 2 ? model.one : model.many, []);
const end = performance.now() + 1000 * options.seconds * models.length;
while (performance.now() < end || models[0].times.length < 20)
  for (const model of models) {
    for (let i = 0; i < 10; ++i) await timed(model, model.one, model.times);
    await timed(model, model.many, model.batches);
  }

const rows = models.map(({ file, times, batches }) => {
  const sorted = [...times].sort((a, b) => a - b);
  return { file, bytes: statSync(file).size, runs: times.length, median: quantile(sorted, 0.5), p95: quantile(sorted, 0.95), p99: quantile(sorted, 0.99),
           examples_per_second: 64000 / quantile(batches.sort((a, b) => a - b), 0.5) };
});
if (options.json) {
  console.log(JSON.stringify(rows, null, 1));
} else {
  const width = Math.max(5, ...rows.map((row) => row.file.length));
  console.log(`${"model".padEnd(width)}  ${"kB".padStart(9)}  ${"median ms".padStart(9)}  ${"p95".padStart(8)}  ${"p99".padStart(8)}  ${"examples/s".padStart(10)}`);
  for (const row of rows)
    console.log(`${row.file.padEnd(width)}  ${(row.bytes / 1000).toFixed(1).padStart(9)}  ${row.median.toFixed(3).padStart(9)}  ${row.p95.toFixed(3).padStart(8)}  ` +
                `${row.p99.toFixed(3).padStart(8)}  ${Math.round(row.examples_per_second).toLocaleString("en").padStart(10)}`);
}
