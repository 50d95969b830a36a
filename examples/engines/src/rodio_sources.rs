//! rodio: sounds that are decoded while they play, with a new one every 25 blocks, and effects around them.

use crate::meter::Meter;
use crate::{BLOCKS, FRAMES, RATE, WARM_UP};
use rodio::source::{SineWave, Source};
use rodio::{Decoder, mixer};
use std::hint::black_box;
use std::io::Cursor;
use std::num::NonZero;
use std::time::Duration;

static TONE: &[u8] = include_bytes!("../../denoise/tone.ogg");

pub fn play(mut meter: Meter) -> Meter {
    let stereo = NonZero::new(2).expect("is not zero");
    let rate = NonZero::new(RATE).expect("is not zero");
    let (input, mut output) = mixer::mixer(stereo, rate);
    let mut block_of_samples = [0.0_f32; 2 * FRAMES];
    for block in 0..WARM_UP + BLOCKS {
        meter.begin();
        if block % 25 == 0 {
            let tone = Decoder::new(Cursor::new(TONE)).expect("the file is one of Vorbis");
            input.add(tone.take_duration(Duration::from_millis(300)).low_pass(2000));
            let sine =
                SineWave::new(220.0 + block as f32).take_duration(Duration::from_millis(100));
            input.add(sine.amplify(0.2).fade_in(Duration::from_millis(10)));
        }
        block_of_samples.fill_with(|| output.next().unwrap_or(0.0));
        black_box(&mut block_of_samples);
        meter.end();
    }
    meter
}
