//! With `Vec`s: a redefinition comes through a channel, and the old definition is dropped where it played.

use super::BLOCK;
use std::sync::mpsc::{self, Receiver, Sender};

/// From the outputs of other units to its own.
pub(crate) type Unit = Box<dyn FnMut(&[&[f32]], &mut [f32]) + Send>;

pub(crate) fn tone(step: f32, level: f32) -> Unit {
    let mut phase = 0.0_f32;
    Box::new(move |_: &[&[f32]], to: &mut [f32]| {
        for to in to {
            phase = (phase + step) % 1.0;
            *to = level * (2.0 * phase - 1.0);
        }
    })
}

pub(crate) fn mix() -> Unit {
    Box::new(|from: &[&[f32]], to: &mut [f32]| {
        to.fill(0.0);
        for from in from {
            to.iter_mut().zip(*from).for_each(|(to, from)| *to += from);
        }
    })
}

pub(crate) fn echo(samples: usize, gain: f32) -> Unit {
    let mut line = vec![0.0; samples];
    let mut at = 0;
    Box::new(move |from: &[&[f32]], to: &mut [f32]| {
        for (to, from) in to.iter_mut().zip(from[0]) {
            *to = from + gain * line[at];
            line[at] = *to;
            at = (at + 1) % line.len();
        }
    })
}

struct Place {
    unit: Unit,
    redefined: Receiver<Unit>,
    inputs: Vec<usize>,
}

pub(crate) struct Graph(Vec<Place>);

impl Graph {
    /// A graph of these units with the numbers of their inputs, and what redefines each.
    pub(crate) fn new(units: Vec<(Unit, Vec<usize>)>) -> (Graph, Vec<Sender<Unit>>) {
        let (mut places, mut senders) = (Vec::new(), Vec::new());
        for (unit, inputs) in units {
            let (sender, redefined) = mpsc::channel();
            places.push(Place { unit, redefined, inputs });
            senders.push(sender);
        }
        (Graph(places), senders)
    }

    /// Plays a block. The last unit is what is heard.
    pub(crate) fn play(&mut self, out: &mut [f32]) {
        let mut outputs: Vec<Vec<f32>> = Vec::new();
        for Place { unit, redefined, inputs } in &mut self.0 {
            let inputs: Vec<&[f32]> = inputs.iter().map(|&from| &outputs[from][..]).collect();
            let mut output = vec![0.0; BLOCK];
            if let Ok(new) = redefined.try_recv() {
                let mut old = vec![0.0; BLOCK];
                unit(&inputs, &mut old);
                *unit = new;
                unit(&inputs, &mut output);
                for (frame, (new, old)) in output.iter_mut().zip(old).enumerate() {
                    let part = (frame + 1) as f32 / (BLOCK + 1) as f32;
                    *new = old + (*new - old) * part;
                }
            } else {
                unit(&inputs, &mut output);
            }
            outputs.push(output);
        }
        out.copy_from_slice(&outputs[outputs.len() - 1]);
    }
}
