// Runs programs for wasm32-wasip1 under node's WASI: the runner of `.ci/wasip1`.
//
//   node .ci/wasi.mjs PROGRAM [ARGUMENTS...]
//
// A program of tests without arguments, or with a part of tests' names, runs each test in an instance of its
// own. There is one thread, and a panic is a trap, so this stands for the thread that each test has elsewhere: it
// starts with what a new thread has, and ends alone. The current directory is all that it sees of the file system.

import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argv, cwd, env, exit, pid } from 'node:process';
import { WASI } from 'node:wasi';

const [program, ...args] = argv.slice(2);
const module = await WebAssembly.compile(readFileSync(program));
const preopens = { '.': cwd(), [cwd()]: cwd() };

// Runs it with arguments: its exit code, and what it printed.
async function run(args) {
  const path = join(tmpdir(), `wasi-${pid}`);
  const out = openSync(path, 'w');
  try {
    const wasi = new WASI({
      version: 'preview1', args: [program, ...args], env: { ...env, PWD: cwd() }, preopens, stdout: out, stderr: out,
    });
    const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
    let code;
    let trap = '';
    try {
      code = wasi.start(instance);
    } catch (error) {
      code = 134;
      trap = `${error}\n`;
    }
    return { code, text: readFileSync(path, 'utf8') + trap };
  } finally {
    closeSync(out);
    rmSync(path);
  }
}

if (args.some((argument) => argument.startsWith('-'))) {
  const { code, text } = await run(args);
  console.log(text);
  exit(code);
}

const { code, text } = await run(['--list', ...args]);
if (code) {
  console.log(text);
  exit(code);
}
const tests = text.split('\n').flatMap((line) => line.match(/^(.*): test$/)?.[1] ?? []);
const failed = [];
let passed = 0;
for (const test of tests) {
  // Without capture, as a trap loses what was captured.
  const { code, text } = await run(['--exact', '--nocapture', test]);
  if (code) failed.push(`---- ${test} ----\n${text}`);
  else passed += / 1 passed/.test(text);
}
const ignored = tests.length - passed - failed.length;
console.log(failed.join('\n'));
console.log(`test result: ${passed} passed; ${failed.length} failed; ${ignored} ignored`);
exit(failed.length ? 101 : 0);
