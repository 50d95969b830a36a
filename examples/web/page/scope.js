// The waveform, drawn from what an AnalyserNode has heard last.

export class Scope {
  constructor(canvas) {
    this.canvas = canvas;
    this.samples = new Float32Array(4096);
    new ResizeObserver(() => this.resize()).observe(canvas);
    this.resize();
  }

  resize() {
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.max(1, Math.round(this.canvas.clientWidth * ratio));
    this.canvas.height = Math.max(1, Math.round(this.canvas.clientHeight * ratio));
    this.ratio = ratio;
    this.draw();
  }

  // Draws on, as long as there is something to listen to; a flat line without.
  listen(analyser) {
    this.analyser = analyser;
    const frame = () => {
      if (this.analyser !== analyser) return;
      this.draw();
      if (analyser) requestAnimationFrame(frame);
    };
    frame();
  }

  draw() {
    const { canvas, samples, ratio } = this;
    const { width, height } = canvas;
    const style = getComputedStyle(canvas);
    const context = canvas.getContext('2d');
    context.clearRect(0, 0, width, height);
    context.lineWidth = ratio;
    context.strokeStyle = style.getPropertyValue('--grid');
    context.beginPath();
    for (let part = 1; part < 4; part++) line(context, 0, (height * part) / 4, width, (height * part) / 4);
    for (let part = 1; part < 8; part++) line(context, (width * part) / 8, 0, (width * part) / 8, height);
    context.stroke();

    if (this.analyser) this.analyser.getFloatTimeDomainData(samples);
    else samples.fill(0);
    const shown = samples.length / 2;
    const start = rising(samples, shown);
    context.strokeStyle = style.getPropertyValue('--wave');
    context.lineWidth = 2 * ratio;
    context.lineJoin = 'round';
    context.beginPath();
    for (let at = 0; at < shown; at++) {
      const x = (at / (shown - 1)) * width;
      const y = (0.5 - 0.48 * samples[start + at]) * height;
      if (at) context.lineTo(x, y);
      else context.moveTo(x, y);
    }
    context.stroke();
  }
}

function line(context, ...[x, y, toX, toY]) {
  context.moveTo(x, y);
  context.lineTo(toX, toY);
}

// Where the wave goes up through zero most steeply, so that a tone stands still.
function rising(samples, before) {
  let best = 0;
  let steepest = 0;
  for (let at = 1; at < before; at++) {
    const rise = samples[at] - samples[at - 1];
    if (samples[at - 1] < 0 && samples[at] >= 0 && rise > steepest) [best, steepest] = [at, rise];
  }
  return best;
}
