//! What JavaScript calls, and the memory through which both speak.
//!
//! Text is written to and read from [`Buffers::text`]. A function that may fail returns the length of a
//! message there. Nothing here has to panic. What panics nevertheless ends in a trap, as wasm has no
//! unwinding; then `last_words` tells why.

use crate::engine::{Engine, Figures, Sides};
use crate::notes;
use crate::player::BLOCK;
use crate::score::SCORE;
use std::array;
use std::cell::{Cell, RefCell};
use std::fmt::{self, Write};
use std::panic;

const TEXT_BYTES: usize = 512;
const FIGURES: usize = 9;

/// Cells, as JavaScript writes to them and reads from them between the calls.
struct Buffers {
    input: [[Cell<f32>; BLOCK]; 2],
    output: [[Cell<f32>; BLOCK]; 2],
    text: [Cell<u8>; TEXT_BYTES],
    figures: [Cell<f64>; FIGURES],
}

thread_local! {
    static BUFFERS: Buffers = const {
        Buffers {
            input: [const { [const { Cell::new(0.0) }; BLOCK] }; 2],
            output: [const { [const { Cell::new(0.0) }; BLOCK] }; 2],
            text: [const { Cell::new(0) }; TEXT_BYTES],
            figures: [const { Cell::new(0.0) }; FIGURES],
        }
    };
    static ENGINE: RefCell<Option<Engine>> = const { RefCell::new(None) };
    /// The length of what the panic said, if there was one.
    static LAST_WORDS: Cell<usize> = const { Cell::new(0) };
}

/// Frames of a block.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn block_frames() -> usize {
    BLOCK
}

/// A block's samples to be played, first all of the left side, then all of the right.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn input() -> *const Cell<f32> {
    BUFFERS.with(|buffers| buffers.input.as_ptr().cast())
}

/// A block's samples that were played.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn output() -> *const Cell<f32> {
    BUFFERS.with(|buffers| buffers.output.as_ptr().cast())
}

/// Where text is, in UTF-8.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn text() -> *const Cell<u8> {
    BUFFERS.with(|buffers| buffers.text.as_ptr())
}

/// The longest text, in bytes.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn text_bytes() -> usize {
    TEXT_BYTES
}

/// Takes all memory that is needed. The length of what went wrong is returned, or 0.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn start(rate: f32) -> usize {
    panic::set_hook(Box::new(|panic| LAST_WORDS.set(say(format_args!("{panic}")))));
    match Engine::try_new(rate) {
        Ok(engine) => {
            ENGINE.set(Some(engine));
            0
        }
        Err(error) => say(format_args!("at {rate} Hz: {error}")),
    }
}

/// Redefines what the first `len` bytes of the text name. If that went well, the length of the
/// definition's text is returned, and 0 for an empty line; else the length of a message, negative.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn define(len: usize) -> isize {
    let line: Vec<u8> =
        BUFFERS.with(|buffers| buffers.text.iter().take(len).map(Cell::get).collect());
    let line = String::from_utf8_lossy(&line);
    let defined = with_engine(|engine| engine.define(&line));
    match defined.unwrap_or_else(|| Err(NOT_STARTED.to_owned())) {
        Ok(None) => 0,
        Ok(Some(command)) => say(format_args!("{command}")) as isize,
        Err(message) => -(say(format_args!("{message}")) as isize),
    }
}

/// Plays a block. The length of what went wrong is returned, or 0.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn play() -> usize {
    BUFFERS.with(|buffers| {
        let input: Sides =
            array::from_fn(|side| array::from_fn(|at| buffers.input[side][at].get()));
        let mut output: Sides = [[0.0; BLOCK]; 2];
        let played = with_engine(|engine| engine.play(&input, &mut output));
        for (cells, samples) in buffers.output.iter().zip(output) {
            cells.iter().zip(samples).for_each(|(cell, sample)| cell.set(sample));
        }
        match played {
            Some(Ok(())) => 0,
            Some(Err(error)) => say(format_args!("{error}")),
            None => say(format_args!("{NOT_STARTED}")),
        }
    })
}

/// What was done until now: numbers in the order of [`Figures`].
#[unsafe(no_mangle)]
pub(crate) extern "C" fn figures() -> *const Cell<f64> {
    let figures = with_engine(|engine| engine.figures()).unwrap_or_default();
    let Figures { blocks, asked, denied, made, taken_up, destroyed, .. } = figures;
    let Figures { state_bytes, definition_bytes, block_bytes, .. } = figures;
    let numbers = [
        blocks as f64,
        asked as f64,
        denied as f64,
        made as f64,
        taken_up as f64,
        destroyed as f64,
        state_bytes as f64,
        definition_bytes as f64,
        block_bytes as f64,
    ];
    BUFFERS.with(|buffers| {
        buffers.figures.iter().zip(numbers).for_each(|(cell, number)| cell.set(number));
        buffers.figures.as_ptr()
    })
}

/// The length of what was said before a trap, or 0.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn last_words() -> usize {
    LAST_WORDS.get()
}

/// Writes a block of the plucked pattern to the output, from a frame of it on.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn notes(frame: f64, rate: f64) {
    BUFFERS.with(|buffers| {
        for at in 0..BLOCK {
            let [left, right] = notes::frame_at((frame + at as f64) / rate);
            buffers.output[0][at].set(left);
            buffers.output[1][at].set(right);
        }
    });
}

/// Seconds that the pattern lasts.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn notes_seconds() -> f64 {
    notes::SECONDS
}

/// The score's line of this number as text. Its length is returned, or 0 after the last one.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn score(line: usize) -> usize {
    SCORE.get(line).map_or(0, |line| say(format_args!("{line}")))
}

const NOT_STARTED: &str = "start was not called, or has failed";

/// Nothing but the engine is borrowed meanwhile, and it calls nothing here.
fn with_engine<R>(work: impl FnOnce(&mut Engine) -> R) -> Option<R> {
    ENGINE.with_borrow_mut(|engine| engine.as_mut().map(work))
}

/// Writes text for JavaScript, as much as there is room for. It takes no memory. The length is returned.
fn say(text: fmt::Arguments<'_>) -> usize {
    struct Text<'a> {
        cells: &'a [Cell<u8>],
        len: usize,
    }
    impl Write for Text<'_> {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            for (cell, byte) in self.cells[self.len..].iter().zip(text.bytes()) {
                cell.set(byte);
                self.len += 1;
            }
            Ok(())
        }
    }
    BUFFERS.with(|buffers| {
        let mut said = Text { cells: &buffers.text, len: 0 };
        let _ = said.write_fmt(text);
        said.len
    })
}
