//! Sound files as other programs write them, whole, odd and broken.

use super::run;
use crate::sound::Sound;
use hound::{SampleFormat, WavSpec};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::{env, fs, process};

const RATE: u32 = 48_000;
const FRAMES: usize = 1_000;

/// A folder of a test's own.
fn folder() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let name = format!("memzone-denoise-{}-{}", process::id(), NUMBER.fetch_add(1, Relaxed));
    let folder = env::temp_dir().join(name);
    fs::create_dir(&folder).unwrap();
    folder
}

/// What is read from these bytes.
fn read(bytes: &[u8]) -> Result<Sound, String> {
    let folder = folder();
    let path = folder.join("in.sound");
    fs::write(&path, bytes).unwrap();
    let read = Sound::read(&path);
    fs::remove_dir_all(folder).unwrap();
    if let Err(message) = &read {
        assert!(message.contains("in.sound: ") && !message.contains('\n'), "{message}");
    }
    read
}

/// Samples of 32 bits, each bit of which changes.
fn numbers() -> Vec<i32> {
    let mut state = 0x2545_f491_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state ^ state >> 16) as i32
    };
    let ends = [i32::MIN, i32::MAX, 0, -1, 1];
    ends.into_iter().chain((ends.len()..FRAMES).map(|_| next())).collect()
}

/// The upper bits of them, the lowest byte first, in so many bytes.
fn little(bits: u32, bytes: usize) -> Vec<u8> {
    let kept = |number: i32| number >> (32 - bits) << (32 - bits);
    numbers().iter().flat_map(|&n| kept(n).to_le_bytes()[4 - bytes..].to_vec()).collect()
}

/// The same with the highest byte first.
fn big(bits: u32) -> Vec<u8> {
    let bytes = bits as usize / 8;
    numbers().iter().flat_map(|&n| n.to_be_bytes()[..bytes].to_vec()).collect()
}

/// What a program must make of their upper bits: to the bit.
fn expected(bits: u32) -> Vec<f32> {
    let part = |n: i32| f64::from(n >> (32 - bits)) / f64::from(bits - 1).exp2();
    numbers().iter().map(|&n| part(n) as f32).collect()
}

fn chunk(name: &[u8; 4], body: &[u8]) -> Vec<u8> {
    let mut chunk = name.to_vec();
    chunk.extend((body.len() as u32).to_le_bytes());
    chunk.extend(body);
    chunk.extend(&[0][..body.len() % 2]);
    chunk
}

/// A `fmt` chunk's body, for one channel.
fn format(tag: u16, bits: u16, more: &[u8]) -> Vec<u8> {
    let frame = bits / 8;
    let mut body = [tag, 1].map(u16::to_le_bytes).as_flattened().to_vec();
    body.extend([RATE, RATE * u32::from(frame)].map(u32::to_le_bytes).as_flattened());
    body.extend([frame, bits].map(u16::to_le_bytes).as_flattened());
    body.extend(more);
    body
}

/// One of the extensible kind.
fn extensible(tag: u16, bits: u16, valid: u16) -> Vec<u8> {
    let mut more = [22, valid, 4, 0, tag].map(u16::to_le_bytes).as_flattened().to_vec();
    more.extend([0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71]);
    format(0xfffe, bits, &more)
}

fn file(kind: &[u8; 4], len: Option<u32>, chunks: &[Vec<u8>]) -> Vec<u8> {
    let body = [&b"WAVE"[..], &chunks.concat()].concat();
    let len = len.unwrap_or(body.len() as u32);
    [&kind[..], &len.to_le_bytes(), &body].concat()
}

fn wav(chunks: &[Vec<u8>]) -> Vec<u8> {
    file(b"RIFF", None, chunks)
}

/// The samples as 16 bits, behind a header that says there are so many bytes of them.
fn data(len: u32) -> Vec<u8> {
    [&b"data"[..], &len.to_le_bytes(), &little(16, 2)].concat()
}

