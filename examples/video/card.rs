//! The video for a run without a file: a test card with things that move, and noise over all of it.

use std::io::{self, Read};

pub(crate) const WIDTH: usize = 640;
pub(crate) const HEIGHT: usize = 360;
pub(crate) const FRAMES: usize = 150;

/// The deviation of the noise.
const NOISE: f32 = 8.0;
const GREY: f32 = 128.0;

/// The stream, which makes its frames when they are read.
pub(crate) struct Card {
    frame: usize,
    bytes: Vec<u8>,
    given: usize,
    random: Random,
}

impl Card {
    pub(crate) fn new() -> Card {
        let bytes = format!("YUV4MPEG2 W{WIDTH} H{HEIGHT} F25:1 Ip A1:1 C420jpeg\n").into_bytes();
        Card { frame: 0, bytes, given: 0, random: Random(0x2545_f491_4f6c_dd1d) }
    }

    /// The brightness of a frame before there was noise.
    pub(crate) fn clean(frame: usize) -> impl Iterator<Item = f32> {
        (0..HEIGHT).flat_map(move |y| {
            (0..WIDTH).map(move |x| brightness(frame as f32, x as f32, y as f32))
        })
    }

    fn make_frame(&mut self) {
        let Card { frame, bytes, random, .. } = self;
        bytes.clear();
        bytes.extend(b"FRAME\n");
        let mut noisy = |value: f32| (value + NOISE * random.normal()).round() as u8;
        bytes.extend(Card::clean(*frame).map(&mut noisy));
        for plane in 0..2 {
            let colours =
                (0..HEIGHT / 2).flat_map(|y| (0..WIDTH / 2).map(move |x| colour(plane, x, y)));
            bytes.extend(colours.map(&mut noisy));
        }
        self.frame += 1;
    }
}

impl Read for Card {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.given == self.bytes.len() && self.frame < FRAMES {
            self.make_frame();
            self.given = 0;
        }
        let count = (&self.bytes[self.given..]).read(to)?;
        self.given += count;
        Ok(count)
    }
}

/// A slope with stripes, and before it a disc that goes round and a bar that sweeps over it.
fn brightness(frame: f32, x: f32, y: f32) -> f32 {
    let (width, height) = (WIDTH as f32, HEIGHT as f32);
    let slope = 60.0 + 80.0 * x / width;
    let stripes = if y > 0.75 * height { 25.0 * (x * x / (4.0 * width)).sin() } else { 0.0 };
    let angle = frame / 25.0;
    let (dx, dy) = (x - width * (0.5 + 0.3 * angle.cos()), y - height * (0.4 + 0.25 * angle.sin()));
    let disc = soft(50.0 - dx.hypot(dy));
    let bar = soft(8.0 - (x - (4.0 * frame) % width).abs());
    let ground = slope + stripes;
    let with_disc = ground + disc * (190.0 - ground);
    with_disc + bar * (40.0 - with_disc)
}

fn colour(plane: usize, x: usize, y: usize) -> f32 {
    let slope = if plane == 0 { x as f32 / WIDTH as f32 } else { y as f32 / HEIGHT as f32 };
    GREY + 40.0 * (slope - 0.5)
}

/// From 0 to 1, within three pixels of an edge, as a lens would draw it.
fn soft(inside: f32) -> f32 {
    (inside / 3.0 + 0.5).clamp(0.0, 1.0)
}

/// Random numbers: a 64-bit xorshift.
struct Random(u64);

impl Random {
    /// About normal, with a deviation of 1: the sum of four evenly spread ones.
    fn normal(&mut self) -> f32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let parts = [0, 16, 32, 48].map(|shift| (self.0 >> shift) as u16);
        let sum: f32 = parts.into_iter().map(|part| f32::from(part) / 65_536.0 - 0.5).sum();
        sum * 3.0_f32.sqrt()
    }
}

/// How far two versions of a video are from the clean one.
#[derive(Default)]
pub(crate) struct Noise {
    before: f64,
    after: f64,
    samples: usize,
}

impl Noise {
    pub(crate) fn take_in(&mut self, frame: usize, before: &[u8], after: impl Iterator<Item = u8>) {
        for ((clean, before), after) in Card::clean(frame).zip(before).zip(after) {
            self.before += f64::from(clean - f32::from(*before)).powi(2);
            self.after += f64::from(clean - f32::from(after)).powi(2);
            self.samples += 1;
        }
    }

    /// The peak signal-to-noise ratios, in dB, before and after.
    pub(crate) fn ratios(&self) -> [f64; 2] {
        [self.before, self.after]
            .map(|sum| 10.0 * (255.0_f64.powi(2) * self.samples as f64 / sum).log10())
    }
}
