// Bundles src/ and the runtime, packs each file, and writes a C++ file that embeds them all.
// Usage: node build.mjs FOLDER ASSETS.cpp
import { build } from 'esbuild';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const [folder, generated] = process.argv.slice(2).map(path => resolve(path));
const types = {
  '.css': 'text/css; charset=utf-8', '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml', '.wasm': 'application/wasm',
};

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
await build({
  absWorkingDir: here,
  entryPoints: ['app.js', 'playground.js', 'static.js', 'app.css'].map(name => join('src', name)),
  outdir: folder,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  legalComments: 'inline',
  // The playground is loaded when it is opened, in `limbeck serve` and in a folder of `limbeck export --page` alike.
  plugins: [{
    name: 'playground-apart',
    setup: ({ onResolve }) => onResolve({ filter: /^\.\/playground\.js$/ },
      ({ kind, path }) => kind === 'entry-point' ? undefined : { path, external: true }),
  }],
  logLevel: 'warning',
});
for (const name of ['index.html', 'playground.html', 'icon.svg'])
  writeFileSync(join(folder, name), readFileSync(join(here, 'src', name)));
const runtime = 'ort-wasm-simd-threaded.wasm';
writeFileSync(join(folder, runtime), readFileSync(join(here, 'node_modules/onnxruntime-web/dist', runtime)));

const names = readdirSync(folder).sort();
let embedded = '', rows = '';
names.forEach((name, place) => {
  const content = readFileSync(join(folder, name));
  const packed = join(folder, name + '.gz');
  writeFileSync(packed, gzipSync(content, { level: 9 }));
  const tag = createHash('sha256').update(content).digest('hex').slice(0, 32);
  embedded += `extern "C" const char limbeck_asset_${place}[], limbeck_asset_${place}_end[];
asm(R"(.section .rodata
.global limbeck_asset_${place}, limbeck_asset_${place}_end
limbeck_asset_${place}: .incbin "${packed}"
limbeck_asset_${place}_end: .byte 0
.text)");
`;
  const bytes = `limbeck_asset_${place}, static_cast<size_t>(limbeck_asset_${place}_end - limbeck_asset_${place})`;
  rows += `      {"${name}", "${types[extname(name)]}", "${tag}", {${bytes}}},\n`;
});
writeFileSync(generated, `// Generated from web/: do not edit.
#include "serve/assets.h"

${embedded}
namespace limbeck {
std::span<const Asset> web_assets() {
  static const Asset kAssets[] = {
${rows}  };
  return kAssets;
}
}  // namespace limbeck
`);
