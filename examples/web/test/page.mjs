// The page in a browser without a window, from a plain static file server.
//
//   node page.mjs PAGE LIVE_CODING SCREENSHOTS
//
// PAGE is the folder that `run build` makes, LIVE_CODING the native program, SCREENSHOTS a folder. The
// variables PLAYWRIGHT (where playwright-core is) and CHROMIUM (the browser) say what to use.

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const [folder, liveCoding, screenshots] = process.argv.slice(2);
const { chromium } = createRequire(join(process.env.PLAYWRIGHT, 'x.js'))('playwright-core');
const wasm = join(folder, 'live_coding.wasm');
const RATE = 48000;
const BLOCK = 64;

let figuresOf = {};

// --- What is tested

const tests = {
  async 'ten seconds sound as the native program renders them'(page) {
    const input = await page.evaluate(patternOf, { seconds: 8, rate: RATE }).then(floats);
    const native = renderNatively(input);
    const blocks = native.length / 2 / BLOCK;
    assert.equal(blocks * BLOCK, 10 * RATE);
    // The messages come while it renders, each a little before its frame.
    const lines = await page.evaluate(scoreOf);
    const redefinitions = lines.map((line, n) => {
      return { line, frame: Math.floor((blocks * (n + 1)) / (lines.length + 1)) * BLOCK };
    });
    assert.ok(redefinitions.some(({ frame }) => frame % 128), 'some are between the frames of a quantum');
    const rendered = await page.evaluate(renderOffline, { rate: RATE, frames: blocks * BLOCK, redefinitions });
    const samples = floats(rendered.samples);
    assert.equal(samples.length, native.length);
    // In the last 32 blocks, the native program fades out.
    let difference = 0;
    let loudest = 0;
    for (let at = 0; at < native.length - 32 * BLOCK * 2; at++) {
      difference = Math.max(difference, Math.abs(samples[at] - native[at]));
      loudest = Math.max(loudest, Math.abs(native[at]));
    }
    assert.ok(loudest > 0.5, `the loudest sample is ${loudest}`);
    assert.ok(difference < 1e-4, `samples differ by up to ${difference}`);
    const { blocks: played, asked, denied, takenUp, made, destroyed, bytes, bytesAtStart } = rendered.figures;
    assert.deepEqual([played, asked, denied], [blocks, 0, 0]);
    // Of those that were made, four are the first ones, and one is destroyed before it plays.
    assert.deepEqual([takenUp, made, destroyed], [lines.length, lines.length + 5, lines.length + 1]);
    assert.equal(bytes, bytesAtStart);
    figuresOf = { difference, loudest, milliseconds: rendered.milliseconds, ...rendered.figures };
  },

  async 'a redefinition is heard from its frame on'(page) {
    const render = (redefinitions) => page.evaluate(renderOffline, { rate: RATE, frames: RATE, redefinitions });
    const plain = floats((await render([])).samples);
    const redefined = floats((await render([{ line: 'lowpass 300 2', frame: RATE / 2 }])).samples);
    const differs = plain.findIndex((sample, at) => sample !== redefined[at]);
    assert.equal(Math.floor(differs / 2 / BLOCK), RATE / 2 / BLOCK, `it differs from frame ${differs / 2} on`);
  },

  async 'other rates play, and one for which there is no memory is refused'(page) {
    for (const rate of [44100, 96000, 192000]) {
      const redefinitions = [{ line: 'osc 110', frame: 0 }];
      const { samples, figures } = await page.evaluate(renderOffline, { rate, frames: rate / 4, redefinitions });
      assert.ok(floats(samples).some((sample) => Math.abs(sample) > 0.1), `${rate}`);
      assert.deepEqual([figures.asked, figures.bytes], [0, figures.bytesAtStart]);
    }
    const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(wasm))).exports;
    const failed = instance.start(3e6);
    assert.match(said(instance, failed), /^at 3000000 Hz: out of memory/);
    assert.match(said(instance, instance.play()), /start was not called, or has failed/);
  },

  async 'the memory cannot grow, and thousands of definitions fit into it'() {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(wasm))).exports;
    assert.equal(instance.start(RATE), 0);
    const { buffer } = instance.memory;
    assert.throws(() => instance.memory.grow(1), RangeError);
    for (let n = 0; n < 5000; n++) {
      define(instance, n % 2 ? `grain ${1 + (n % 400)}` : `delay 0.${n} 0.5`);
      if (n % 3) assert.equal(instance.play(), 0);
    }
    assert.equal(instance.memory.buffer, buffer);
    // It is cut, and not written behind the text's end.
    assert.ok(define(instance, 'x'.repeat(100_000)) < 0);
    assert.equal(instance.define(2 ** 31), define(instance, 'x'.repeat(512)));
  },

  async 'a user plays it'(page) {
    await page.click('#play');
    await page.waitForFunction(() => document.querySelector('#made').textContent > 0);
    assert.ok(await hears(page), 'the pattern is heard');
    // Typed, as in `live_coding --repl`.
    await page.fill('#line', '  osc 110 ');
    await page.press('#line', 'Enter');
    await page.waitForSelector('#log .defined >> text=osc 110');
    assert.equal(await page.textContent('.row[data-name=osc] output'), 'osc 110');
    for (const [line, message] of [
      ['ocs 110', /^ocs: is no definition; there are osc HZ/],
      ['osc -1', /^osc: HZ must be from 0 to \d+, not -1/],
      ['lowpass 500', /^lowpass: Q is missing/],
      [`osc ${'9'.repeat(2000)}`, /^osc: HZ must be/],
      ['osc \u{1f3b9}', /^osc: HZ must be a number, not/],
    ]) {
      const errors = page.locator('#log .error');
      const before = await errors.count();
      await page.fill('#line', line);
      await page.press('#line', 'Enter');
      await page.waitForFunction((before) => document.querySelectorAll('#log .error').length > before, before);
      assert.match(await errors.last().textContent(), message);
    }
    await page.fill('#line', 'list');
    await page.press('#line', 'Enter');
    await page.waitForSelector('#log .defined >> text=grain 0');
    // What was typed before comes back.
    await page.press('#line', 'ArrowUp');
    await page.press('#line', 'ArrowUp');
    assert.equal(await page.inputValue('#line'), 'osc \u{1f3b9}');
    await page.press('#line', 'Escape');
    // Keys: on the screen and on a keyboard.
    await page.click('[data-line="grain 120"]');
    await page.waitForSelector('[data-line="grain 120"][aria-pressed=true]');
    await page.keyboard.press('e');
    await page.waitForSelector('[data-line="lowpass 900 2"][aria-pressed=true]');
    await page.selectOption('#source', 'silence');
    await page.waitForFunction(() => Number(document.querySelector('#taken').textContent) >= 3);
    const figure = (id) => page.textContent(`#${id}`);
    assert.deepEqual([await figure('asked'), await figure('denied')], ['0', '0']);
    assert.match(await figure('memory'), /, fixed$/);
    await page.click('#play');
    await page.waitForFunction(() => document.querySelector('#play').textContent === 'Play');
    // It begins again as it was left.
    await page.click('#play');
    await page.waitForFunction(() => document.querySelector('#taken').textContent > 0);
    assert.equal(await page.textContent('.row[data-name=osc] output'), 'osc 110');
    await page.fill('#line', 'stop');
    await page.press('#line', 'Enter');
    await page.waitForFunction(() => document.querySelector('#play').textContent === 'Play');
    // Whoever is in a hurry.
    for (let n = 0; n < 7; n++) await page.click('#play');
    await page.waitForFunction(() => document.querySelector('#taken').textContent > 0);
    assert.equal(await page.textContent('#play'), 'Stop');
    assert.equal(await page.locator('#log .error').count(), 5);
  },

  async 'files, a microphone and the score are played through it'(page) {
    await page.click('#play');
    await page.waitForFunction(() => document.querySelector('#made').textContent > 0);
    await page.selectOption('#source', 'silence');
    await page.waitForTimeout(400);
    assert.ok(!(await hears(page, 800)), 'nothing is heard');
    const tone = Float32Array.from({ length: RATE }, (_, at) => 0.5 * Math.sin(at / 20));
    await page.setInputFiles('#file', { name: 'tone.wav', mimeType: 'audio/wav', buffer: waveFile(tone) });
    assert.ok(await hears(page), 'the file is heard');
    // The browser's own microphone for tests beeps.
    await page.selectOption('#source', 'microphone');
    assert.ok(await hears(page), 'the microphone is heard');
    await page.setInputFiles('#file', { name: 'text.wav', mimeType: 'audio/wav', buffer: Buffer.from('no sound') });
    await page.waitForSelector('#log .error >> text=file:');
    assert.equal(await page.inputValue('#source'), 'pattern');
    await page.click('#score');
    await page.waitForSelector('[data-line="osc 110"][aria-pressed=true]');
    await page.waitForSelector('[data-line="lowpass 900 2"][aria-pressed=true]');
    await page.click('#score');
    assert.equal(await page.textContent('#score'), 'Play the score');
  },

  async 'a trap ends the patch, and the page says so'(page) {
    await page.route('**/live_coding.wasm', (route) => route.fulfill({ body: Buffer.from(broken()) }));
    await page.reload();
    await page.selectOption('#source', 'silence');
    await page.click('#play');
    await page.waitForSelector('#log .error >> text=The patch has ended');
    assert.equal(await page.textContent('#play'), 'Play');
  },

  async 'a module that is not there is told'(page) {
    await page.route('**/live_coding.wasm', (route) => route.fulfill({ status: 404 }));
    await page.reload();
    await page.waitForSelector('#log .error >> text=live_coding.wasm: the server says 404');
    assert.ok(await page.isDisabled('#play'));
  },

  async 'it fits into a window and a phone, light and dark'(_, browser, address) {
    mkdirSync(screenshots, { recursive: true });
    for (const colorScheme of ['light', 'dark']) {
      for (const [name, width, height] of [['desktop', 1280, 860], ['phone', 390, 844], ['small', 320, 568]]) {
        const phone = name !== 'desktop';
        const page = await browser.newPage({
          viewport: { width, height }, colorScheme, deviceScaleFactor: phone ? 2 : 1, hasTouch: phone, isMobile: phone,
        });
        await page.goto(address);
        await page.click('#play');
        await page.waitForFunction(() => document.querySelector('#made').textContent > 0);
        for (const line of ['osc 110', 'lowpass 900 2', 'delay 0.3 0.5', 'grain 120', 'osc high']) {
          await page.fill('#line', line);
          await page.press('#line', 'Enter');
        }
        await page.waitForSelector('#log .error');
        await page.waitForTimeout(700);
        const wide = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(wide <= width, `${name}: ${wide} pixels wide`);
        await page.evaluate(() => {
          document.activeElement.blur();
          scrollTo(0, 0);
        });
        await page.screenshot({ path: join(screenshots, `${name}-${colorScheme}.png`), fullPage: true });
        await page.close();
      }
    }
  },
};