#[test]
fn whole_numbers_are_read_to_the_bit() {
    let unsigned = numbers().iter().map(|&n| ((n >> 24) + 128) as u8).collect::<Vec<_>>();
    let cases = [
        ("8 bits", format(1, 8, &[]), unsigned, 8, 8),
        ("16 bits", format(1, 16, &[]), little(16, 2), 16, 16),
        ("24 bits", format(1, 24, &[]), little(24, 3), 24, 24),
        ("32 bits", format(1, 32, &[]), little(32, 4), 32, 32),
        ("24 in 32", extensible(1, 32, 24), little(24, 4), 24, 24),
        ("20 in 24", extensible(1, 24, 20), little(20, 3), 20, 24),
        ("12 in 16", extensible(1, 16, 12), little(12, 2), 12, 16),
        ("as wide as told nowhere", extensible(1, 16, 0), little(16, 2), 16, 16),
        ("18 bytes of format", format(1, 16, &[0, 0]), little(16, 2), 16, 16),
        ("20 bytes of format", format(1, 16, &[2, 0, 0, 0]), little(16, 2), 16, 16),
        ("40 bytes of format", format(1, 24, &[0; 24]), little(24, 3), 24, 24),
    ];
    for (name, format, samples, bits, written) in cases {
        let sound = read(&wav(&[chunk(b"fmt ", &format), chunk(b"data", &samples)]));
        let sound = sound.unwrap_or_else(|message| panic!("{name}: {message}"));
        assert!(sound.samples == expected(bits), "{name}");
        let spec = WavSpec {
            channels: 1,
            sample_rate: RATE,
            bits_per_sample: written,
            sample_format: SampleFormat::Int,
        };
        assert_eq!(sound.spec, spec, "{name}");
    }
}

#[test]
fn floats_are_read_as_they_are() {
    let samples = expected(24);
    let single: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let double: Vec<u8> = samples.iter().flat_map(|s| f64::from(*s).to_le_bytes()).collect();
    let cases = [
        (format(3, 32, &[]), &single),
        (format(3, 32, &[0, 0]), &single),
        (format(3, 32, &[0; 24]), &single),
        (extensible(3, 32, 32), &single),
        (extensible(3, 32, 0), &single),
        (format(3, 64, &[]), &double),
        (extensible(3, 64, 64), &double),
    ];
    for (format, bytes) in cases {
        let sound = read(&wav(&[chunk(b"fmt ", &format), chunk(b"data", bytes)])).unwrap();
        assert!(sound.samples == samples);
        assert_eq!(
            (sound.spec.bits_per_sample, sound.spec.sample_format),
            (32, SampleFormat::Float)
        );
    }
}

