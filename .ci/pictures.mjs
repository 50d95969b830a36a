// Draws what the examples have made. `.ci/pictures` calls it.
//
//   node pictures.mjs MADE OUT
//
// MADE has a folder for each program, with its files and its table. OUT gets a PNG of each. The variables LIBRARIES and CHROMIUM
// say where playwright-core is and which browser to use.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const [made, out] = process.argv.slice(2);
const { chromium } = createRequire(join(process.env.LIBRARIES, 'x.js'))('playwright-core');
const read = (name, file) => readFileSync(join(made, name, file));

/// Narrow enough for a phone, and two fit beside each other in a README. A frame of its own makes it readable in any theme.
const WIDTH = 354;
const HEIGHT = 190;
const STYLE = `margin: 0; width: ${WIDTH}px; box-sizing: border-box; background: #161a20; color: #e6edf3;
  font: 13px "DejaVu Sans", sans-serif; padding: 8px 10px; border: 1px solid #7d8590; border-radius: 6px`;
const INNER = WIDTH - 22;
const BARS = ['#6ea8fe', '#f0b458', '#4ade80'];

/// The samples of the first channel of a WAV file, of 16 or 24 bits or of floats, and its rate.
function wav(bytes) {
  let [at, rate, channels, bits, kind] = [12, 0, 0, 0, 0];
  for (;;) {
    const name = bytes.toString('latin1', at, at + 4);
    const size = bytes.readUInt32LE(at + 4);
    if (name === 'fmt ') {
      [kind, channels, rate, bits] = [bytes.readUInt16LE(at + 8), bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 12), bytes.readUInt16LE(at + 22)];
      if (kind === 0xfffe) kind = bytes.readUInt16LE(at + 32);
    }
    if (name === 'data') {
      const step = (bits / 8) * channels;
      const one = (place) => kind === 3 ? bytes.readFloatLE(place) : bytes.readIntLE(place, bits / 8) / 2 ** (bits - 1);
      const length = Math.floor(Math.min(size, bytes.length - at - 8) / step);
      return { rate, samples: Float32Array.from({ length }, (_, n) => one(at + 8 + n * step)) };
    }
    at += 8 + size + (size & 1);
  }
}

/// The loudness in dB of each of `rows` equal parts of the frequencies up to `top`, at `columns` moments.
function spectrogram({ rate, samples }, columns, rows, top) {
  const size = 2048;
  const [real, imaginary] = [new Float64Array(size), new Float64Array(size)];
  return Array.from({ length: columns }, (_, column) => {
    const start = Math.floor((column / columns) * Math.max(0, samples.length - size));
    for (let n = 0; n < size; n++) {
      // The order of a transform in place.
      let reversed = 0;
      for (let bit = 1; bit < size; bit <<= 1) reversed = (reversed << 1) | (n & bit ? 1 : 0);
      real[reversed] = (samples[start + n] ?? 0) * (0.5 - 0.5 * Math.cos((2 * Math.PI * n) / size));
    }
    imaginary.fill(0);
    for (let half = 1; half < size; half *= 2) {
      for (let first = 0; first < size; first += 2 * half) {
        for (let n = 0; n < half; n++) {
          const [a, b] = [first + n, first + n + half];
          const [c, s] = [Math.cos((Math.PI * n) / half), -Math.sin((Math.PI * n) / half)];
          const [x, y] = [c * real[b] - s * imaginary[b], c * imaginary[b] + s * real[b]];
          [real[b], imaginary[b]] = [real[a] - x, imaginary[a] - y];
          [real[a], imaginary[a]] = [real[a] + x, imaginary[a] + y];
        }
      }
    }
    return Array.from({ length: rows }, (_, row) => {
      const bin = (edge) => Math.floor(((edge / rows) * top * size) / rate);
      let most = 0;
      for (let n = bin(row); n <= Math.max(bin(row), bin(row + 1) - 1); n++) most = Math.max(most, Math.hypot(real[n], imaginary[n]));
      return 20 * Math.log10(most / size + 1e-9);
    });
  });
}

/// A sound: its spectrogram, low frequencies at the bottom.
function sound(name, top) {
  const file = wav(read(name, `${name}.wav`));
  const levels = spectrogram(file, INNER, HEIGHT - 60, top);
  const loudest = Math.max(...levels.flat());
  const seconds = (file.samples.length / file.rate).toFixed(0);
  const text = `0 to ${top / 1000} kHz, ${seconds} seconds`;
  return { text, columns: levels.map((column) => column.map((level) => Math.max(0, 1 + (level - loudest) / 75))) };
}

/// A frame of a video in 4:2:0 with 8 bits, as grey and colour differences.
function video(name, frame) {
  const bytes = read(name, `${name}.y4m`);
  const head = bytes.toString('latin1', 0, bytes.indexOf(10));
  const [width, height] = ['W', 'H'].map((letter) => Number(head.match(new RegExp(` ${letter}(\\d+)`))[1]));
  const size = (width * height * 3) / 2;
  const start = head.length + 1 + frame * (size + 6) + 6;
  return { width, height, planes: bytes.subarray(start, start + size).toString('base64') };
}

/// A row of a table: its name and its columns.
function row(name, label) {
  const line = read(name, 'table').toString().split('\n').find((line) => line.startsWith(label));
  return line.slice(label.length).trim().split(/\s{2,}/).map((value) => Number(value.replaceAll(',', '')));
}

