//! Random programs against the model of the C interface. `fuzz/fuzz_targets/capi.rs` runs more of them.

#[path = "common/model.rs"]
mod model;

use std::thread;

/// Numbers that are the same in each run.
struct Random(u64);

impl Random {
    fn byte(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 24) as u8
    }
}

#[test]
fn random_programs_do_what_the_model_says() {
    let programs: u64 = if cfg!(miri) { 4 } else { 300 };
    for seed in 1..=programs {
        // A thread of its own, so that each begins with an empty stack.
        let run = thread::spawn(move || {
            let mut random = Random(0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed));
            let length = if cfg!(miri) { 300 } else { 3000 };
            let program: Vec<u8> = (0..length).map(|_| random.byte()).collect();
            model::run(&program);
        });
        assert!(run.join().is_ok(), "program {seed}");
    }
}
