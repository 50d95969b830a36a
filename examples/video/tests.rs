//! Streams of every kind, whole, cut short and broken.

use super::{Output, denoise};
use std::fmt::Write;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::{env, fs};

/// Each kind of pixels: its name, the size of its colours' planes, and the bytes of a sample.
type Pixels = (&'static str, fn(usize, usize) -> usize, usize);
const PIXELS: [Pixels; 10] = [
    ("mono", |_, _| 0, 1),
    ("420jpeg", |w, h| w.div_ceil(2) * h.div_ceil(2), 1),
    ("420mpeg2", |w, h| w.div_ceil(2) * h.div_ceil(2), 1),
    ("422", |w, h| w.div_ceil(2) * h, 1),
    ("444", |w, h| w * h, 1),
    ("mono12", |_, _| 0, 2),
    ("420p10", |w, h| w.div_ceil(2) * h.div_ceil(2), 2),
    ("422p10", |w, h| w.div_ceil(2) * h, 2),
    ("444p10", |w, h| w * h, 2),
    ("444p12", |w, h| w * h, 2),
];

/// The output, and what ended it too early; or why there is none.
fn filtered(stream: &[u8]) -> Result<(Vec<u8>, Option<String>), String> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("memzone-video-{}-{}", process::id(), NUMBER.fetch_add(1, Relaxed));
    // In a folder of its own, so that what is left over there is found.
    let folder = env::temp_dir().join(name);
    fs::create_dir(&folder).unwrap();
    let path = folder.join("out.y4m");
    let done = denoise("in.y4m", stream, Output::create(&path).unwrap(), |_, _| {});
    let result = done.map(|done| {
        assert!(done.report.measured.is_good());
        (fs::read(&path).unwrap(), done.fault)
    });
    assert_eq!(fs::read_dir(&folder).unwrap().count(), usize::from(result.is_ok()));
    fs::remove_dir_all(folder).unwrap();
    if let Err(message) | Ok((_, Some(message))) = &result {
        assert!(message.starts_with("in.y4m: ") && !message.contains('\n'), "{message}");
    }
    result
}

fn stream(header: &str, frames: &[Vec<u8>]) -> Vec<u8> {
    let mut stream = format!("YUV4MPEG2 {header}\n").into_bytes();
    for frame in frames {
        stream.extend(b"FRAME\n");
        stream.extend(frame);
    }
    stream
}

/// Noise of 32 steps around a middle grey: the same each time.
fn noise(seed: u32, len: usize) -> Vec<u8> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        112 + (state >> 27) as u8
    };
    (0..len).map(|_| next()).collect()
}

#[test]
fn streams_of_every_kind_and_size_keep_their_form() {
    for (name, colour, bytes) in PIXELS {
        for (width, height) in [(1, 1), (2, 1), (1, 7), (3, 3), (17, 9), (64, 5), (65, 24)] {
            for order in ["", " Ip", " It", " Im"] {
                let len = bytes * (width * height + 2 * colour(width, height));
                let header =
                    format!("W{width} H{height} F30000:1001{order} A128:117 C{name} XYSCSS=X");
                // In samples of two bytes, 0x0101 is a value as good as 0x01.
                let still = stream(&header, &vec![vec![1; len]; 3]);
                assert_eq!(filtered(&still), Ok((still.clone(), None)), "{header}");
                let frames: Vec<_> = (0..3).map(|seed| noise(seed, len)).collect();
                let noisy = stream(&header, &frames);
                let (output, fault) = filtered(&noisy).unwrap();
                assert_eq!((output.len(), fault), (noisy.len(), None), "{header}");
                let start = noisy.len() - 3 * (len + 6);
                for frame in 0..3 {
                    let line = start + frame * (len + 6);
                    assert_eq!(&output[line..line + 6], b"FRAME\n");
                }
                assert_eq!(output[..start], noisy[..start]);
            }
        }
    }
}

#[test]
fn noise_becomes_less_and_a_cut_is_followed_at_once() {
    let (width, height, frames) = (64, 48, 20);
    let mut pictures: Vec<_> = (0..frames).map(|seed| noise(seed, width * height)).collect();
    // Another scene: 80 steps darker.
    let darker = noise(77, width * height).into_iter().map(|value| value - 80).collect();
    pictures.push(darker);
    let header = "W64 H48 F25:1 Cmono";
    let (output, _) = filtered(&stream(header, &pictures)).unwrap();
    let shown: Vec<_> =
        output[11 + header.len()..].chunks(6 + width * height).map(|frame| &frame[6..]).collect();
    let deviation = |frame: &[u8], mean: f64| {
        let squares = frame.iter().map(|&value| (f64::from(value) - mean).powi(2));
        (squares.sum::<f64>() / frame.len() as f64).sqrt()
    };
    let last = frames as usize - 1;
    let (before, after) = (deviation(&pictures[last], 127.5), deviation(shown[last], 127.5));
    assert!(before > 9.0 && after < before / 2.5, "{before} {after}");
    let after_cut = deviation(shown[last + 1], 47.5);
    assert!(after_cut < 1.2 * before, "{after_cut}");
}

