//! Lines from the standard input, read on a thread of their own that may wait for them for ever.

use std::io::{self, BufRead, Write};
use std::sync::mpsc::{self, Receiver};
use std::thread;

/// The lines, as they come. The channel is closed at the end of the input.
pub(crate) fn lines() -> Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    // It ends with the process: reading cannot be called off.
    thread::spawn(move || {
        let mut input = io::stdin().lock();
        let mut line = Vec::new();
        while let Ok(1..) = input.read_until(b'\n', &mut line) {
            if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                return;
            }
            line.clear();
        }
    });
    receiver
}

/// Tells whoever types. That nobody reads it is no error.
pub(crate) fn tell(text: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{text}");
}
