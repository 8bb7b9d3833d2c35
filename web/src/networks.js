// The networks' logits for a picture: by their ONNX files in this browser, or, of networks that have no such form, by
// the server.
import * as ort from 'onnxruntime-web/wasm';

ort.env.wasm.numThreads = 1;
ort.env.wasm.wasmPaths = { wasm: new URL('./ort-wasm-simd-threaded.wasm', import.meta.url).href };

export class BrowserNetwork {
  /** `shape`: of one example. */
  constructor(address, shape) {
    this.address = address;
    this.shape = shape;
  }

  /** Loads the file, once; after a failure, again. */
  prepare() {
    return this.loading ??= this.load().catch(problem => {
      this.loading = null;
      throw problem;
    });
  }

  async load() {
    const response = await fetch(this.address);
    if (!response.ok) throw new Error(`its file could not be loaded (status ${response.status})`);
    this.session = await ort.InferenceSession.create(new Uint8Array(await response.arrayBuffer()),
      { executionProviders: ['wasm'] });
    // The first inference also sets up memory; what the page tells of time is the later ones'.
    await this.run(new Float32Array(this.shape.reduce((product, size) => product * size)));
  }

  run(values) { return this.session.run({ input: new ort.Tensor('float32', values, [1, ...this.shape]) }); }

  /** `values`: Float32Array of one example. */
  async logits(values) {
    await this.prepare();
    const outputs = await this.run(values);
    return Array.from(outputs.logits.data);
  }
}

export class ServerNetwork {
  constructor(run, model) {
    this.run = run;
    this.model = model;
  }

  async prepare() {}

  async logits(values) {
    const response = await fetch('/predict', {
      method: 'POST', headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ run: this.run, model: this.model, inputs: [Array.from(values)] }),
    });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    // logits but for a constant
    return answer.predictions[0].probabilities.map(share => Math.log(Math.max(share, 1e-300)));
  }
}

/** softmax(logits / temperature) */
export function softmax(logits, temperature) {
  const highest = Math.max(...logits), shares = logits.map(logit => Math.exp((logit - highest) / temperature));
  const sum = shares.reduce((a, b) => a + b, 0);
  return shares.map(share => share / sum);
}
