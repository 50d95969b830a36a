//! web-audio-api, offline: 20 oscillators, each with a filter, a delay and a convolver, of which one is replaced every 25
//! blocks. The engine owns the loop, so a worklet, which it calls once a block, is where the section begins.

use crate::meter::Meter;
use crate::{BLOCKS, FRAMES, RATE, WARM_UP};
use std::sync::{Arc, Mutex};
use web_audio_api::AudioBuffer;
use web_audio_api::context::{BaseAudioContext, OfflineAudioContext};
use web_audio_api::node::{AudioNode, AudioScheduledSourceNode, OscillatorNode};
use web_audio_api::worklet::{
    AudioParamValues, AudioWorkletGlobalScope, AudioWorkletNode, AudioWorkletNodeOptions,
    AudioWorkletProcessor,
};

const VOICES: usize = 20;

/// The meter, which the callback and the program's changes of the graph share. Both are on one thread.
type Shared = Arc<Mutex<SharedMeter>>;

/// A section stays on its thread. The engine wants callbacks that may be sent, but calls them here.
#[derive(Default)]
struct SharedMeter(Option<Meter>);

// SAFETY: offline rendering with `start_rendering_sync` calls all of them on the thread that calls it.
unsafe impl Send for SharedMeter {}

impl SharedMeter {
    fn with(shared: &Shared, then: impl FnOnce(&mut Meter)) {
        let mut guard = shared.lock().expect("nobody panics");
        then(guard.0.as_mut().expect("it is there until the end"));
    }
}

struct Once(Shared);

impl AudioWorkletProcessor for Once {
    type ProcessorOptions = Shared;

    fn constructor(shared: Shared) -> Once {
        Once(shared)
    }

    fn process<'a, 'b>(
        &mut self,
        _inputs: &'b [&'a [&'a [f32]]],
        _outputs: &'b mut [&'a mut [&'a mut [f32]]],
        _params: AudioParamValues<'b>,
        _scope: &'b AudioWorkletGlobalScope,
    ) -> bool {
        SharedMeter::with(&self.0, Meter::next);
        true
    }
}

fn voice(context: &OfflineAudioContext, n: usize, room: &AudioBuffer) -> OscillatorNode {
    let mut oscillator = context.create_oscillator();
    oscillator.frequency().set_value(110.0 + 20.0 * n as f32);
    let filter = context.create_biquad_filter();
    filter.frequency().set_value(800.0);
    let delay = context.create_delay(0.2);
    delay.delay_time().set_value(0.05);
    let mut convolver = context.create_convolver();
    convolver.set_buffer(room.clone());
    oscillator.connect(&filter);
    filter.connect(&delay);
    delay.connect(&convolver);
    convolver.connect(&context.destination());
    oscillator.start();
    oscillator
}

pub fn play(meter: Meter) -> Meter {
    let shared: Shared = Arc::new(Mutex::new(SharedMeter(Some(meter))));
    let frames = (WARM_UP + BLOCKS + 2) * FRAMES;
    let mut context = OfflineAudioContext::new(2, frames, RATE as f32);
    let noise: Vec<f32> =
        (0..2400).map(|n| ((n * 7919 % 1000) as f32 / 1000.0 - 0.5) * 0.01).collect();
    let room = AudioBuffer::from(vec![noise], RATE as f32);
    let options = AudioWorkletNodeOptions {
        processor_options: Arc::clone(&shared),
        ..AudioWorkletNodeOptions::default()
    };
    let callback = AudioWorkletNode::new::<Once>(&context, options);
    callback.connect(&context.destination());
    let voices: Vec<OscillatorNode> = (0..VOICES).map(|n| voice(&context, n, &room)).collect();
    let voices = Arc::new(Mutex::new(voices));
    for change in 1..(WARM_UP + BLOCKS) / 25 {
        let (shared, voices, room) = (Arc::clone(&shared), Arc::clone(&voices), room.clone());
        let time = (change * 25 * FRAMES) as f64 / f64::from(RATE);
        // The program's own change of the graph is no block. What it makes and drops, the blocks take up and free.
        context.suspend_sync(time, move |context| {
            SharedMeter::with(&shared, Meter::leave);
            let mut voices = voices.lock().expect("nobody panics");
            voices.remove(0).stop();
            voices.push(voice(context, change % 40, &room));
        });
    }
    std::hint::black_box(context.start_rendering_sync());
    let taken = shared.lock().expect("nobody panics").0.take();
    let mut meter = taken.expect("it was put there");
    meter.leave();
    meter
}
