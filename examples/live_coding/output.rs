//! What becomes of the blocks that were played: a thread that writes the file, and measures.

use crate::draft::Draft;
use crate::meter::{Lap, Measured};
use crate::patch::Frame;
use crate::player::BLOCK;
use crate::stream::Stream;
use indicatif::ProgressBar;
use rtrb::{Consumer, Producer, RingBuffer};
use std::thread;
use std::time::Duration;

/// Blocks on their way from the audio thread to the file.
const RING: usize = 1024;
/// How often the writer looks for them.
const LOOK: Duration = Duration::from_millis(1);

/// A block that was played.
#[derive(Clone, Copy)]
pub(crate) struct Played {
    pub(crate) frames: [Frame; BLOCK],
    pub(crate) lap: Lap,
}

/// Where they go.
pub(crate) enum Output {
    File(Box<Draft>),
    Stream(Stream),
}

impl Output {
    fn write(&mut self, samples: &[f32]) -> Result<(), String> {
        match self {
            Output::File(draft) => draft.write(samples),
            Output::Stream(stream) => {
                stream.write(samples);
                Ok(())
            }
        }
    }

    /// Sends on what was written, where somebody listens.
    fn send(&mut self) -> Result<(), String> {
        match self {
            Output::File(_) => Ok(()),
            Output::Stream(stream) => stream.send(),
        }
    }

    /// Says what was written.
    pub(crate) fn finish(self) -> Result<String, String> {
        match self {
            Output::File(draft) => draft.finish(),
            Output::Stream(stream) => Ok(stream.format()),
        }
    }
}

/// What all of them came to.
pub(crate) struct Written {
    pub(crate) measured: Measured,
    /// The lowest and the highest sample of each block.
    pub(crate) extremes: Vec<(f32, f32)>,
}

/// The way to the writer, with its memory touched, so that the audio thread is not the first to.
pub(crate) fn ring() -> (Producer<Played>, Consumer<Played>) {
    let (mut producer, mut consumer) = RingBuffer::new(RING);
    let nothing = Played { frames: [[0.0; 2]; BLOCK], lap: Lap::default() };
    while producer.push(nothing).is_ok() {}
    while consumer.pop().is_ok() {}
    (producer, consumer)
}

/// Gives a block to the writer. Only where no sound card sets the pace may there be no room; then it
/// waits. Says whether there still is a writer.
pub(crate) fn give(to_writer: &mut Producer<Played>, played: Played) -> bool {
    while !to_writer.is_abandoned() {
        if to_writer.push(played).is_ok() {
            return true;
        }
        thread::yield_now();
    }
    false
}

/// Writes blocks until there are no more.
pub(crate) fn write(
    mut blocks: Consumer<Played>,
    output: &mut Output,
    bar: Option<&ProgressBar>,
) -> Result<Written, String> {
    let mut written = Written { measured: Measured::new(0), extremes: Vec::new() };
    loop {
        // Before looking for the last time.
        let was_abandoned = blocks.is_abandoned();
        while let Ok(Played { frames, lap }) = blocks.pop() {
            let samples = frames.as_flattened();
            output.write(samples)?;
            written.measured.add(lap);
            let low = samples.iter().copied().fold(f32::INFINITY, f32::min);
            let high = samples.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            written.extremes.push((low, high));
            bar.inspect(|bar| bar.inc(1));
        }
        output.send()?;
        if was_abandoned {
            return Ok(written);
        }
        thread::sleep(LOOK);
    }
}
