// node bench/onnx.mjs [--threads 1] [--seconds 2] [--json] RUN_FOLDER|MODEL.onnx...
// What exported networks do in onnxruntime on this machine: one example (median, 95th and 99th percentile) and examples
// per second in batches of 64. The models take turns, so that what else the machine does slows all of them. Of a run's
// folder every trained network is exported by build/release/limbeck (or $LIMBECK) with pixels as bytes; of runs on
// MNIST, CIFAR-10 and CIFAR-100 all test examples in $LIMBECK_DATA are classified too, beside the errors that LibTorch
// made. Needs the package in tests/onnx: npm ci --prefix tests/onnx
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { performance } from "node:perf_hooks";
import { gunzipSync } from "node:zlib";

const ort = createRequire(new URL("../tests/onnx/", import.meta.url))("onnxruntime-node");
const program = process.env.LIMBECK ?? new URL("../build/release/limbeck", import.meta.url).pathname;
const kBatch = 64;

/** Test splits by the names of their sources: rows of bytes [channels, height, width], and labels. */
const testSplits = {
  mnist(folder) {
    const bytes = (name) => gunzipSync(readFileSync(join(folder, "mnist", `t10k-${name}-ubyte.gz`)));
    return { pixels: bytes("images-idx3").subarray(16), labels: bytes("labels-idx1").subarray(8) };
  },
  cifar10: (folder) => cifarRows(readFileSync(join(folder, "cifar-10-batches-bin", "test_batch.bin")), 1),
  cifar100: (folder) => cifarRows(readFileSync(join(folder, "cifar-100-binary", "test.bin")), 2),
};

function cifarRows(bytes, labels) {
  const row = labels + 3072, count = bytes.length / row;
  const pixels = Buffer.concat(Array.from({ length: count },
    (_, i) => bytes.subarray(i * row + labels, (i + 1) * row)));
  return { pixels, labels: Uint8Array.from({ length: count }, (_, i) => bytes[i * row + labels - 1]) };
}

/** The networks of a run as files in `folder`: [{name, file, data, libtorchErrors}]. */
function exported(run, folder) {
  const results = JSON.parse(readFileSync(join(run, "results.json"), "utf8"));
  if (!results.stages) throw new Error(`'${run}' has no stages; of a run over several seeds name one seed's folder`);
  const stages = results.stages.filter(({ weights }) => weights && existsSync(join(run, weights)));
  return stages.map(({ name, weights, evaluations }) => {
    const file = join(folder, `${basename(run)}-${name}.onnx`);
    execFileSync(program, ["export", join(run, weights), "--out", file, "--bytes"],
      { stdio: ["ignore", "ignore", "inherit"] });
    return { name, file, data: results.data.source, libtorchErrors: evaluations.test?.errors };
  });
}

async function open(model, threads) {
  const session = await ort.InferenceSession.create(model.file, { intraOpNumThreads: threads, interOpNumThreads: 1 });
  const { name, type, shape } = session.inputMetadata[0];
  const size = shape.slice(1).reduce((a, b) => a * b, 1);
  const inputs = (count, bytes) => {
    const values = bytes ?? new Uint8Array(count * size).fill(127);
    return { [name]: new ort.Tensor(type, type === "uint8" ? values : Float32Array.from(values, (byte) => byte / 255),
      [count, ...shape.slice(1)]) };
  };
  return { ...model, session, size, inputs, one: inputs(1), many: inputs(kBatch), times: [], batches: [] };
}

async function timed(model, feeds, into) {
  const start = performance.now();
  await model.session.run(feeds);
  into.push(performance.now() - start);
}

async function errorsOf({ session, size, inputs }, { pixels, labels }) {
  let errors = 0;
  for (let begin = 0; begin < labels.length; begin += 500) {
    const count = Math.min(500, labels.length - begin);
    const outputs = await session.run(inputs(count, pixels.subarray(begin * size, (begin + count) * size)));
    const { data, dims: [, classes] } = outputs[session.outputNames[0]];
    for (let i = 0; i < count; ++i) {
      const scores = data.subarray(i * classes, (i + 1) * classes);
      if (scores.indexOf(Math.max(...scores)) !== labels[begin + i]) ++errors;
    }
  }
  return errors;
}

async function measure(models, options) {
  for (const model of models) for (let i = 0; i < 5; ++i) await timed(model, i % 2 ? model.one : model.many, []);
  const end = performance.now() + 1000 * options.seconds * models.length;
  while (performance.now() < end || models[0].times.length < 20)
    for (const model of models) {
      for (let i = 0; i < 10; ++i) await timed(model, model.one, model.times);
      await timed(model, model.many, model.batches);
    }
}

const quantile = (values, part) =>
  values.sort((a, b) => a - b)[Math.min(values.length - 1, Math.ceil(part * values.length) - 1)];

async function row(model) {
  const { name, file, times, batches, data, libtorchErrors } = model;
  const split = process.env.LIMBECK_DATA && testSplits[data]?.(process.env.LIMBECK_DATA);
  return {
    name, bytes: statSync(file).size, runs: times.length, median: quantile(times, 0.5), p95: quantile(times, 0.95),
    p99: quantile(times, 0.99),
    examples_per_second: (1000 * kBatch) / quantile(batches, 0.5), errors: split ? await errorsOf(model, split) : null,
    libtorch_errors: libtorchErrors ?? null,
  };
}

function table(rows) {
  const columns = {
    model: ({ name }) => name, kB: ({ bytes }) => (bytes / 1000).toFixed(1),
    "median ms": ({ median }) => median.toFixed(3),
    p95: ({ p95 }) => p95.toFixed(3), p99: ({ p99 }) => p99.toFixed(3),
    "examples/s": ({ examples_per_second: rate }) => Math.round(rate).toLocaleString("en"),
    errors: ({ errors }) => String(errors ?? ""), "in LibTorch": ({ libtorch_errors: errors }) => String(errors ?? ""),
  };
  const cells = [Object.keys(columns), ...rows.map((values) => Object.values(columns).map((text) => text(values)))];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((line) => line[column].length)));
  return cells.map((line) => line.map((text, i) => (i ? text.padStart(widths[i]) : text.padEnd(widths[i]))).join("  ")
    .trimEnd()).join("\n");
}

const options = { threads: 1, seconds: 2, json: false };
const given = [];
for (let i = 2; i < process.argv.length; ++i) {
  const argument = process.argv[i];
  if (argument === "--json") options.json = true;
  else if (["--threads", "--seconds"].includes(argument)) options[argument.slice(2)] = Number(process.argv[++i]);
  else given.push(argument);
}
if (given.length === 0 || !(options.threads >= 1) || !(options.seconds > 0)) {
  console.error("usage: node bench/onnx.mjs [--threads N] [--seconds S] [--json] RUN_FOLDER|MODEL.onnx...");
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), "limbeck-onnx-"));
try {
  const files = given.flatMap((path) =>
    (statSync(path).isDirectory() ? exported(path, folder) : [{ name: path, file: path }]));
  const models = [];
  for (const file of files) models.push(await open(file, options.threads));
  await measure(models, options);
  const rows = [];
  for (const model of models) rows.push(await row(model));
  console.log(options.json ? JSON.stringify(rows, null, 1) : table(rows));
} finally {
  rmSync(folder, { recursive: true });
}
