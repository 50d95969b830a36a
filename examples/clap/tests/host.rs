//! A host that loads the plugin's shared library and drives it as the standard says: scan, instance, ports, activate,
//! start, blocks of all lengths with events, a program change, stop, deactivate, and all of it again.

use clack_extensions::audio_ports::{AudioPortInfoBuffer, PluginAudioPorts};
use clack_extensions::note_ports::{NotePortInfoBuffer, PluginNotePorts};
use clack_host::events::event_types::{MidiEvent, NoteOffEvent, NoteOnEvent};
use clack_host::prelude::*;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

struct Shared(Arc<AtomicBool>);

impl SharedHandler<'_> for Shared {
    fn request_restart(&self) {}
    fn request_process(&self) {}
    fn request_callback(&self) {
        self.0.store(true, SeqCst);
    }
}

struct Host;

impl HostHandlers for Host {
    type Shared<'a> = Shared;
    type MainThread<'a> = ();
    type AudioProcessor<'a> = ();
}

/// The shared library, which cargo has built beside this test.
fn library() -> PathBuf {
    let name =
        format!("{}memzone_clap{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let test = std::env::current_exe().unwrap();
    let folder = test.parent().unwrap();
    let found = [folder.join(&name), folder.parent().unwrap().join(&name)];
    found.into_iter().find(|path| path.exists()).expect("cargo has built the plugin")
}

const RATE: f64 = 48_000.0;
const LONGEST: u32 = 512;

/// Plays blocks of these lengths on a thread of their own, with these events at the start of the first.
fn play(
    stopped: StoppedPluginAudioProcessor<Host>,
    lengths: &[usize],
    first: &EventBuffer,
) -> (StoppedPluginAudioProcessor<Host>, Vec<[f32; 2]>) {
    std::thread::scope(|threads| {
        threads
            .spawn(move || {
                let mut processor = stopped.start_processing().unwrap();
                let mut outputs = AudioPorts::with_capacity(2, 1);
                let nothing = EventBuffer::new();
                let mut heard = Vec::new();
                for (number, length) in lengths.iter().enumerate() {
                    let mut buffers = [vec![f32::NAN; *length], vec![f32::NAN; *length]];
                    let mut output = outputs.with_output_buffers([AudioPortBuffer {
                        latency: 0,
                        channels: AudioPortBufferType::f32_output_only(
                            buffers.iter_mut().map(|buffer| buffer.as_mut_slice()),
                        ),
                    }]);
                    let events = if number == 0 { first } else { &nothing };
                    let mut out_events = EventBuffer::new();
                    processor
                        .process(
                            &InputAudioBuffers::empty(),
                            &mut output,
                            &events.as_input(),
                            &mut out_events.as_output(),
                            None,
                            None,
                        )
                        .unwrap();
                    let [left, right] = buffers;
                    heard.extend(left.into_iter().zip(right).map(|(left, right)| [left, right]));
                }
                (processor.stop_processing(), heard)
            })
            .join()
            .unwrap()
    })
}

#[test]
fn the_shared_library_plays_in_a_host() {
    let path = library();
    // SAFETY: it is the plugin of this package, which does what the standard says.
    let entry = unsafe { PluginEntry::load(&path) }.unwrap();
    let factory = entry.get_plugin_factory().unwrap();
    let descriptor = factory.plugin_descriptors().next().unwrap();
    assert_eq!(descriptor.name().unwrap().to_str(), Ok("Memzone Synth"));
    let info = HostInfo::new("test", "memzone", "https://example.org", "0").unwrap();
    let called = Arc::new(AtomicBool::new(false));
    let shared = Arc::clone(&called);
    let id = descriptor.id().unwrap();
    let mut instance =
        PluginInstance::<Host>::new(move |_| Shared(shared), |_| (), &entry, id, &info).unwrap();

    let handle = instance.plugin_handle();
    let ports = handle.get_extension::<PluginAudioPorts>().unwrap();
    assert_eq!((ports.count(&handle, true), ports.count(&handle, false)), (0, 1));
    let mut buffer = AudioPortInfoBuffer::new();
    assert_eq!(ports.get(&handle, 0, false, &mut buffer).unwrap().channel_count, 2);
    assert!(ports.get(&handle, 1, false, &mut buffer).is_none());
    let notes = handle.get_extension::<PluginNotePorts>().unwrap();
    assert_eq!(notes.count(&handle, true), 1);
    assert!(notes.get(&handle, 0, true, &mut NotePortInfoBuffer::new()).is_some());

    let config = PluginAudioConfiguration {
        sample_rate: RATE,
        min_frames_count: 1,
        max_frames_count: LONGEST,
    };
    let mut whole = Vec::new();
    for round in 0..3 {
        let stopped = instance.activate(|_, _| (), config).unwrap();
        // A note in the midst of the first block, an octave above concert pitch.
        let mut events = EventBuffer::new();
        events.push(&NoteOnEvent::new(100, Pckn::new(0_u16, 0_u16, 81_u16, 1_u32), 1.0));
        let ones = [&[128][..], &[1; 2000]].concat();
        let lengths = [&[512; 16][..], &ones, &[127, 512, 385]][round];
        let (stopped, heard) = play(stopped, lengths, &events);
        assert!(heard[..100].iter().all(|frame| *frame == [0.0; 2]));
        let peak = heard.iter().map(|frame| frame[0].abs()).fold(0.0, f32::max);
        assert!((0.1..0.5).contains(&peak), "{peak}");
        assert!(heard.iter().all(|[left, right]| left == right));
        let crossings = heard[100..].windows(2).filter(|two| two[0][0] < 0.0 && two[1][0] >= 0.0);
        let expected = (heard.len() - 100) as f64 / RATE * 880.0;
        assert!((crossings.count() as f64 - expected).abs() <= 2.0);
        // Blocks of one frame are what long blocks are.
        if whole.is_empty() {
            whole = heard;
        } else {
            let alike = whole.iter().zip(&heard).all(|(a, b)| (a[0] - b[0]).abs() < 1e-4);
            assert!(alike, "round {round}");
        }

        // A program change, which the main thread answers; then the patch has other harmonics, without a click.
        let mut change = EventBuffer::new();
        change.push(&MidiEvent::new(0, 0, [0xc0, 7, 0]));
        called.store(false, SeqCst);
        let (stopped, _) = play(stopped, &[64], &change);
        assert!(called.load(SeqCst), "the plugin asks for the main thread");
        instance.call_on_main_thread_callback();
        let (stopped, changed) = play(stopped, &[512; 8], &EventBuffer::new());
        let step = changed.windows(2).map(|two| (two[1][0] - two[0][0]).abs()).fold(0.0, f32::max);
        assert!(step < 0.25, "{step}");

        // The note ends, and then there is silence.
        let mut end = EventBuffer::new();
        end.push(&NoteOffEvent::new(0, Pckn::new(0_u16, 0_u16, 81_u16, 1_u32), 0.0));
        let (stopped, ending) = play(stopped, &[512; 120], &end);
        assert_eq!(ending.last(), Some(&[0.0; 2]));
        // Back to the first program, for the next round.
        let mut change = EventBuffer::new();
        change.push(&MidiEvent::new(0, 0, [0xc0, 0, 0]));
        let (stopped, _) = play(stopped, &[64], &change);
        instance.deactivate(stopped);
    }
}
