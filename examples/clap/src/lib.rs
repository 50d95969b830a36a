//! A CLAP plugin: a synthesiser whose patch is redefined while it plays.
//!
//! ```text
//! cargo build --release --manifest-path examples/clap/Cargo.toml
//! cp examples/clap/target/release/libmemzone_clap.so ~/.clap/memzone.clap
//! cargo test --features check --manifest-path examples/clap/Cargo.toml     # drives it with a host of its own
//! ```
//!
//! All memory is made in `activate`, on the main thread: the patch's zone, the scratch of its fades, the block that the
//! voices are mixed in. `process` needs no memory of the thread that it is called on, so the host may call it on any.
//! A program change asks the main thread for another patch, which is built there, and faded to.

mod patch;

use crate::patch::{Play, Voices};
use clack_extensions::audio_ports::{
    AudioPortFlags, AudioPortInfo, AudioPortInfoWriter, AudioPortType, PluginAudioPorts,
    PluginAudioPortsImpl,
};
use clack_extensions::note_ports::{
    NoteDialect, NoteDialects, NotePortInfo, NotePortInfoWriter, PluginNotePorts,
    PluginNotePortsImpl,
};
use clack_plugin::events::spaces::CoreEventSpace;
use clack_plugin::prelude::*;
use memzone::rt::{self, Policy};
use memzone::{Binder, BlockFader, Fade, Parcel, hot};
use std::cell::RefCell;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

#[cfg(feature = "check")]
#[global_allocator]
static ALLOCATOR: assert_no_alloc::AllocDisabler = assert_no_alloc::AllocDisabler;

/// Frames over which a patch fades into the next.
const FADE: u32 = 960;

/// The plugin's type.
#[derive(Debug)]
pub struct MemzoneSynth;

impl Plugin for MemzoneSynth {
    type AudioProcessor<'a> = Processor<'a>;
    type Shared<'a> = Shared;
    type MainThread<'a> = MainThread<'a>;

    fn declare_extensions(builder: &mut PluginExtensions<Self>, _: Option<&Shared>) {
        builder.register::<PluginAudioPorts>().register::<PluginNotePorts>();
    }
}

impl DefaultPluginFactory for MemzoneSynth {
    fn get_descriptor() -> PluginDescriptor {
        use clack_plugin::plugin::features::{INSTRUMENT, STEREO, SYNTHESIZER};
        PluginDescriptor::new("org.memzone.synth", "Memzone Synth").with_features([
            INSTRUMENT,
            SYNTHESIZER,
            STEREO,
        ])
    }

    fn new_shared(_: HostSharedHandle<'_>) -> Result<Shared, PluginError> {
        Ok(Shared::default())
    }

    fn new_main_thread<'a>(
        _: HostMainThreadHandle<'a>,
        shared: &'a Shared,
    ) -> Result<MainThread<'a>, PluginError> {
        Ok(MainThread { shared, binder: RefCell::new(None) })
    }
}

/// What all threads know.
#[derive(Debug, Default)]
pub struct Shared {
    /// The program that the patch is to be of.
    program: AtomicU8,
}

impl PluginShared<'_> for Shared {}

/// The main thread's side: it redefines the patch.
#[derive(Debug)]
pub struct MainThread<'a> {
    shared: &'a Shared,
    /// There while the plugin is active.
    binder: RefCell<Option<Binder<Play>>>,
}

impl<'a> PluginMainThread<'a, Shared> for MainThread<'a> {
    fn on_main_thread(&self) {
        if let Some(binder) = &*self.binder.borrow() {
            // Without memory the patch stays as it is.
            if let Ok(patch) = patch::patch(self.shared.program.load(Relaxed)) {
                binder.rebind(patch);
            }
        }
    }
}

impl PluginAudioPortsImpl for MainThread<'_> {
    fn count(&self, is_input: bool) -> u32 {
        u32::from(!is_input)
    }

    fn get(&self, index: u32, is_input: bool, writer: &mut AudioPortInfoWriter<'_>) {
        if index == 0 && !is_input {
            writer.set(&AudioPortInfo {
                id: ClapId::new(0),
                name: b"Output",
                channel_count: 2,
                flags: AudioPortFlags::IS_MAIN,
                port_type: Some(AudioPortType::STEREO),
                in_place_pair: None,
            });
        }
    }
}

impl PluginNotePortsImpl for MainThread<'_> {
    fn count(&self, is_input: bool) -> u32 {
        u32::from(is_input)
    }

    fn get(&self, index: u32, is_input: bool, writer: &mut NotePortInfoWriter<'_>) {
        if index == 0 && is_input {
            writer.set(&NotePortInfo {
                id: ClapId::new(0),
                name: b"Notes",
                supported_dialects: NoteDialects::CLAP | NoteDialects::MIDI,
                preferred_dialect: Some(NoteDialect::Clap),
            });
        }
    }
}

