// The page: starts the patch at a user's gesture, types definitions, and shows what it does.

import { Patch, load, pluckedPattern, score } from './patch.js';
import { ROWS, makeKeyboard, show } from './keys.js';
import { Scope } from './scope.js';

const $ = (id) => document.getElementById(id);

// Seconds of a fade of the volume, and from one look at the figures to the next.
const FADE = 0.04;
const LOOK = 0.25;
// Seconds over which the score is spread.
const SCORE_SECONDS = 26;
const LOG_LINES = 60;
const HELP = 'osc HZ, lowpass HZ Q, delay SECONDS FEEDBACK, grain MILLISECONDS, list, help, stop';

const scope = new Scope($('scope'));
// What the parts are defined as, whether it plays or not.
const definitions = new Map(ROWS.map((row) => [row.name, `${row.name} ${row.first}`]));
let module = null;
// What plays: the context, the patch, and the nodes around it.
let playing = null;
// The file that was chosen, and the pattern for each sample rate.
let chosen = null;
const patterns = new Map();
let scoreTimers = [];

// --- Playing

async function start() {
  const context = new AudioContext({ latencyHint: 'interactive' });
  const volume = new GainNode(context, { gain: 0 });
  const analyser = new AnalyserNode(context, { fftSize: 4096 });
  const now = { context, volume, analyser };
  playing = now;
  showState();
  try {
    await context.resume();
    now.patch = await Patch.create(context, module);
    now.patch.onTrap = (why) => stop(`The patch has ended: ${why}`);
    now.patch.node.connect(volume).connect(analyser).connect(context.destination);
    for (const line of definitions.values()) await now.patch.define(line);
    await connect($('source').value);
  } catch (error) {
    // Stopping may have been what went wrong.
    return playing === now ? stop(error.message) : undefined;
  }
  if (playing !== now) return;
  setVolume();
  scope.listen(analyser);
  $('deadline').textContent = `of ${((128 / context.sampleRate) * 1000).toFixed(2)} ms`;
  now.timer = setInterval(look, LOOK * 1000);
}

async function stop(why) {
  const was = playing;
  if (!was) return;
  playing = null;
  stopScore();
  clearInterval(was.timer);
  showState();
  if (why) say('error', why);
  was.volume.gain.setTargetAtTime(0, was.context.currentTime, FADE / 4);
  await new Promise((resolve) => setTimeout(resolve, FADE * 2000));
  silence(was.source);
  if (!playing) scope.listen(null);
  await was.context.close();
}

function setVolume() {
  if (!playing) return;
  const { context, volume } = playing;
  volume.gain.setTargetAtTime($('volume').value ** 2, context.currentTime, FADE / 4);
}

// --- What is played through it

async function connect(kind) {
  const now = playing;
  if (!now) return;
  const { context } = now;
  let source = null;
  if (kind === 'microphone') {
    const sound = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
    const stream = await navigator.mediaDevices.getUserMedia({ audio: sound });
    source = new MediaStreamAudioSourceNode(context, { mediaStream: stream });
  } else if (kind !== 'silence') {
    const buffer = kind === 'file' ? await decoded(context) : await pattern(context);
    source = new AudioBufferSourceNode(context, { buffer, loop: true });
    source.start();
  }
  // It may have been stopped meanwhile.
  if (now !== playing) return silence(source);
  silence(now.source);
  now.source = source;
  source?.connect(now.patch.node);
}

async function decoded(context) {
  if (!chosen) throw new Error('choose one first');
  return context.decodeAudioData(await chosen.arrayBuffer());
}

async function pattern(context) {
  const { sampleRate } = context;
  if (!patterns.has(sampleRate)) patterns.set(sampleRate, await pluckedPattern(context, module));
  return patterns.get(sampleRate);
}

function silence(source) {
  source?.disconnect();
  source?.mediaStream?.getTracks().forEach((track) => track.stop());
}

async function change(kind) {
  try {
    await connect(kind);
  } catch (error) {
    say('error', `${kind}: ${error.message}`);
    $('source').value = 'pattern';
    await connect('pattern');
  }
}

// --- Definitions

async function define(line) {
  const typed = line.trim();
  if (!typed) return;
  if (!playing?.patch) {
    say('note', `${typed}: press Play first`);
    return;
  }
  const { defined, error, frame, time } = await playing.patch.define(typed);
  if (error) return say('error', error);
  if (defined === 'stop') return stop();
  if (defined === 'help') return say('note', HELP);
  if (defined === 'list') return definitions.forEach((definition) => say('defined', definition));
  definitions.set(defined.split(' ')[0], defined);
  show(defined);
  say('defined', defined, `at frame ${frame.toLocaleString('en')}, ${built(time)}`);
}