#[test]
fn chunks_and_sizes_of_every_kind_are_read() {
    let format = || chunk(b"fmt ", &format(1, 16, &[]));
    let list = || chunk(b"LIST", b"INFOISFT\x0d\0\0\0Lavf59.27.100");
    let without_byte = || list()[..8 + 25].to_vec();
    let whole = || chunk(b"data", &little(16, 2));
    let bytes = 2 * FRAMES as u32;
    let sizes = |data: u64| {
        let mut body = [0_u64, data, FRAMES as u64].map(u64::to_le_bytes).as_flattened().to_vec();
        body.extend([0; 4]);
        chunk(b"ds64", &body)
    };
    let (long, unknown) = (u64::from(bytes), u32::MAX);
    let cases = [
        ("odd LIST", wav(&[format(), list(), whole()])),
        ("odd LIST without its byte", wav(&[format(), without_byte(), whole()])),
        (
            "odd JUNK first",
            wav(&[chunk(b"JUNK", &[0; 5]), format(), chunk(b"bext", &[9; 603]), whole()]),
        ),
        ("LIST behind", wav(&[format(), whole(), list()])),
        ("bytes behind", [wav(&[format(), whole()]), b"TAG of old".to_vec()].concat()),
        ("the file's size too small", file(b"RIFF", Some(36), &[format(), whole()])),
        ("ffmpeg's stream", file(b"RIFF", Some(unknown), &[format(), list(), data(unknown)])),
        ("a stream of zeros", file(b"RIFF", Some(0), &[format(), data(0)])),
        ("a recording that was cut off", file(b"RIFF", Some(36), &[format(), data(0)])),
        ("sox's stream", file(b"RIFF", Some(0x7fff_f024), &[format(), data(0x7fff_f000)])),
        ("arecord's stream", file(b"RIFF", Some(0x8000_0024), &[format(), data(0x8000_0000)])),
        ("RF64", file(b"RF64", Some(unknown), &[sizes(long), format(), data(unknown)])),
        (
            "RF64, LIST behind",
            file(b"RF64", Some(unknown), &[sizes(long), format(), data(unknown), list()]),
        ),
        ("BW64", file(b"BW64", Some(unknown), &[sizes(long), format(), data(unknown)])),
        (
            "RF64 with a short size",
            file(b"RF64", Some(unknown), &[sizes(long), format(), whole(), list()]),
        ),
        ("RF64's stream", file(b"RF64", Some(unknown), &[sizes(0), format(), data(unknown)])),
    ];
    for (name, bytes) in cases {
        let sound = read(&bytes).unwrap_or_else(|message| panic!("{name}: {message}"));
        assert!(sound.samples == expected(16), "{name}: {} samples", sound.samples.len());
    }
}

#[test]
fn both_laws_of_telephony_are_read_to_the_bit() {
    // Silence, the smallest and the largest numbers of ITU-T G.711.
    let mu = ([0xff, 0x7f, 0xfe, 0x80, 0x00], [0, 0, 8, 32_124, -32_124]);
    let a = ([0xd5, 0x55, 0xd4, 0xaa, 0x2a], [8, -8, 24, 32_256, -32_256]);
    for (tag, (bytes, numbers)) in [(7, mu), (6, a)] {
        for format in [format(tag, 8, &[]), format(tag, 8, &[0, 0]), extensible(tag, 8, 8)] {
            let sound = read(&wav(&[chunk(b"fmt ", &format), chunk(b"data", &bytes)])).unwrap();
            let expected = numbers.map(|number: i16| f32::from(number) / 32_768.0);
            assert_eq!(sound.samples, expected, "{tag}");
            assert_eq!(sound.spec.bits_per_sample, 16);
        }
    }
}

#[test]
fn both_channels_are_told_apart() {
    let mut format = format(1, 16, &[]);
    format[2] = 2;
    format[12] = 4;
    let sound = read(&wav(&[chunk(b"fmt ", &format), chunk(b"data", &little(16, 2))])).unwrap();
    assert_eq!(sound.spec.channels, 2);
    assert!(sound.samples == expected(16));
}

#[test]
fn other_formats_are_read_to_the_bit() {
    for bits in [8_u16, 16, 24, 32] {
        let sound = read(&aiff(bits)).unwrap();
        assert!(sound.samples == expected(bits.into()), "AIFF, {bits}");
        assert_eq!(sound.spec.bits_per_sample, bits);
    }
    for bits in [16_u16, 24, 32] {
        let sound = read(&caf(bits)).unwrap();
        assert!(sound.samples == expected(bits.into()), "CAF, {bits}");
        assert_eq!(sound.spec.bits_per_sample, bits);
    }
}

