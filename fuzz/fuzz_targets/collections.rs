//! Vectors, texts, maps and queues in a zone beside the standard library's, with the model of `tests/zmap.rs`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../tests/common/collections_model.rs"]
mod model;

fuzz_target!(|input: (u16, &[u8])| {
    model::run(usize::from(input.0 % 4096), input.1);
});
