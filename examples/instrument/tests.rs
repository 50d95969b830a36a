//! Scores of every kind, and what becomes of notes' zones.

use super::{BLOCK, run};
use crate::factories;
use crate::instrument::{self, Instrument};
use crate::organ;
use crate::score::{self, Note};
use memzone::Zone;
use memzone::rt::{self, Policy};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::{env, fs, process};

/// A folder of a test's own.
fn folder() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("memzone-instrument-{}-{}", process::id(), NUMBER.fetch_add(1, Relaxed));
    let folder = env::temp_dir().join(name);
    fs::create_dir(&folder).unwrap();
    folder
}

/// Plays until all is silent, and returns the samples.
fn played(instrument: &mut Instrument, mut notes: &[Note]) -> Vec<f32> {
    let mut samples = Vec::new();
    while !notes.is_empty() || !instrument.is_silent() || samples.is_empty() {
        let now = instrument.blocks();
        let (due, later) = notes.split_at(notes.partition_point(|note| note.block <= now));
        notes = later;
        let mut block = [0.0; 2 * BLOCK];
        let section = rt::enter_unwatched(Policy::Deny);
        instrument.process(due, &mut block).unwrap();
        assert_eq!(section.report().asked(), 0);
        drop(section);
        samples.extend(block);
    }
    samples
}

#[test]
fn keys_and_times_are_read() {
    let text = "# none\n\ntempo 60 # slow\n 1 0.5 a4 1\n0 2 c4+eb4+f#-1 # a chord\n";
    let notes = score::parse(text).unwrap();
    let note = |block, length, key, loudness| Note { block, length, key, loudness };
    let chord = [60, 63, 6].map(|key| note(0, 96_000, key, 0.6));
    assert_eq!(notes[..3], chord);
    assert_eq!(notes[3..], [note(750, 24_000, 69, 1.0)]);
    assert_eq!(
        (notes[3].frequency(), notes[2].to_string(), notes[3].to_string()),
        (440.0, "f#-1".into(), "a4".into())
    );
}

#[test]
fn what_is_no_score_is_told_with_its_line() {
    for (text, reason) in [
        ("", "there are no notes in it"),
        ("# only this", "there are no notes in it"),
        ("tempo 100\n0 1", "line 2: not `START LENGTH KEY LOUDNESS`"),
        ("0 1 c4 0.5 7", "line 1: not `START LENGTH KEY LOUDNESS`"),
        ("0 1 h4", "line 1: \"h4\" is no key"),
        ("0 1 c4+", "line 1: \"\" is no key"),
        ("0 1 ä4", "line 1: \"ä4\" is no key"),
        ("0 1 g#9", "line 1: \"g#9\" is no key"),
        ("0 1 cb-1", "line 1: \"cb-1\" is no key"),
        ("-1 1 c4", "line 1: \"-1\" is no start: a number from 0 to 7200"),
        ("0 nan c4", "line 1: \"nan\" is no length"),
        ("0 1e9 c4", "line 1: \"1e9\" is no length"),
        ("0 1 c4 1.5", "line 1: \"1.5\" is no loudness: a number from 0 to 1"),
        ("tempo 0\n0 1 c4", "line 1: \"0\" is no tempo"),
        ("tempo 90\ntempo 91\n0 1 c4", "line 2: the tempo is there already"),
        ("0 1 c4\ntempo 90", "line 2: the tempo must stand before the notes"),
        ("tempo90\n0 1 c4", "line 1: not `START LENGTH KEY LOUDNESS`"),
    ] {
        let message = score::parse(text).unwrap_err();
        assert!(message.starts_with(reason), "{message}");
    }
}

#[test]
fn marks_tabs_and_ends_of_lines_of_every_editor_are_read() {
    let plain = score::parse("tempo 90\n0 1 a#4 0.8\n2 1 c4 # low\n").unwrap();
    for text in [
        "\u{feff}tempo 90\n0 1 a#4 0.8\n2 1 c4 # low",
        "tempo\t90\n0\t1\ta#4\t0.8\n2\t1\tc4\t# low",
        "\t tempo \t 90 \t\n\t0 1 a#4 0.8\t#loud\n2 1 c4#\n",
        "tempo 90\r\n0 1 a#4 0.8\r\n2 1 c4\t#low\r\n",
        "tempo 90\r0 1 a#4 0.8\r# none\r2 1 c4\r",
        "\u{feff}# first\r\ntempo\u{a0}90\n0\u{a0}1 a#4 0.8\n2 1 c4",
    ] {
        if text.contains("c4#") {
            assert_eq!(
                score::parse(text).unwrap_err(),
                "line 3: \"c4#\" is no key: c4, f#3 or bb2, say"
            );
        } else {
            assert_eq!(score::parse(text).unwrap(), plain, "{text:?}");
        }
    }
    assert_eq!(score::parse("\u{feff}").unwrap_err(), "there are no notes in it");
}

