// node run.mjs FOLDER: runs each model of FOLDER/cases.json, [{"name", "type", "shape"}], in onnxruntime: NAME.onnx on
// NAME.input, numbers one after the other; the numbers of its first output go into NAME.output, and what went wrong
// into NAME.error.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as ort from "onnxruntime-node";

const folder = process.argv[2];
for (const { name, type, shape } of JSON.parse(readFileSync(join(folder, "cases.json"), "utf8"))) {
  const file = (suffix) => join(folder, name + suffix);
  try {
    const bytes = readFileSync(file(".input"));
    const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const session = await ort.InferenceSession.create(file(".onnx"), { intraOpNumThreads: 1 });
    const input = new ort.Tensor(type, type === "uint8" ? new Uint8Array(buffer) : new Float32Array(buffer), shape);
    const { [session.outputNames[0]]: output } = await session.run({ [session.inputNames[0]]: input });
    writeFileSync(file(".output"), new Uint8Array(output.data.buffer, output.data.byteOffset, output.data.byteLength));
  } catch (error) {
    writeFileSync(file(".error"), String(error));
  }
}