/// The curves of the first of the plot's parts, as the program drew it, without its letters.
function curves(name) {
  const svg = read(name, `${name}.svg`).toString();
  const lines = [...svg.matchAll(/<polyline[^>]*stroke="(#[0-9A-F]+)"[^>]*stroke-width="2"[^>]*points="([^"]+)"/g)];
  const places = (text) => text.trim().split(/\s+/).map((place) => place.split(',').map(Number));
  return lines.slice(0, 3).map(([, , points]) => places(points));
}

/// Runs in the browser.
function draw({ kind, picture, bars, inner, height }) {
  const canvas = document.querySelector('canvas');
  if (!canvas) return;
  const context = canvas.getContext('2d');
  if (kind === 'sound') {
    picture.columns.forEach((column, x) => column.forEach((level, row) => {
      // From the ground over blue to yellow, in few steps.
      const at = Math.round(level * 20) / 20;
      context.fillStyle = `hsl(${230 - 180 * at} ${60 + 30 * at}% ${11 + 55 * at}%)`;
      context.fillRect(x, column.length - 1 - row, 1, 1);
    }));
  } else if (kind === 'video') {
    const { width, height, planes } = picture;
    const bytes = Uint8Array.from(atob(planes), (letter) => letter.charCodeAt(0));
    const image = new ImageData(width, height);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const half = (y >> 1) * (width >> 1) + (x >> 1);
        const light = bytes[y * width + x];
        const u = bytes[width * height + half] - 128;
        const v = bytes[(width * height * 5) / 4 + half] - 128;
        image.data.set([light + 1.402 * v, light - 0.344 * u - 0.714 * v, light + 1.772 * u, 255], 4 * (y * width + x));
      }
    }
    const whole = new OffscreenCanvas(width, height);
    whole.getContext('2d').putImageData(image, 0, 0);
    // As much of the middle as has the shape of the canvas.
    const part = Math.min(height, (width * canvas.height) / canvas.width);
    context.drawImage(whole, 0, (height - part) / 2, width, part, 0, 0, canvas.width, canvas.height);
  } else {
    const all = picture.flat();
    const least = (n) => Math.min(...all.map((place) => place[n]));
    const most = (n) => Math.max(...all.map((place) => place[n]));
    const [left, right, top, bottom] = [least(0), most(0), least(1), most(1)];
    picture.forEach((line, n) => {
      context.strokeStyle = bars[n];
      context.lineWidth = 2;
      context.beginPath();
      for (const [x, y] of line) context.lineTo(2 + ((x - left) / (right - left)) * (inner - 4), 3 + ((y - top) / (bottom - top)) * (canvas.height - 6));
      context.stroke();
    });
  }
}

const canvas = (text) => `<canvas width="${INNER}" height="${HEIGHT - 60}" style="display: block; margin-top: 6px"></canvas>
  <div style="color: #a3adb8; font-size: 12px; margin-top: 4px">${text}</div>`;
const calls = row('game_loop', 'system allocations a frame, after 60 frames');
const bytes = row('game_loop', 'bytes so asked a frame, after 60 frames');
const bar = (name, color, of, most) => `<div style="margin-top: 5px">${name}: ${of.toLocaleString('en')}</div>
  <div style="height: 11px; width: ${Math.max(2, (of / most) * INNER)}px; background: ${color}"></div>`;
const legend = ['RtHeap', 'Zone', 'malloc'].map((name, n) => `<span style="color: ${BARS[n]}">${name}</span>`).join(', ');

const sounds = { live_coding: 8000, denoise: 4000, voices: 5000, instrument: 4000 };
const titles = {
  game_loop: 'what a frame asks of the system',
  live_coding: 'twelve redefinitions',
  denoise: 'a chord, freed of its noise',
  voices: 'a MIDI file',
  instrument: 'an organ’s score',
  video: 'a frame, freed of its noise',
  fragmentation: 'an adversary’s work',
};
const pictures = {
  game_loop: { html: `${bar('allocations, zones', BARS[0], calls[0], calls[1])}${bar('allocations, Vec', BARS[1], calls[1], calls[1])}
    ${bar('bytes, zones', BARS[0], bytes[0], bytes[1])}${bar('bytes, Vec', BARS[1], bytes[1], bytes[1])}` },
  video: { kind: 'video', picture: video('video', 25), html: canvas('640 by 360 pixels, 25 frames a second') },
  fragmentation: { kind: 'curves', picture: curves('fragmentation'), html: canvas(`lost to fragments: ${legend}`) },
};
for (const [name, top] of Object.entries(sounds)) {
  const picture = sound(name, top);
  pictures[name] = { kind: 'sound', picture, html: canvas(picture.text) };
}

const profile = mkdtempSync(join(tmpdir(), 'pictures-'));
try {
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM,
    headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync'],
  });
  const page = await context.newPage();
  for (const [name, { kind, picture, html }] of Object.entries(pictures)) {
    await page.setContent(`<meta charset="utf-8"><body style="margin: 0; background: #161a20"><main style='${STYLE}; height: ${HEIGHT}px'>
      <b>${name}</b>: ${titles[name]}${html}</main>`);
    await page.evaluate(draw, { kind, picture, bars: BARS, inner: INNER, height: HEIGHT });
    await page.locator('main').screenshot({ path: join(out, `${name}.png`) });
  }
  await context.close();
} finally {
  rmSync(profile, { recursive: true, force: true });
}
