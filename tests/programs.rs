//! Four programs of an audio programmer's, with zones and with `Vec`s: no longer, the same sound, and nothing is asked of
//! the system while they play. `tests/rtsan` plays them under RealtimeSanitizer.

#[path = "common/counting.rs"]
mod counting;
#[path = "programs/convolver/mod.rs"]
mod convolver;
#[path = "programs/device/mod.rs"]
mod device;
#[path = "programs/graph/mod.rs"]
mod graph;
#[path = "programs/sampler/mod.rs"]
mod sampler;

use memzone::rt::{self, Plan, Policy};
use memzone::{BlockFader, Fade, hot};

/// Frames of a block.
const BLOCK: usize = 64;

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

/// Plays in a section that denies, and checks that nothing is asked for or freed there, by memzone or anybody else.
fn in_real_time<R>(play: impl FnOnce() -> R) -> R {
    let before = (counting::calls(), counting::frees());
    let section = rt::enter_unwatched(Policy::Deny);
    let result = play();
    assert_eq!(section.report().asked(), 0);
    drop(section);
    assert_eq!((counting::calls(), counting::frees()), before);
    result
}

fn assert_same(ours: &[f32], theirs: &[f32]) {
    // Miri's sines and powers are a bit different each time.
    let close = if cfg!(miri) { 1e-2 } else { 1e-5 };
    assert_eq!(ours.len(), theirs.len());
    for (at, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
        assert!((ours - theirs).abs() < close, "{at}: {ours}, not {theirs}");
    }
    assert!(ours.iter().any(|sample| sample.abs() > 0.01), "silence");
}

#[test]
fn the_convolvers_sound_as_the_definition() {
    let (impulse, input) = (impulse(1, 1000), input(if cfg!(miri) { 3 } else { 40 }));
    let mut with_zones = convolver::zones::convolver(&impulse).unwrap();
    let mut with_vecs = convolver::vecs::convolver(&impulse);
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
    let (caller, binder) = hot(convolver::zones::convolver(&impulse(1, 1000)).unwrap());
    let mut fader = BlockFader::new(caller, Fade::equal_power(300), BLOCK);
    let mut heard = vec![0.0; input.len()];
    for (number, (input, output)) in input.chunks(BLOCK).zip(heard.chunks_mut(BLOCK)).enumerate() {
        if number == 10 {
            binder.rebind(convolver::zones::convolver(&impulse(2, 700)).unwrap());
        }
        in_real_time(|| fader.play(output, |room, output| room(input, output))).unwrap();
        assert_eq!(fader.is_fading(), (10..14).contains(&number));
    }
    assert_eq!((fader.taken_up(), binder.reclaim()), (1, 1));
    assert!(heard.iter().any(|sample| sample.abs() > 0.1));
}

/// More keys are pressed than there are voices, and some are released.
#[test]
fn the_samplers_sound_the_same() {
    use sampler::{Event, VOICES, vecs, zones};
    let recordings = [(36, impulse(1, 3000)), (48, impulse(2, 3000)), (60, impulse(3, 300))];
    rt::prepare_thread(&Plan::new().default_zone(0)).unwrap();
    let mut with_zones = zones::sampler(&recordings).unwrap();
    let mut with_vecs = vecs::sampler(&recordings);
    let keys = [20, 36, 41, 50, 60, 59, 72];
    for number in 0..if cfg!(miri) { 8 } else { 100 } {
        let pressed = keys[number % keys.len()];
        let velocity = 0.5 + number as f32 / 300.0;
        let events = [
            Event { frame: 3, key: keys[(number + 5) % keys.len()], velocity: 0.0 },
            Event { frame: 10 + number % 50, key: pressed, velocity },
        ];
        // All in the first block, so that all voices sound.
        let chord = keys.map(|key| Event { frame: 0, key, velocity: f32::from(key) / 100.0 });
        let events = if number == 0 { &chord[..] } else { &events[..] };
        assert!(chord.len() > VOICES);
        let (mut ours, mut theirs) = ([0.0; BLOCK], [0.0; BLOCK]);
        in_real_time(|| with_zones(events, &mut ours));
        with_vecs(events, &mut theirs);
        assert_same(&ours, &theirs);
    }
}