fn aiff(bits: u16) -> Vec<u8> {
    let chunk = |name: &[u8; 4], body: &[u8]| {
        [&name[..], &(body.len() as u32).to_be_bytes(), body, &[0][..body.len() % 2]].concat()
    };
    // 48 kHz as a number of 80 bits.
    let rate = [0x40, 0x0e, 0xbb, 0x80, 0, 0, 0, 0, 0, 0];
    let common =
        [&1_u16.to_be_bytes()[..], &(FRAMES as u32).to_be_bytes(), &bits.to_be_bytes(), &rate]
            .concat();
    let sound = [&[0; 8][..], &big(bits.into())].concat();
    let body = [&b"AIFF"[..], &chunk(b"COMM", &common), &chunk(b"SSND", &sound)].concat();
    chunk(b"FORM", &body)
}

fn caf(bits: u16) -> Vec<u8> {
    let chunk = |name: &[u8; 4], body: &[u8]| {
        [&name[..], &(body.len() as u64).to_be_bytes(), body].concat()
    };
    let (bits, frame) = (u32::from(bits), u32::from(bits / 8));
    let numbers = [0, frame, 1, 1, bits].map(u32::to_be_bytes);
    let format = [&f64::from(RATE).to_be_bytes()[..], b"lpcm", numbers.as_flattened()].concat();
    let sound = [&[0; 4][..], &big(bits)].concat();
    [&b"caff\0\x01\0\0"[..], &chunk(b"desc", &format), &chunk(b"data", &sound)].concat()
}

#[test]
fn lossy_formats_are_read() {
    // Frames of 128 kbit/s, all of whose bits are 0: silence. Behind them is what players put there.
    let mut frame = vec![0; 384];
    frame[..4].copy_from_slice(&[0xff, 0xfb, 0x94, 0xc4]);
    let tagged = [&b"ID3\x04\0\0\0\0\0\x0a"[..], &[0; 10], &frame.repeat(20)].concat();
    for bytes in [frame.repeat(20), tagged] {
        let sound = read(&bytes).unwrap();
        assert_eq!((sound.rate(), sound.channels()), (RATE, 1));
        assert!(sound.samples.len() > 18 * 1152 && sound.samples.iter().all(|&s| s == 0.0));
    }
    // A tenth of a second of 440 Hz.
    let sound = read(include_bytes!("tone.ogg")).unwrap();
    assert_eq!((sound.rate(), sound.samples.len()), (RATE, 4_800));
    assert_eq!(sound.spec.sample_format, SampleFormat::Float);
    for (n, sample) in sound.samples.iter().enumerate() {
        let tone = 0.5 * (std::f32::consts::TAU * 440.0 * n as f32 / RATE as f32).sin();
        assert!((sample - tone).abs() < 0.05, "{n}: {sample}, not {tone}");
    }
}