function built(time) {
  return time < 1 ? 'built within 1 ms' : `built in ${time.toFixed(0)} ms`;
}

function say(kind, text, more = '') {
  const item = document.createElement('li');
  item.className = kind;
  const code = document.createElement('code');
  code.textContent = text;
  item.append(code);
  if (more) item.append(Object.assign(document.createElement('small'), { textContent: more }));
  const log = $('log');
  log.append(item);
  while (log.children.length > LOG_LINES) log.firstChild.remove();
  log.scrollTop = log.scrollHeight;
}

async function playScore() {
  if (scoreTimers.length) return stopScore();
  if (!playing) await start();
  const lines = score(module);
  scoreTimers = lines.map((line, at) =>
    setTimeout(() => {
      define(line);
      if (at === lines.length - 1) stopScore();
    }, (at * SCORE_SECONDS * 1000) / lines.length),
  );
  $('score').textContent = 'Stop the score';
}

function stopScore() {
  scoreTimers.forEach(clearTimeout);
  scoreTimers = [];
  $('score').textContent = 'Play the score';
}

// --- What it does

async function look() {
  const now = playing;
  const { patch, context } = now;
  const f = await patch.figures();
  if (!f.quanta || now !== playing) return;
  const deadline = (128 / context.sampleRate) * 1000;
  // Smoothed, as there may be whole milliseconds only.
  now.looks = (now.looks ?? 0) + 1;
  now.mean ??= 0;
  now.mean += (f.time / f.quanta - now.mean) / Math.min(now.looks, 20);
  $('time').textContent = now.mean < 0.01 ? '< 0.01 ms' : `${now.mean.toFixed(2)} ms`;
  $('load').value = now.mean / deadline;
  now.longest = Math.max(now.longest ?? 0, f.longest);
  const numbers = {
    longest: f.isExact ? `${now.longest.toFixed(2)} ms` : `within ${now.longest + 1} ms`,
    state: kib(f.state),
    definitions: kib(f.definitions),
    block: kib(f.block),
    memory: f.bytes === f.bytesAtStart ? `${kib(f.bytes)}, fixed` : `${kib(f.bytes)}, has grown`,
    asked: f.asked,
    denied: f.denied,
    made: f.made,
    taken: f.takenUp,
    destroyed: f.destroyed,
  };
  for (const [id, number] of Object.entries(numbers)) $(id).textContent = number;
}

function kib(bytes) {
  const kib = bytes / 1024;
  return kib < 10 ? `${kib.toFixed(1)} KiB` : kib < 2048 ? `${Math.round(kib)} KiB` : `${(kib / 1024).toFixed(1)} MiB`;
}

function showState() {
  $('play').textContent = playing ? 'Stop' : 'Play';
  document.body.classList.toggle('playing', Boolean(playing));
}

// --- The controls

makeKeyboard($('keyboard'), async (line) => {
  if (playing) return define(line);
  // Where nothing plays, a key begins with its definition.
  definitions.set(line.split(' ')[0], line);
  show(line);
  if (!$('play').disabled) await start();
});
definitions.forEach(show);

$('play').addEventListener('click', () => (playing ? stop() : start()));
$('score').addEventListener('click', playScore);
$('volume').addEventListener('input', setVolume);
$('source').addEventListener('change', () => {
  if ($('source').value === 'file') $('file').click();
  else change($('source').value);
});
$('file').addEventListener('cancel', () => {
  // What was chosen before goes on, if there is one.
  if (chosen) return change('file');
  $('source').value = 'pattern';
  change('pattern');
});
$('file').addEventListener('change', () => {
  chosen = $('file').files[0] ?? null;
  $('source').value = 'file';
  change('file');
});

const typed = [];
let older = 0;
$('form').addEventListener('submit', (event) => {
  event.preventDefault();
  const line = $('line').value;
  $('line').value = '';
  if (!line.trim()) return;
  if (typed.at(-1) !== line) typed.push(line);
  older = typed.length;
  define(line);
});
$('line').addEventListener('keydown', (event) => {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (event.key === 'Escape') $('line').blur();
  if (!step) return;
  event.preventDefault();
  older = Math.min(Math.max(older + step, 0), typed.length);
  $('line').value = typed[older] ?? '';
});

say('note', HELP);
try {
  module = await load('live_coding.wasm');
  $('play').disabled = false;
  showState();
} catch (error) {
  $('play').textContent = 'Cannot play';
  say('error', error.message);
}
