// The patch as the page knows it: a node that plays, and messages to it.

const encoder = new TextEncoder();
const decoder = new TextDecoder();

// The module, compiled on the main thread. No server needs to know its type.
export async function load(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: the server says ${response.status}`);
  return WebAssembly.compile(await response.arrayBuffer());
}

// A node in a context, whose input is what is played through the patch.
export class Patch {
  static async create(context, module) {
    if (!context.audioWorklet) throw new Error('AudioWorklet is for pages from https: or localhost only');
    await context.audioWorklet.addModule('processor.js');
    const patch = new Patch();
    patch.node = new AudioWorkletNode(context, 'live-coding', {
      numberOfInputs: 1,
      numberOfOutputs: 1,
      outputChannelCount: [2],
      channelCount: 2,
      channelCountMode: 'explicit',
      processorOptions: { module },
    });
    await new Promise((resolve, reject) => {
      patch.node.port.onmessage = ({ data }) => {
        if (data.ready) resolve();
        else if (data.trap) reject(new Error(data.trap));
      };
      patch.node.onprocessorerror = () => reject(new Error('the processor could not be made'));
    });
    patch.node.port.onmessage = ({ data }) => patch.receive(data);
    patch.node.onprocessorerror = () => patch.receive({ trap: 'the processor has failed' });
    return patch;
  }

  answers = new Map();
  id = 0;
  // Is called with why, if the patch cannot go on.
  onTrap = () => {};

  // Redefines, now or from a frame on. What is answered has `defined` or `error`, and for a frame that
  // is to come `waits`.
  async define(line, at) {
    const answer = await this.ask({ line: encoder.encode(line), at });
    for (const text of ['defined', 'error']) {
      if (answer[text]) answer[text] = decoder.decode(answer[text]);
    }
    return answer;
  }

  figures() {
    return this.ask({ figures: true });
  }

  ask(message) {
    return new Promise((resolve) => {
      this.id += 1;
      this.answers.set(this.id, resolve);
      this.node.port.postMessage({ id: this.id, ...message });
    });
  }

  receive({ id, trap, ...answer }) {
    if (trap) this.onTrap(trap);
    this.answers.get(id)?.(answer);
    this.answers.delete(id);
  }
}

// The plucked pattern that `live_coding` plays without a file, computed by a second instance of the
// module on the main thread: what an audio thread would be late for.
export async function pluckedPattern(context, module) {
  const wasm = new WebAssembly.Instance(module).exports;
  const { sampleRate } = context;
  const block = wasm.block_frames();
  const frames = Math.floor(wasm.notes_seconds() * sampleRate);
  const buffer = new AudioBuffer({ length: frames, numberOfChannels: 2, sampleRate });
  for (let at = 0; at < frames; at += block) {
    wasm.notes(at, sampleRate);
    const length = Math.min(block, frames - at);
    for (const side of [0, 1]) {
      const place = wasm.output() + side * 4 * block;
      buffer.copyToChannel(new Float32Array(wasm.memory.buffer, place, length), side, at);
    }
    // The page stays alive meanwhile.
    if (at % (256 * block) === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  return buffer;
}

// What `live_coding` redefines the patch to where nobody types.
export function score(module) {
  const wasm = new WebAssembly.Instance(module).exports;
  const lines = [];
  for (let length; (length = wasm.score(lines.length)); ) {
    lines.push(decoder.decode(new Uint8Array(wasm.memory.buffer, wasm.text(), length)));
  }
  return lines;
}
