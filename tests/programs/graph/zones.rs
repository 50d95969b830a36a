//! With zones: a unit has a zone of its own, and a block's outputs are in a scope.

use super::BLOCK;
use memzone::{Binder, BlockFader, Fade, ZoneError, ZoneFn, hot, try_beginz, try_letz};

/// From the outputs of other units to its own.
pub(crate) type Play = dyn FnMut(&[&[f32]], &mut [f32]);
pub(crate) type Unit = ZoneFn<Play>;

pub(crate) fn tone(step: f32, level: f32) -> Result<Unit, ZoneError> {
    let mut phase = 0.0_f32;
    ZoneFn::try_new(0, move |z| {
        z.try_callback(move |_: &[&[f32]], to: &mut [f32]| {
            for to in to {
                phase = (phase + step) % 1.0;
                *to = level * (2.0 * phase - 1.0);
            }
        })
    })
}

pub(crate) fn mix() -> Result<Unit, ZoneError> {
    ZoneFn::try_new(0, |z| {
        z.try_callback(|from: &[&[f32]], to: &mut [f32]| {
            to.fill(0.0);
            for from in from {
                to.iter_mut().zip(*from).for_each(|(to, from)| *to += from);
            }
        })
    })
}

pub(crate) fn echo(samples: usize, gain: f32) -> Result<Unit, ZoneError> {
    ZoneFn::try_new(0, move |z| {
        let line = z.try_alloc_slice(samples, 0.0)?;
        let mut at = 0;
        z.try_callback(move |from: &[&[f32]], to: &mut [f32]| {
            for (to, from) in to.iter_mut().zip(from[0]) {
                *to = from + gain * line[at];
                line[at] = *to;
                at = (at + 1) % line.len();
            }
        })
    })
}

struct Place {
    unit: BlockFader<Play>,
    inputs: Vec<usize>,
}

pub(crate) struct Graph(Vec<Place>);

impl Graph {
    /// A graph of these units with the numbers of their inputs, and what redefines each.
    pub(crate) fn new(units: Vec<(Unit, Vec<usize>)>) -> (Graph, Vec<Binder<Play>>) {
        let (mut places, mut binders) = (Vec::new(), Vec::new());
        for (unit, inputs) in units {
            let (caller, binder) = hot(unit);
            let unit = BlockFader::new(caller, Fade::linear(BLOCK as u32), BLOCK);
            places.push(Place { unit, inputs });
            binders.push(binder);
        }
        (Graph(places), binders)
    }

    /// Plays a block. The last unit is what is heard.
    pub(crate) fn play(&mut self, out: &mut [f32]) -> Result<(), ZoneError> {
        try_letz!(outputs = [0.0; self.0.len() * BLOCK] => {
            for (number, Place { unit, inputs }) in self.0.iter_mut().enumerate() {
                let (outputs, rest) = outputs.split_at_mut(number * BLOCK);
                try_beginz!(z => {
                    let input = |from: &usize| &outputs[from * BLOCK..][..BLOCK];
                    let inputs = z.try_alloc_iter(inputs.iter().map(input))?;
                    unit.play(&mut rest[..BLOCK], |unit, output| unit(inputs, output))?;
                })?;
            }
            out.copy_from_slice(&outputs[outputs.len() - BLOCK..]);
        })
    }
}