#[test]
fn what_fades_away_ends_at_zero_and_not_among_the_subnormal_numbers() {
    let zone = Zone::new(1 << 20);
    // Each with an input, and then with silence until nothing is left of it.
    let mut dull = factories::low_pass_c();
    let mut echo = factories::delay_c(&zone, 100).unwrap();
    let mut comb = factories::comb_c(&zone, 100).unwrap();
    let mut room = factories::reverb_c(&zone, 0).unwrap();
    let mut envelope = factories::adsr_c(0.001, 0.01, 0.5, 0.01);
    let mut pipe = factories::pipe_c(&zone, 440.0).unwrap();
    let effects: [(&str, &mut dyn FnMut(f32) -> f32); 6] = [
        ("low pass", &mut |input| dull(input, 600.0)),
        ("echo", &mut |input| echo(input, 0.18, 0.9)),
        ("comb", &mut |input| comb(input)),
        ("room", &mut |input| room(input, 0.3)),
        ("envelope", &mut |input| envelope(input > 0.0)),
        ("pipe", &mut |input| pipe(input)),
    ];
    for (name, effect) in effects {
        let loudest = (0..2_000).map(|_| effect(0.5).abs()).fold(0.0, f32::max);
        assert!(loudest > 0.1, "{name}");
        let mut silent = 0;
        for n in 0..1_000_000 {
            let sample = effect(0.0);
            assert!(!sample.is_subnormal(), "{name}: {sample:e} after {n} samples");
            silent = if sample == 0.0 { silent + 1 } else { 0 };
        }
        // More than the longest line has.
        assert!(silent > 10_000, "{name}: {silent}");
    }
}

#[test]
fn a_score_of_almost_nothing_is_silence() {
    let zone = Zone::new(organ::NOTE_BYTES);
    for loudness in [1e-45, 1e-40, 1e-30] {
        let tone = organ::Tone { frequency: 440.0, loudness, length: 480 };
        let mut kernel = organ::note_c(&zone, tone).unwrap();
        let mut sides = [[0.0; BLOCK]; 2];
        (0..10).for_each(|_| _ = kernel(&mut sides));
        assert_eq!(sides, [[0.0; BLOCK]; 2], "{loudness:e}");
    }
}

#[test]
fn bad_files_leave_nothing_behind() {
    let folder = folder();
    let (score, output) = (folder.join("score.txt"), folder.join("out.wav"));
    let attempt = || run(&[score.clone().into(), output.clone().into()]).err().unwrap();
    assert!(attempt().contains("score.txt: "));
    fs::write(&score, b"\xff\xfe0\0 \x001\0").unwrap();
    assert!(attempt().contains("UTF-16, and only UTF-8 can be read"));
    for bytes in [&b"\xff\xff"[..], b"0 1 x4", &vec![b' '; (1 << 20) + 1]] {
        fs::write(&score, bytes).unwrap();
        let message = attempt();
        assert!(message.contains("score.txt: ") && !message.contains('\n'), "{message}");
    }
    fs::write(&score, "0 1 c4").unwrap();
    let same = run(&[score.clone().into(), score.clone().into()]).err().unwrap();
    assert!(same.ends_with("is both the score and the output"));
    assert_eq!(fs::read(&score).unwrap(), b"0 1 c4");
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_score_is_played_the_same_each_time() {
    let folder = folder();
    let files = [1, 2].map(|number| {
        let output = folder.join(format!("{number}.wav"));
        let score = folder.join("score.txt");
        fs::write(&score, "tempo 600\n0 1 c3+g3 0.5\n1 2 e4\n2 1 c5 0.9").unwrap();
        let (notes, report) = run(&[score.into(), output.clone().into()]).unwrap();
        assert!(report.measured.is_good());
        assert_eq!(notes.lines().count(), 1 + 4);
        fs::read(output).unwrap()
    });
    assert_eq!(files[0], files[1]);
    assert!(files[0].len() > 48_000 * 4 * 3);
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn each_note_gives_its_zone_back_as_one() {
    rt::prepare_thread(&instrument::plan()).unwrap();
    let note = |block, key| Note { block, length: 480, key, loudness: 0.5 };
    let mut instrument = Instrument::new(100).unwrap();
    // More at a time than there are zones: the rest is left out.
    let chord: Vec<_> = (30..70).map(|key| note(0, key)).collect();
    played(&mut instrument, &chord);
    assert_eq!(instrument.over.len(), 32);
    // A deeper note has a longer pipe.
    let bytes = |key| instrument.over.iter().find(|over| over.note.key == key).unwrap().bytes;
    assert!(bytes(31) > bytes(43) + 800 && bytes(43) > bytes(55) + 400);

    // One after the other in the same zone, which sounds as a new one does.
    let tune = [note(instrument.blocks(), 60)];
    let mut fresh = Instrument::new(1).unwrap();
    let lasted = played(&mut fresh, &[note(0, 60)]).len();
    assert_eq!(played(&mut instrument, &tune).len(), lasted);
    assert_eq!(instrument.over.last().unwrap().bytes, fresh.over[0].bytes);
}