#[test]
fn lines_of_different_times_are_not_mixed() {
    let line = |y: usize| if y % 2 == 0 { [60; 16] } else { [180; 16] };
    let frame: Vec<u8> = (0..12).flat_map(line).collect();
    let fields = stream("W16 H12 F25:1 It Cmono", &vec![frame.clone(); 3]);
    assert_eq!(filtered(&fields), Ok((fields.clone(), None)));
    let lines = stream("W16 H12 F25:1 Ip Cmono", &vec![frame; 3]);
    assert_ne!(filtered(&lines).unwrap().0, lines, "as lines of one time they are made sharper");
}

#[test]
fn a_stream_that_is_cut_short_anywhere_keeps_what_was_whole() {
    let header = "W4 H3 F25:1 C420jpeg";
    let frames: Vec<_> = (0..3).map(|seed| noise(seed, 12 + 2 * 4)).collect();
    let whole = stream(header, &frames);
    let (full, _) = filtered(&whole).unwrap();
    let (start, each) = (11 + header.len(), 6 + 20);
    for cut in 0..whole.len() {
        let result = filtered(&whole[..cut]);
        let Some(kept) = cut.checked_sub(start).map(|rest| rest / each).filter(|&kept| kept > 0)
        else {
            assert!(result.is_err(), "{cut}");
            continue;
        };
        let (output, fault) = result.unwrap();
        assert_eq!(output, full[..start + kept * each]);
        let is_between = (cut - start) % each == 0;
        assert_eq!(fault.is_none(), is_between, "{cut}");
        if let Some(fault) = fault {
            assert!(
                fault.contains(&format!("the {kept} whole frames before it were kept")),
                "{fault}"
            );
        }
    }
}

#[test]
fn what_is_damaged_within_keeps_what_was_whole() {
    let mut broken = stream("W2 H2 F25:1 Cmono", &[vec![9; 4], vec![9; 4], vec![9; 4]]);
    let second = broken.len() - 2 * 10;
    broken[second] = b'f';
    let (output, fault) = filtered(&broken).unwrap();
    assert_eq!(output, broken[..second]);
    assert!(fault.unwrap().contains("frame 2 does not begin with FRAME"));
}

#[test]
fn bad_headers_are_told_of() {
    let mut long = String::from("W2 H2 X");
    write!(long, "{:1100}", "").unwrap();
    let largest = format!("W{} H2 F25:1", usize::MAX);
    for (header, reason) in [
        ("W2 H2 F25:1 C411", "its pixels are \"411\""),
        ("W2 H2 F25:1 C420p14", "its pixels are \"420p14\""),
        ("H2 F25:1", "tells no width"),
        ("W2 H0 F25:1", "tells no height"),
        ("W2 H-2 F25:1", "tells no height"),
        ("W999999999 H999999999 F25:1", "are too large"),
        (&largest, "are too large"),
        ("W8193 H4352 F25:1", "are too large"),
        ("W2 H2 F25", "its header is broken"),
        ("W2 H2 F25:1 Cmono", "there are no frames in it"),
        (&long, "more than 1024 bytes"),
    ] {
        let message = filtered(&stream(header, &[])).unwrap_err();
        assert!(message.contains(reason), "{message}");
    }
    for (bytes, reason) in [
        (&b""[..], "there is nothing in it"),
        (b"RIFF....WAVE", "not a Y4M stream"),
        (b"YUV4MPEG", "truncated: it ends within its header"),
        (b"YUV4MPEG2 W2 H2", "truncated: it ends within its header"),
        (b"YUV4MPEG2\n", "tells no width"),
    ] {
        let message = filtered(bytes).unwrap_err();
        assert!(message.contains(reason), "{message}");
    }
}

#[test]
fn pixels_that_only_xyscss_tells_are_read_so() {
    for (name, colour, bytes) in PIXELS {
        let len = bytes * (4 * 3 + 2 * colour(4, 3));
        let frames = vec![vec![1; len]; 3];
        for name in [name.to_owned(), name.to_ascii_uppercase()] {
            let odd = stream(&format!("W4 H3 F25:1 Ip XYSCSS={name}"), &frames);
            assert_eq!(filtered(&odd), Ok((odd.clone(), None)), "{name}");
        }
    }
    for (header, reason) in [
        ("W4 H3 F25:1 XYSCSS=411", "its pixels are \"411\""),
        ("W4 H3 F25:1 XYSCSS=444ALPHA", "its pixels are \"444ALPHA\""),
        ("W4 H3 F25:1 XYSCSS=", "its pixels are \"\""),
        ("W4 H3 F25:1 C XYSCSS=444", "its pixels are \"\""),
    ] {
        let message = filtered(&stream(header, &[vec![1; 36]])).unwrap_err();
        assert!(message.contains(reason), "{message}");
    }
    // Where both are told, `C` is right.
    let both = stream("W4 H3 F25:1 Cmono XYSCSS=444", &vec![vec![1; 12]; 3]);
    assert_eq!(filtered(&both), Ok((both.clone(), None)));
}

#[test]
fn a_rate_that_is_not_known_or_absurd_is_no_fault() {
    let most = usize::MAX;
    let (slowest, fastest) = (format!(" F1:{most}"), format!(" F{most}:1"));
    for rate in ["", " F0:0", " F0:1", " F25:0", &slowest, &fastest] {
        let odd = stream(&format!("W2 H2{rate} Cmono"), &[vec![9; 4]]);
        assert_eq!(filtered(&odd), Ok((odd.clone(), None)), "{rate}");
    }
}
