//! A program of an audio programmer's, a partitioned convolver, with zones and with `Vec`s: no longer, the same sound, and
//! nothing is asked of the system while it plays and is redefined.

#[path = "common/counting.rs"]
mod counting;
#[path = "programs/vecs.rs"]
mod vecs;
#[path = "programs/zones.rs"]
mod zones;

use memzone::rt::{self, Plan, Policy};
use memzone::{BlockFader, Fade, ZoneFn, hot};

/// Frames of a block, and of a partition.
const BLOCK: usize = 64;

/// From input to output, a block at a time.
type Filter = ZoneFn<dyn FnMut(&[f32], &mut [f32])>;
type Boxed = Box<dyn FnMut(&[f32], &mut [f32]) + Send>;

fn impulse(seed: u32, samples: usize) -> Vec<f32> {
    let mut state = seed;
    let noise = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    });
    noise.take(samples).enumerate().map(|(n, noise)| noise * (-(n as f32) / 300.0).exp()).collect()
}

/// Sound for so many blocks.
fn input(blocks: usize) -> Vec<f32> {
    (0..blocks * BLOCK).map(|n| (n as f32 * 0.05).sin() * ((n / 500) % 2) as f32).collect()
}

#[test]
fn zones_and_vecs_sound_the_same_as_the_definition() {
    let (impulse, input) = (impulse(1, 1000), input(if cfg!(miri) { 3 } else { 40 }));
    let mut with_zones = zones::convolver(&impulse).unwrap();
    let mut with_vecs = vecs::convolver(&impulse);
    for (number, block) in input.chunks(BLOCK).enumerate() {
        let (mut ours, mut theirs) = ([0.0; BLOCK], [0.0; BLOCK]);
        with_zones(block, &mut ours);
        with_vecs(block, &mut theirs);
        assert_eq!(ours, theirs);
        for (frame, heard) in ours.iter().enumerate() {
            let at = number * BLOCK + frame;
            let terms = impulse.iter().zip(input[..=at].iter().rev());
            let expected: f32 = terms.map(|(h, x)| h * x).sum();
            assert!((heard - expected).abs() < 1e-3, "{at}: {heard}, not {expected}");
        }
    }
}

#[test]
fn another_room_is_faded_to_while_it_plays() {
    let plan = Plan::new().scopes(1, 4096).default_zone(0);
    rt::prepare_thread(&plan).unwrap();
    let input = input(20);
    let (caller, binder) = hot(zones::convolver(&impulse(1, 1000)).unwrap());
    let mut fader = BlockFader::new(caller, Fade::equal_power(300), BLOCK);
    let mut heard = vec![0.0; input.len()];
    for (number, (input, output)) in input.chunks(BLOCK).zip(heard.chunks_mut(BLOCK)).enumerate() {
        if number == 10 {
            binder.rebind(zones::convolver(&impulse(2, 700)).unwrap());
        }
        let before = (counting::calls(), counting::frees());
        let section = rt::enter_unwatched(Policy::Deny);
        fader.play(output, |room, output| room(input, output)).unwrap();
        assert_eq!(section.report().asked(), 0);
        drop(section);
        assert_eq!((counting::calls(), counting::frees()), before);
        assert_eq!(fader.is_fading(), (10..14).contains(&number));
    }
    assert_eq!((fader.taken_up(), binder.reclaim()), (1, 1));
    assert!(heard.iter().any(|sample| sample.abs() > 0.1));
}

/// At most a tenth longer than with `Vec`s.
#[test]
fn with_zones_it_is_no_longer() {
    let lines = |text: &str| {
        let is_code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
        text.lines().filter(is_code).count()
    };
    let (zones, vecs) =
        (lines(include_str!("programs/zones.rs")), lines(include_str!("programs/vecs.rs")));
    assert!(zones * 10 <= vecs * 11, "{zones} lines against {vecs}");
}
