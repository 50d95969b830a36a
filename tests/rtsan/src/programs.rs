//! The four programs of `tests/programs`. With zones there is nothing to find in a block. With `Vec`s there is nothing in
//! two of them, which take all memory before, and something in the two others, which allocate where they need it.

#[path = "../../programs/convolver/mod.rs"]
mod convolver;
#[path = "../../programs/device/mod.rs"]
mod device;
#[path = "../../programs/graph/mod.rs"]
mod graph;
#[path = "../../programs/sampler/mod.rs"]
mod sampler;

use crate::clean::prepare;
use crate::realtime;
use memzone::rt::{self, Policy};
use sampler::Event;
use std::thread;

const BLOCKS: usize = 100;

fn recording(samples: usize) -> Vec<f32> {
    (0..samples).map(|n| (n as f32 * 0.1).sin() / (1.0 + n as f32 / 100.0)).collect()
}

/// More keys than there are voices.
fn events() -> Vec<Event> {
    let event = |key| Event { frame: usize::from(key), key: key + 48, velocity: 0.5 };
    (0..2 * sampler::VOICES as u8).map(event).collect()
}

crate::cases! { CASES:
    fn a_convolver_that_is_redefined() {
        use convolver::{BLOCK, zones};
        prepare();
        let (caller, binder) = memzone::hot(zones::convolver(&recording(1000)).unwrap());
        let fade = memzone::Fade::equal_power(300);
        let mut fader = memzone::BlockFader::new(caller, fade, BLOCK);
        let (input, mut output) = (recording(BLOCK), [0.0; BLOCK]);
        for length in [700, 1200] {
            binder.rebind(zones::convolver(&recording(length)).unwrap());
            realtime(|| {
                let section = rt::enter_unwatched(Policy::Deny);
                for _ in 0..BLOCKS {
                    fader.play(&mut output[..], |room, output| room(&input, output)).unwrap();
                }
                assert_eq!(section.report().asked(), 0);
            });
        }
        assert_eq!(fader.taken_up(), 2);
    }
    fn a_sampler_with_more_keys_than_voices() {
        prepare();
        let mut play = sampler::zones::sampler(&[(40, recording(500)), (50, recording(2000))]).unwrap();
        let (events, mut output) = (events(), [0.0; 64]);
        realtime(|| {
            let section = rt::enter_unwatched(Policy::Deny);
            (0..BLOCKS).for_each(|_| play(&events, &mut output));
            assert_eq!(section.report().asked(), 0);
        });
        assert!(output.iter().any(|sample| *sample != 0.0));
    }
    fn a_devices_callback_with_blocks_of_any_length() {
        let mut callback = device::zones::callback(48_000.0, 2, &[220.0, 330.0]).unwrap();
        // A thread that nobody has prepared.
        let player = thread::spawn(move || {
            let mut output = vec![0.0; 2 * 1000];
            realtime(|| {
                let section = rt::enter_unwatched(Policy::Deny);
                for frames in [64, 1, 1000, device::PIECE, 441] {
                    callback(&mut output[..2 * frames]);
                }
                assert_eq!(section.report().asked(), 0);
            });
        });
        player.join().unwrap();
    }
    fn a_graph_with_lists_of_inputs() {
        use graph::{BLOCK, zones};
        prepare();
        let units = [zones::tone(0.01, 0.3), zones::tone(0.02, 0.3), zones::mix(), zones::echo(100, 0.5)];
        let inputs = [vec![], vec![], vec![0, 1], vec![2]];
        let (mut graph, binders) =
            zones::Graph::new(units.map(Result::unwrap).into_iter().zip(inputs).collect());
        let mut output = [0.0; BLOCK];
        let mut ended = 0;
        for gain in [0.25, 0.75] {
            ended += binders[3].rebind(zones::echo(50, gain).unwrap());
            realtime(|| {
                let section = rt::enter_unwatched(Policy::Deny);
                (0..BLOCKS).for_each(|_| graph.play(&mut output).unwrap());
                assert_eq!(section.report().asked(), 0);
            });
        }
        assert_eq!(ended + binders[3].reclaim(), 2);
    }
    fn a_convolver_and_a_devices_callback_with_vecs() {
        let mut filter = convolver::vecs::convolver(&recording(1000));
        let mut callback = device::vecs::callback(48_000.0, 2, &[220.0, 330.0]);
        let (input, mut output) = (recording(convolver::BLOCK), [0.0; 2 * convolver::BLOCK]);
        realtime(|| {
            filter(&input, &mut output[..convolver::BLOCK]);
            callback(&mut output);
        });
    }
}

crate::cases! { VIOLATIONS:
    fn a_sampler_with_vecs() {
        let mut play = sampler::vecs::sampler(&[(40, recording(500)), (50, recording(2000))]);
        let (events, mut output) = (events(), [0.0; 64]);
        realtime(|| play(&events, &mut output));
    }
    fn a_graph_with_vecs() {
        use graph::{BLOCK, vecs};
        let units = [vecs::tone(0.01, 0.3), vecs::mix(), vecs::echo(100, 0.5)];
        let inputs = [vec![], vec![0], vec![1]];
        let (mut graph, senders) = vecs::Graph::new(units.into_iter().zip(inputs).collect());
        let mut output = [0.0; BLOCK];
        senders[2].send(vecs::echo(50, 0.25)).unwrap();
        realtime(|| graph.play(&mut output));
    }
}
