//! Random programs over the functions of the C interface, against the model of `capi/tests/model.rs`.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../../capi/tests/common/model.rs"]
mod model;

fuzz_target!(|program: &[u8]| {
    // A thread of its own, so that its stack is empty, and ends.
    let program = program.to_vec();
    std::thread::spawn(move || model::run(&program)).join().expect("no step fails");
});