#[test]
fn what_cannot_be_read_is_named_with_a_remedy() {
    let plain = |format: &[u8]| wav(&[chunk(b"fmt ", format), chunk(b"data", &little(16, 2))]);
    let with = |at: usize, bytes: &[u8]| {
        let mut format = format(1, 16, &[]);
        format[at..at + bytes.len()].copy_from_slice(bytes);
        plain(&format)
    };
    let other = |first: &[u8]| [first, &[7; 500]].concat();
    let mut unknown = extensible(1, 16, 16);
    unknown[39] ^= 1;
    for (bytes, reason, remedy) in [
        (with(0, &[2]), "Microsoft's ADPCM", "ffmpeg"),
        (with(0, &[0x11]), "IMA ADPCM", "ffmpeg"),
        (with(0, &[0x31]), "GSM", "ffmpeg"),
        (with(0, &[0x55]), "MPEG", "ffmpeg"),
        (with(0, &[0x34, 0x12]), "0x1234", "ffmpeg"),
        (plain(&unknown), "a kind that nobody here knows", "ffmpeg"),
        (plain(&format(3, 16, &[])), "16-bit float", "ffmpeg"),
        (plain(&format(1, 64, &[])), "64-bit integer", "ffmpeg"),
        // 24 bits in 32 without a word on where: some put them up, some down.
        (with(12, &[4, 0, 24]), "24-bit samples in frames of 4 bytes", "cannot be told"),
        (with(2, &[0]), "without channels", ""),
        (with(4, &1_u32.to_le_bytes()), "sample rate of 1 Hz", "-ar 48000"),
        (with(4, &0_u32.to_le_bytes()), "sample rate of 0 Hz", "-ar 48000"),
        (with(4, &u32::MAX.to_le_bytes()), "sample rate of 4294967295 Hz", "-ar 48000"),
        (extensible_channels(6), "6 channels", "-ac 2"),
        (other(b"RIFF\xff\0\0\0AVI LIST"), "not one of sound", "ffmpeg"),
        (other(b"RIFX\xff\0\0\0WAVE"), "RIFX", "ffmpeg"),
        (other(b"riff\x2e\x91\xcf\x11"), "Wave64", "ffmpeg"),
        (other(b"\0\0\0\x20ftypM4A "), "M4A", "ffmpeg"),
        (other(b"OggS\0\x02............................OpusHead"), "Opus", "ffmpeg"),
        (other(b"\x1a\x45\xdf\xa3"), "WebM", "ffmpeg"),
        (other(b"MThd\0\0\0\x06"), "MIDI", "voices"),
        (other(b"\xff\xf1"), "AAC", "ffmpeg"),
        (other(b"Dear Sir"), "not a sound file", "ffmpeg"),
        (other(b"fLaC\0\0\0\x22"), "FLAC", "ffmpeg"),
        (other(b"FORM\0\0\0\x22AIFF"), "AIFF", "ffmpeg"),
        (other(b"caff\0\x01\0\0"), "CAF", "ffmpeg"),
        (other(b"OggS\0\x02"), "Ogg", "ffmpeg"),
        // So many channels that their bits are more than 65,535, on which `symphonia` panics in a debug build.
        (with_byte(aiff(16), 20, 0xff), "", "ffmpeg"),
        // Pieces of 4 GiB, for which there would be room made.
        (with_byte(caf(24), 40, 0xf8), "pieces are too long", "ffmpeg"),
        (other(b"\xff\xfb\x94\xc4"), "MP3", "ffmpeg"),
        (Vec::new(), "the file is empty", ""),
        (b"RIFF".to_vec(), "truncated", ""),
        (wav(&[chunk(b"fmt ", &format(1, 16, &[]))]), "without samples", ""),
        (wav(&[chunk(b"fmt ", &format(1, 16, &[])), chunk(b"data", &[])]), "no samples", ""),
        (wav(&[chunk(b"data", &[0; 4])]), "before their format", ""),
        (wav(&[chunk(b"fmt ", &[1, 0, 1, 0])]), "too short", ""),
    ] {
        let message = read(&bytes).err().unwrap_or_else(|| panic!("{reason}: is read"));
        assert!(message.contains(reason) && message.contains(remedy), "{reason}: {message}");
    }
}

fn with_byte(mut bytes: Vec<u8>, at: usize, byte: u8) -> Vec<u8> {
    bytes[at] = byte;
    bytes
}

/// A file of so many channels.
fn extensible_channels(channels: u8) -> Vec<u8> {
    let mut format = extensible(1, 16, 16);
    format[2] = channels;
    format[12] = 2 * channels;
    wav(&[chunk(b"fmt ", &format), chunk(b"data", &little(16, 2))])
}

#[test]
fn what_is_cut_short_is_refused_and_never_noise() {
    let whole = wav(&[chunk(b"fmt ", &extensible(1, 32, 24)), chunk(b"data", &little(24, 4))]);
    for cut in (0..whole.len()).step_by(7) {
        assert!(read(&whole[..cut]).is_err(), "{cut}");
    }
    let message = read(&whole[..whole.len() - 2]).err().unwrap();
    assert!(message.contains("truncated: 999 of the 1000 samples"), "{message}");
    for whole in [aiff(16), caf(24)] {
        for cut in (0..whole.len()).step_by(7) {
            assert!(read(&whole[..cut]).is_err(), "{cut}");
        }
    }
}