// --- What runs in the page

async function patternOf({ seconds, rate }) {
  const { load, pluckedPattern } = await import('./patch.js');
  const buffer = await pluckedPattern({ sampleRate: rate }, await load('live_coding.wasm'));
  const frames = new Float32Array(seconds * rate * 2);
  for (const side of [0, 1]) {
    const samples = buffer.getChannelData(side);
    for (let at = 0; at < seconds * rate; at++) frames[2 * at + side] = samples[at];
  }
  return window.base64(frames);
}

async function scoreOf() {
  const { load, score } = await import('./patch.js');
  return score(await load('live_coding.wasm'));
}

// Eight seconds of the pattern through the patch.
async function renderOffline({ rate, frames, redefinitions }) {
  const { Patch, load, pluckedPattern } = await import('./patch.js');
  const module = await load('live_coding.wasm');
  const context = new OfflineAudioContext({ numberOfChannels: 2, length: frames, sampleRate: rate });
  const patch = await Patch.create(context, module);
  const source = new AudioBufferSourceNode(context, { buffer: await pluckedPattern(context, module) });
  source.connect(patch.node).connect(context.destination);
  source.start(0, 0, 8);
  // Several may be due in one quantum.
  const quanta = new Map();
  for (const { line, frame } of redefinitions) {
    const quantum = Math.floor(frame / 128);
    quanta.set(quantum, [...(quanta.get(quantum) ?? []), { line, frame }]);
  }
  for (const [quantum, lines] of quanta) {
    // In the middle of the quantum before, which rounds up.
    const time = Math.max(0, (quantum - 0.5) * 128) / rate;
    context.suspend(time).then(async () => {
      for (const { line, frame } of lines) {
        const { waits } = await patch.define(line, frame);
        if (!waits) throw new Error(line);
      }
      context.resume();
    });
  }
  const start = performance.now();
  const buffer = await context.startRendering();
  const milliseconds = performance.now() - start;
  const samples = new Float32Array(frames * 2);
  for (const side of [0, 1]) {
    const of = buffer.getChannelData(side);
    for (let at = 0; at < frames; at++) samples[2 * at + side] = of[at];
  }
  return { samples: window.base64(samples), milliseconds, figures: await patch.figures() };
}