/// The audio thread's side.
pub struct Processor<'a> {
    host: HostAudioProcessorHandle<'a>,
    shared: &'a Shared,
    fader: BlockFader<Play, f32, Voices>,
    voices: Voices,
    /// The block that the voices are mixed in, as long as the longest.
    mix: Parcel<&'static mut [f32]>,
    rate: f32,
}

impl<'a> PluginAudioProcessor<'a, Shared, MainThread<'a>> for Processor<'a> {
    fn activate(
        host: HostAudioProcessorHandle<'a>,
        main_thread: &MainThread<'a>,
        shared: &'a Shared,
        config: PluginAudioConfiguration,
    ) -> Result<Self, PluginError> {
        let longest = config.max_frames_count as usize;
        let (caller, binder) = hot(patch::patch(shared.program.load(Relaxed))?);
        let voices = Voices::default();
        let fader = BlockFader::try_with_state(caller, Fade::linear(FADE), longest, voices)?;
        let mix = Parcel::try_new(4 * longest + 256, |z| z.try_alloc_slice(longest, 0.0))?;
        *main_thread.binder.borrow_mut() = Some(binder);
        Ok(Processor { host, shared, fader, voices, mix, rate: config.sample_rate as f32 })
    }

    fn process(
        &mut self,
        _: Process<'_>,
        mut audio: Audio<'_>,
        events: Events<'_>,
    ) -> Result<ProcessStatus, PluginError> {
        let _section = rt::enter_unwatched(Policy::Deny);
        #[cfg(feature = "check")]
        return assert_no_alloc::assert_no_alloc(|| self.play(&mut audio, events));
        #[cfg(not(feature = "check"))]
        self.play(&mut audio, events)
    }

    fn deactivate(self, main_thread: &MainThread<'a>) {
        // Here, on the main thread, all memory is freed: this side's first, and then what the binder gets of it.
        drop(self);
        *main_thread.binder.borrow_mut() = None;
    }

    fn reset(&mut self) {
        self.voices = Voices::default();
    }
}

impl Processor<'_> {
    fn play(
        &mut self,
        audio: &mut Audio<'_>,
        events: Events<'_>,
    ) -> Result<ProcessStatus, PluginError> {
        let frames = audio.frames_count() as usize;
        let Processor { host, shared, fader, voices, mix, rate } = self;
        let is_heard = mix.with_mut(|mix| {
            let mix = mix.get_mut(..frames).ok_or(PluginError::Message("a block is too long"))?;
            for batch in events.input.batch() {
                for event in batch.events() {
                    obey(event, voices, *rate, |program| {
                        shared.program.store(program, Relaxed);
                        host.request_callback();
                    });
                }
                // An event that a host puts after the block's end is late, and nothing worse.
                let Some(part) = mix.get_mut(batch.sample_bounds()) else { continue };
                fader.play_with(voices, part, |patch, voices, part| patch(voices, part))?;
            }
            let mut port = audio.output_port(0).ok_or(PluginError::Message("no output"))?;
            let channels = port.channels()?.into_f32();
            for channel in channels.ok_or(PluginError::Message("no samples of 32 bits"))?.iter_mut()
            {
                channel.copy_from_slice(mix);
            }
            Ok::<_, PluginError>(mix.iter().any(|sample| *sample != 0.0))
        })?;
        Ok(if is_heard { ProcessStatus::Continue } else { ProcessStatus::Sleep })
    }
}

/// Does what an event asks for.
fn obey(event: &UnknownEvent, voices: &mut Voices, rate: f32, program: impl FnOnce(u8)) {
    match event.as_core_event() {
        Some(CoreEventSpace::NoteOn(event)) => {
            if let Some(key) = event.key().into_specific() {
                patch::begin(voices, key as i16, event.velocity() as f32, rate);
            }
        }
        Some(CoreEventSpace::NoteOff(event)) => {
            let key = event.key();
            patch::end(voices, |it| key.matches(it as u16), rate);
        }
        Some(CoreEventSpace::NoteChoke(event)) => {
            let key = event.key();
            patch::end(voices, |it| key.matches(it as u16), rate);
        }
        Some(CoreEventSpace::Midi(event)) => match event.data() {
            [status, key, velocity] if status & 0xf0 == 0x90 && velocity > 0 => {
                patch::begin(voices, key.into(), f32::from(velocity) / 127.0, rate);
            }
            [status, key, _] if matches!(status & 0xf0, 0x80 | 0x90) => {
                patch::end(voices, |it| it == i16::from(key), rate);
            }
            [status, number, _] if status & 0xf0 == 0xc0 => program(number),
            _ => {}
        },
        _ => {}
    }
}

clack_export_entry!(SinglePluginEntry<MemzoneSynth>);
