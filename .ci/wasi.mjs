// Runs programs for wasm32-wasip1 under node's WASI: the runner of `.ci/targets wasip1`.
//
//   node .ci/wasi.mjs PROGRAM [ARGUMENTS...]
//
// A program of tests without options runs each of its tests, or each with a part of its name among the arguments, in
// a process of its own. There is one thread, and a panic is a trap, so this stands for the thread that each
// test has elsewhere: it starts with what a new thread has, and ends alone. The current directory is all that it
// sees of the file system.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { argv, cwd, env, execPath, exit } from 'node:process';
import { WASI } from 'node:wasi';

const [script, program, ...args] = argv.slice(1);

if (args.some((argument) => argument.startsWith('-'))) {
  const preopens = { '.': cwd(), [cwd()]: cwd() };
  const wasi = new WASI({ version: 'preview1', args: [program, ...args], env: { ...env, PWD: cwd() }, preopens });
  const module = await WebAssembly.compile(readFileSync(program));
  const instance = await WebAssembly.instantiate(module, wasi.getImportObject());
  try {
    exit(wasi.start(instance));
  } catch (error) {
    console.error(`${error}`);
    exit(134);
  }
}

// Node's own limit for its stack, in KiB, is less than what the module has in its memory.
const node = ['--stack-size=4000'];

function run(...args) {
  const { status, signal, stdout, stderr } = spawnSync(execPath, [...node, script, program, ...args], {
    encoding: 'utf8', maxBuffer: 1 << 28, timeout: 300_000,
  });
  // Node 20 itself dies in half of the runs that have used much memory, after the program has said that all went well.
  const atItsEnd = signal === 'SIGSEGV' && stdout.includes('test result: ok. 1 passed');
  return { code: atItsEnd ? 0 : status, text: stdout + stderr };
}

const { code, text } = run('--list', ...args);
if (code !== 0) {
  console.log(text);
  exit(code ?? 1);
}
const tests = text.split('\n').flatMap((line) => line.match(/^(.*): test$/)?.[1] ?? []);
const failed = [];
let passed = 0;
for (const test of tests) {
  // Without capture, as a trap loses what was captured.
  const { code, text } = run('--exact', '--nocapture', test);
  if (code !== 0) failed.push(`---- ${test} ----\n${text}`);
  else passed += / 1 passed/.test(text);
}
const ignored = tests.length - passed - failed.length;
console.log(failed.join('\n'));
console.log(`test result: ${passed} passed; ${failed.length} failed; ${ignored} ignored`);
exit(failed.length ? 101 : 0);