// For every page: floats as text.
function base64(floats) {
  const bytes = new Uint8Array(floats.buffer);
  let text = '';
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(text);
}

// Whether the canvas is not just a line, at some moment within that time.
async function hears(page, timeout = 10_000) {
  const isWave = () => {
    const canvas = document.querySelector('#scope');
    const { width, height } = canvas;
    const { data } = canvas.getContext('2d').getImageData(0, 0, width, height / 2 - 8);
    const wave = getComputedStyle(canvas).getPropertyValue('--wave');
    const color = [1, 3, 5].map((at) => parseInt(wave.slice(at, at + 2), 16));
    for (let at = 0; at < data.length; at += 4) {
      if (color.every((part, n) => Math.abs(part - data[at + n]) < 8) && data[at + 3] > 200) return true;
    }
    return false;
  };
  return page.waitForFunction(isWave, null, { timeout }).then(() => true, () => false);
}

// --- What runs here

function floats(text) {
  const bytes = Buffer.from(text, 'base64');
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

// Through the native program, as a file of floats; they are the same to the last bit there and back.
function renderNatively(frames) {
  const work = mkdtempSync(join(tmpdir(), 'memzone-web-'));
  try {
    const [input, output] = [join(work, 'in.wav'), join(work, 'out.wav')];
    writeFileSync(input, waveFile(frames));
    execFileSync(liveCoding, [input, output], { stdio: ['ignore', 'ignore', 'inherit'] });
    const file = readFileSync(output);
    const data = file.indexOf('data');
    const length = file.readUInt32LE(data + 4);
    return new Float32Array(file.buffer.slice(file.byteOffset + data + 8, file.byteOffset + data + 8 + length));
  } finally {
    rmSync(work, { recursive: true });
  }
}

// A WAV file of two channels.
function waveFile(frames) {
  const header = Buffer.alloc(44);
  header.write('RIFF');
  header.writeUInt32LE(36 + frames.byteLength, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(3, 20); // floats
  header.writeUInt16LE(2, 22);
  header.writeUInt32LE(RATE, 24);
  header.writeUInt32LE(RATE * 8, 28);
  header.writeUInt16LE(8, 32);
  header.writeUInt16LE(32, 34);
  header.write('data', 36);
  header.writeUInt32LE(frames.byteLength, 40);
  return Buffer.concat([header, Buffer.from(frames.buffer, frames.byteOffset, frames.byteLength)]);
}

function said(instance, length) {
  return Buffer.from(new Uint8Array(instance.memory.buffer, instance.text(), length)).toString();
}

function define(instance, line) {
  const bytes = Buffer.from(line).subarray(0, instance.text_bytes());
  new Uint8Array(instance.memory.buffer, instance.text(), bytes.length).set(bytes);
  return instance.define(bytes.length);
}

// A module with the same functions, of which `play` is a trap and all others return the number 64.
function broken() {
  const names = ['block_frames', 'input', 'output', 'text', 'text_bytes', 'define', 'figures', 'play', 'start', 'last_words', 'score', 'notes'];
  const values = { block_frames: 64, text_bytes: 64, define: 64, start: 0, last_words: 0, score: 0 };
  const text = (name) => [name.length, ...Buffer.from(name)];
  const section = (id, content) => [id, ...leb(content.length), ...content];
  const bodies = names.map((name) => {
    const code = name === 'play' ? [0x00] : [0x41, ...leb(values[name] ?? 64, true)];
    return [code.length + 2, 0, ...code, 0x0b];
  });
  return [
    0, 0x61, 0x73, 0x6d, 1, 0, 0, 0,
    ...section(1, [1, 0x60, 0, 1, 0x7f]),
    ...section(3, [names.length, ...names.map(() => 0)]),
    ...section(5, [1, 0, 1]),
    ...section(7, [names.length + 1, ...text('memory'), 2, 0, ...names.flatMap((name, n) => [...text(name), 0, n])]),
    ...section(10, [names.length, ...bodies.flat()]),
  ];
}

function leb(number, isSigned = false) {
  const most = isSigned ? 0x40 : 0x80;
  return number < most ? [number] : [(number & 0x7f) | 0x80, ...leb(number >> 7, isSigned)];
}

// --- The run

const server = spawn('python3', ['-u', '-m', 'http.server', '0', '--bind', '127.0.0.1', '--directory', folder], {
  stdio: ['ignore', 'pipe', 'ignore'],
});
const port = await new Promise((resolve, reject) => {
  let out = '';
  server.on('error', reject);
  server.on('exit', () => reject(new Error('the file server has ended')));
  server.stdout.on('data', (data) => {
    out += data;
    const found = out.match(/port (\d+)/);
    if (found) resolve(found[1]);
  });
});
const address = `http://127.0.0.1:${port}/`;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  args: ['--no-sandbox', '--use-fake-ui-for-media-stream', '--use-fake-device-for-media-stream'],
});
let failed = 0;
try {
  for (const [name, test] of Object.entries(tests)) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 860 } });
    const wrong = [];
    page.on('pageerror', (error) => wrong.push(error.message));
    page.on('console', (message) => message.type() === 'error' && wrong.push(message.text()));
    await page.addInitScript(`window.base64 = ${base64}`);
    try {
      await page.goto(address);
      await page.waitForSelector('#play:enabled');
      await test(page, browser, address);
      const expected = name.includes('not there') ? /404/ : /^$/;
      assert.deepEqual(wrong.filter((text) => !expected.test(text)), []);
      console.log(`ok      ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAILED  ${name}\n${error.stack}\n${wrong.join('\n')}`);
    }
    await page.close();
  }
} finally {
  await browser.close();
  server.removeAllListeners('exit');
  server.kill();
}
if (!failed) {
  const { difference, loudest, milliseconds, blocks, asked, denied, takenUp, bytes, state, definitions, block } = figuresOf;
  const module = readFileSync(wasm);
  console.log(`
ten seconds in an OfflineAudioContext   ${milliseconds.toFixed(0)} ms, ${blocks / 2} quanta of 128 frames
largest difference to the native sound  ${difference.toExponential(1)} of ${loudest.toFixed(2)}
redefinitions by message                ${takenUp}
requests to the system, denied          ${asked}, ${denied}
memory, from the start on               ${bytes} bytes
zones: state, definitions, block        ${state}, ${definitions}, ${block} bytes
module                                  ${statSync(wasm).size} bytes, ${gzipSync(module, { level: 9 }).length} gzipped
screenshots                             ${screenshots}`);
}
process.exit(failed ? 1 : 0);
