// Runs a program for wasm32-wasip1 under node's WASI: the runner of `.ci/wasip1`.
//
//   node .ci/wasi.mjs PROGRAM ARGUMENTS...
//
// The current directory is all that it sees of the file system.

import { readFile } from 'node:fs/promises';
import { argv, cwd, env, exit } from 'node:process';
import { WASI } from 'node:wasi';

const [program, ...args] = argv.slice(2);
const preopens = { '.': cwd(), [cwd()]: cwd() };
const wasi = new WASI({ version: 'preview1', args: [program, ...args], env: { ...env, PWD: cwd() }, preopens });
const module = await WebAssembly.compile(await readFile(program));
const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
try {
  exit(wasi.start(instance));
} catch (error) {
  // A panic is a trap there.
  console.error(`${error}`);
  exit(134);
}