#[test]
fn a_file_is_denoised_to_one_of_its_kind() {
    let folder = folder();
    let (input, output) = (folder.join("in.wav"), folder.join("out.wav"));
    let format = chunk(b"fmt ", &extensible(1, 32, 24));
    fs::write(&input, wav(&[format, chunk(b"data", &little(24, 4))])).unwrap();
    let report = run(&[input.clone().into(), output.clone().into()]).unwrap();
    assert!(report.to_string().contains("48000 Hz, mono, 24-bit integer"));
    let written = Sound::read(&output).unwrap();
    assert_eq!((written.samples.len(), written.spec.bits_per_sample), (FRAMES, 24));
    fs::write(&input, b"RIFF").unwrap();
    run(&[input.into(), output.into()]).err().unwrap();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);
    fs::remove_dir_all(folder).unwrap();
}

/// Not a test, but what the next one starts: a process that writes until it is stopped.
#[test]
fn a_process_that_writes() {
    let Some(folder) = env::var_os("MEMZONE_TEST_FOLDER") else { return };
    let mut draft = crate::draft::Draft::create(
        &PathBuf::from(folder).join("out.wav"),
        WavSpec {
            channels: 1,
            sample_rate: RATE,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        },
    )
    .unwrap();
    for _ in 0..1_000_000 {
        if let Err(message) = draft.write(&[0.5; 4096]) {
            eprintln!("{message}");
            drop(draft);
            process::exit(2);
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

#[cfg(unix)]
#[test]
#[cfg_attr(miri, ignore = "it has no processes")]
fn no_signal_leaves_a_part_of_a_file_behind() {
    use std::os::unix::process::{CommandExt, ExitStatusExt};

    // The limit on a file's size, which comes by itself, and signals that others send.
    for (shell, signal) in [
        ("ulimit -f 8; exec \"$0\" \"$@\"", None),
        ("exec \"$0\" \"$@\"", Some(libc::SIGTERM)),
        ("exec \"$0\" \"$@\"", Some(libc::SIGINT)),
        ("exec \"$0\" \"$@\"", Some(libc::SIGHUP)),
    ] {
        let folder = folder();
        let mut command = Command::new("sh");
        if let Some(signal) = signal {
            // What is started in the background, or by `nohup`, begins with some of them ignored, and the program
            // leaves them so.
            let unignore = move || {
                // SAFETY: `signal` may be called between `fork` and `exec`, and sets what is there by default.
                unsafe { libc::signal(signal, libc::SIG_DFL) };
                Ok(())
            };
            // SAFETY: the closure calls nothing else, and takes no memory.
            unsafe { command.pre_exec(unignore) };
        }
        let mut child = command
            .args(["-c", shell])
            .arg(env::current_exe().unwrap())
            .args(["--exact", "tests::a_process_that_writes", "--nocapture"])
            .env("MEMZONE_TEST_FOLDER", &folder)
            .stdout(process::Stdio::null())
            .stderr(process::Stdio::piped())
            .spawn()
            .unwrap();
        if let Some(signal) = signal {
            while fs::read_dir(&folder).unwrap().count() == 0 {
                assert!(child.try_wait().unwrap().is_none(), "it ended too early");
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            // SAFETY: the process is this one's child, and not yet waited for.
            assert_eq!(unsafe { libc::kill(child.id() as libc::pid_t, signal) }, 0);
        }
        let output = child.wait_with_output().unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        match signal {
            Some(signal) => assert_eq!(output.status.signal(), Some(signal), "{message}"),
            None => {
                assert_eq!(output.status.code(), Some(2), "{message}");
                assert!(message.contains("out.wav: cannot be written: "), "{message}");
            }
        }
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0, "{signal:?}");
        fs::remove_dir_all(folder).unwrap();
    }
}
