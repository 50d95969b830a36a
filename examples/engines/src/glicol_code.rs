//! glicol: a language for live coding, with new code every 25 blocks. It is parsed where it is played.

use crate::meter::Meter;
use crate::{BLOCKS, FRAMES, WARM_UP};
use glicol::Engine;
use std::hint::black_box;

pub fn play(mut meter: Meter) -> Meter {
    let mut engine = Engine::<FRAMES>::new();
    engine.livecoding = false;
    let codes: Vec<String> = (0..8)
        .map(|n| {
            let lead = 220 + 55 * n;
            format!(
                "o: sin {lead} >> mul ~amp >> add ~bass\n~amp: sin 0.{} >> mul 0.3 >> add 0.5\n\
                 ~bass: saw {} >> lpf ~cut 1.0 >> mul 0.2\n~cut: sin 0.5 >> mul 300 >> add 900\n",
                n + 1,
                lead / 4
            )
        })
        .collect();
    for block in 0..WARM_UP + BLOCKS {
        meter.begin();
        if block % 25 == 0 {
            engine.update_with_code(&codes[block / 25 % codes.len()]);
        }
        black_box(engine.next_block(Vec::new()));
        meter.end();
    }
    meter
}