/// On a device's thread, which nobody has prepared, with blocks of any length.
#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn the_devices_callbacks_sound_the_same() {
    use device::{PIECE, vecs, zones};
    let (rate, chord) = (8000.0, [220.0, 277.2, 329.6]);
    for channels in [1, 2, 6] {
        let mut with_zones = zones::callback(rate, channels, &chord).unwrap();
        let mut with_vecs = vecs::callback(rate, channels, &chord);
        let play = move || {
            for frames in [1, 64, 500, PIECE, PIECE + 1, 3 * PIECE, 100] {
                let (mut ours, mut theirs) =
                    (vec![1.0; frames * channels], vec![0.0; frames * channels]);
                in_real_time(|| with_zones(&mut ours));
                with_vecs(&mut theirs);
                assert_same(&ours, &theirs);
            }
        };
        std::thread::spawn(play).join().unwrap();
    }
}

#[test]
fn the_graphs_sound_the_same_while_they_are_redefined() {
    use graph::{vecs, zones};
    // Two scopes in one another: all outputs, and a unit's inputs.
    rt::prepare_thread(&Plan::new().scopes(2, 4096).default_zone(0)).unwrap();
    let inputs = || [vec![], vec![], vec![0, 1], vec![2]];
    let units =
        [zones::tone(0.01, 0.3), zones::tone(0.015, 0.3), zones::mix(), zones::echo(100, 0.5)];
    let (mut with_zones, binders) =
        zones::Graph::new(units.map(Result::unwrap).into_iter().zip(inputs()).collect());
    let units = [vecs::tone(0.01, 0.3), vecs::tone(0.015, 0.3), vecs::mix(), vecs::echo(100, 0.5)];
    let (mut with_vecs, senders) = vecs::Graph::new(units.into_iter().zip(inputs()).collect());
    for number in 0..20 {
        match number {
            4 => {
                binders[0].rebind(zones::tone(0.02, 0.2).unwrap());
                senders[0].send(vecs::tone(0.02, 0.2)).unwrap();
            }
            9 => {
                binders[1].rebind(zones::tone(0.001, 0.4).unwrap());
                senders[1].send(vecs::tone(0.001, 0.4)).unwrap();
                binders[3].rebind(zones::echo(77, 0.7).unwrap());
                senders[3].send(vecs::echo(77, 0.7)).unwrap();
            }
            _ => {}
        }
        let (mut ours, mut theirs) = ([0.0; BLOCK], [0.0; BLOCK]);
        in_real_time(|| with_zones.play(&mut ours)).unwrap();
        with_vecs.play(&mut theirs);
        assert_same(&ours, &theirs);
    }
    // The old definitions have ended, on this side.
    assert_eq!(binders.iter().map(|binder| binder.reclaim()).sum::<usize>(), 3);
}

/// At most a tenth longer than with `Vec`s.
#[test]
fn with_zones_they_are_no_longer() {
    let lines = |text: &str| {
        let is_code = |line: &&str| !line.trim().is_empty() && !line.trim().starts_with("//");
        text.lines().filter(is_code).count()
    };
    macro_rules! programs {
        ($($name:literal),*) => {
            [$((
                $name,
                lines(include_str!(concat!("programs/", $name, "/zones.rs"))),
                lines(include_str!(concat!("programs/", $name, "/vecs.rs"))),
            )),*]
        };
    }
    for (name, zones, vecs) in programs!("convolver", "sampler", "device", "graph") {
        assert!(zones * 10 <= vecs * 11, "{name}: {zones} lines against {vecs}");
    }
}
