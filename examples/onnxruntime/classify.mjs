// Classifies one picture with a network that `limbeck export` wrote, in onnxruntime for Node.js.
//
//   limbeck export runs/a/stages/distilled/weights.safetensors --out student.onnx --bytes
//   npm install onnxruntime-node
//   node classify.mjs student.onnx picture.pgm
//   # PGM or PPM (P5, P6) of 8 bits, or raw bytes [channels, height, width]
//
// Of a network that was written without --bytes, bytes are divided by 255 first.
import { readFileSync } from "node:fs";
import * as ort from "onnxruntime-node";

const [modelFile, pictureFile] = process.argv.slice(2);
if (!pictureFile) throw new Error("usage: node classify.mjs student.onnx picture.pgm");

const session = await ort.InferenceSession.create(modelFile);
const [input] = session.inputMetadata;
const shape = [1, ...input.shape.slice(1)]; // the first is the batch, of any size
const size = shape.reduce((product, extent) => product * extent);

const file = readFileSync(pictureFile);
if (file.length < size) throw new Error(`${pictureFile} has ${file.length} bytes, the network takes ${size}`);
const stored = file.subarray(file.length - size); // the pixels of a PGM or PPM file stand at its end
// the colours of each pixel beside each other
const isPpm = file.length > size && file.subarray(0, 2).toString() === "P6";
if (isPpm && shape[1] !== 3) throw new Error(`${pictureFile} has three colours, the network takes ${shape[1]}`);
const planes = isPpm ? 3 : 1;
const bytes =
  Uint8Array.from(stored, (_, i) => stored[(i % (size / planes)) * planes + Math.floor(i / (size / planes))]);
const values = input.type === "uint8" ? bytes : Float32Array.from(bytes, (byte) => byte / 255);

const results = await session.run({ [input.name]: new ort.Tensor(input.type, values, shape) });
const scores = Array.from(results[session.outputNames[0]].data);
console.log(`class ${scores.indexOf(Math.max(...scores))}`);
scores.forEach((score, i) => console.log(`  ${i} ${score}`));
