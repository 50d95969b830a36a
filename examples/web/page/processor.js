// The audio thread's side: plays the module's blocks, and redefines between them.
//
// It is sent `{ id, line, at }`, a line in UTF-8 and the frame from which it is to be played (now, if
// there is none), and `{ id, figures: true }`. It answers `{ id, ... }`. If it cannot go on, it says
// `{ trap }` and is silent.

// `performance` is not in the scope of worklets everywhere. Without it there are whole milliseconds,
// whose sum over many blocks is right all the same.
const isExact = Boolean(globalThis.performance);
const now = isExact ? () => performance.now() : () => Date.now();

class LiveCoding extends AudioWorkletProcessor {
  constructor({ processorOptions }) {
    super();
    this.waiting = [];
    this.blocks = 0;
    this.time = 0;
    this.longest = 0;
    this.port.onmessage = ({ data }) => this.guarded(() => this.receive(data));
    this.guarded(() => {
      // Compiled on the main thread already.
      this.wasm = new WebAssembly.Instance(processorOptions.module).exports;
      this.block = this.wasm.block_frames();
      const failed = this.wasm.start(sampleRate);
      if (failed) throw new Error(this.said(failed));
      this.bytesAtStart = this.wasm.memory.buffer.byteLength;
      this.port.postMessage({ ready: true });
    });
  }

  // Does the work. An exception is the end: a panic in wasm is a trap, after which nothing is whole.
  guarded(work) {
    try {
      return work();
    } catch (error) {
      const words = this.wasm?.last_words();
      this.over = true;
      this.port.postMessage({ trap: words ? this.said(words) : error.message });
    }
  }

  process([input], [output]) {
    if (this.over) return false;
    const start = now();
    this.guarded(() => this.play(input, output));
    const time = now() - start;
    this.blocks += 1;
    this.time += time;
    this.longest = Math.max(this.longest, time);
    return !this.over;
  }

  play(input, output) {
    const { wasm, block } = this;
    const frames = output[0].length;
    if (frames % block) throw new Error(`the browser asks for ${frames} frames, no multiple of ${block}`);
    for (let at = 0; at < frames; at += block) {
      this.defineWhatIsDue(currentFrame + at);
      for (const [side, place] of this.sides(wasm.input()).entries()) {
        // Nothing is connected where there is no input.
        const samples = input[side] ?? input[0];
        if (samples) place.set(samples.subarray(at, at + block));
        else place.fill(0);
      }
      const failed = wasm.play();
      if (failed) throw new Error(this.said(failed));
      for (const [side, place] of this.sides(wasm.output()).entries()) output[side].set(place, at);
    }
  }

  // A block's two sides in the module's memory. They are made anew each time: had the memory grown,
  // older ones would be detached.
  sides(pointer) {
    const { wasm, block } = this;
    return [0, 1].map((side) => new Float32Array(wasm.memory.buffer, pointer + side * 4 * block, block));
  }

  receive({ id, line, at, figures }) {
    if (this.over || !this.wasm) return;
    if (figures) this.port.postMessage({ id, ...this.figures() });
    else if (at === undefined) this.define({ id, line });
    else {
      const place = this.waiting.findLastIndex((other) => other.at <= at) + 1;
      this.waiting.splice(place, 0, { id, line, at });
      this.port.postMessage({ id, waits: true });
    }
  }

  defineWhatIsDue(frame) {
    while (this.waiting.length && this.waiting[0].at <= frame) this.define(this.waiting.shift());
  }

  define({ id, line }) {
    const { wasm } = this;
    const length = Math.min(line.length, wasm.text_bytes());
    new Uint8Array(wasm.memory.buffer, wasm.text(), length).set(line.subarray(0, length));
    const start = now();
    const said = wasm.define(length);
    const time = now() - start;
    const text = this.text(Math.abs(said));
    this.port.postMessage({ id, frame: currentFrame, time, [said < 0 ? 'error' : 'defined']: text });
  }

  figures() {
    const { wasm, bytesAtStart, time, longest } = this;
    const numbers = [...new Float64Array(wasm.memory.buffer, wasm.figures(), 9)];
    const [blocks, asked, denied, made, takenUp, destroyed, state, definitions, block] = numbers;
    const quanta = this.blocks;
    this.blocks = this.time = this.longest = 0;
    return {
      blocks, asked, denied, made, takenUp, destroyed, state, definitions, block,
      bytes: wasm.memory.buffer.byteLength, bytesAtStart, quanta, time, longest, isExact,
    };
  }

  // Text is decoded on the main thread: worklets have no TextDecoder.
  text(length) {
    return new Uint8Array(this.wasm.memory.buffer, this.wasm.text(), length).slice();
  }

  // A message for an exception; all but what a user typed is ASCII.
  said(length) {
    return String.fromCharCode(...this.text(length));
  }
}

registerProcessor('live-coding', LiveCoding);
