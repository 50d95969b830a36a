//! A synthesiser's block loop on a Cortex-M4F without an operating system and without a global allocator.
//!
//! Its memory is three static buffers: the zones of scopes, the voices, and a real-time heap. After the start nothing asks
//! for more: a section that denies shows it.

#![no_std]
#![no_main]

use core::mem::MaybeUninit;
use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::entry;
use cortex_m_semihosting::{debug, hprintln};
use memzone::rt::{self, Policy};
use memzone::{Arena, HBox, PoolKey, RtHeap, Zone, halloc_slice_in, letz};
use panic_semihosting as _;

const SAMPLE_RATE: f32 = 48_000.0;
const FRAMES: usize = 64;
const BLOCKS: usize = 1000;
const VOICES: usize = 8;

/// One tick of the counter is a cycle of the board's 25 MHz. In QEMU with `-icount shift=0` an instruction is a nanosecond.
const INSTRUCTIONS_A_TICK: u32 = 40;

/// A voice: a triangle wave that fades.
struct Voice {
    phase: f32,
    step: f32,
    gain: f32,
}

impl Voice {
    fn new(pitch: f32) -> Voice {
        Voice { phase: 0.0, step: pitch / SAMPLE_RATE, gain: 0.5 }
    }

    fn render(&mut self, block: &mut [f32]) {
        for sample in block {
            let triangle = 4.0 * (self.phase - 0.5).abs() - 1.0;
            *sample += triangle * self.gain;
            self.phase += self.step;
            if self.phase >= 1.0 {
                self.phase -= 1.0;
            }
            self.gain *= 0.9998;
        }
    }
}

/// The ticks that `body` takes. It must take less than 16 million.
fn ticks(body: impl FnOnce()) -> u32 {
    let before = SYST::get_current();
    body();
    // It counts down.
    before.wrapping_sub(SYST::get_current()) & 0x00ff_ffff
}

#[entry]
fn main() -> ! {
    static mut SCOPES: [MaybeUninit<u8>; 16 << 10] = [MaybeUninit::uninit(); 16 << 10];
    static mut PATCH: [MaybeUninit<u8>; 8 << 10] = [MaybeUninit::uninit(); 8 << 10];
    static mut HEAP: [MaybeUninit<u8>; 32 << 10] = [MaybeUninit::uninit(); 32 << 10];

    // SAFETY: this is the program's start, it has one core, and it installs no interrupt handler.
    unsafe { memzone::claim_thread() };
    let arena = Arena::<2>::from_buffer(SCOPES).unwrap();
    let patch = Zone::from_buffer(PATCH);
    let heap = RtHeap::from_buffer(HEAP).unwrap();

    let mut voices = patch.pool::<Voice>(VOICES);
    let mut playing = [const { None::<(PoolKey, HBox<[f32], RtHeap>)> }; VOICES];
    let mut peak = 0.0_f32;
    let mut echoes = 0;

    let section = rt::enter(Policy::Deny);
    for block in 0..BLOCKS {
        // Every 50 blocks a voice starts, with an echo of its own length on the real-time heap. The oldest one ends.
        if block % 50 == 0 {
            let slot = &mut playing[block / 50 % VOICES];
            if let Some((key, echo)) = slot.take() {
                voices.remove(key);
                drop(echo);
            }
            let pitch = 110.0 + 27.5 * (block / 50) as f32;
            let echo = halloc_slice_in(&heap, 256 + block / 4, 0.0_f32).unwrap();
            echoes += echo.len();
            *slot = voices.insert(Voice::new(pitch)).ok().map(|key| (key, echo));
        }
        let loudest = letz!(z of arena; mix = [0.0_f32; FRAMES] => {
            let dry = z.alloc_slice(FRAMES, 0.0_f32);
            for (key, echo) in playing.iter_mut().flatten() {
                let Some(voice) = voices.get_mut(*key) else { continue };
                dry.fill(0.0);
                voice.render(dry);
                for (at, (out, sample)) in mix.iter_mut().zip(&*dry).enumerate() {
                    let delayed = &mut echo[(block * FRAMES + at) % 256];
                    *out += sample + *delayed;
                    *delayed = 0.4 * (sample + *delayed);
                }
            }
            mix.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()))
        });
        peak = peak.max(loudest);
    }
    let report = section.report();
    drop(section);

    let mut counter = cortex_m::Peripherals::take().unwrap().SYST;
    counter.set_clock_source(SystClkSource::Core);
    counter.set_reload(0x00ff_ffff);
    counter.clear_current();
    counter.enable_counter();
    let rounds = 1000;
    let empty = ticks(|| {
        for round in 0..rounds {
            core::hint::black_box(round);
        }
    });
    let scopes = ticks(|| {
        for round in 0..rounds {
            letz!(z of arena; a = round => { core::hint::black_box((z, a)); });
        }
    });
    let blocks = ticks(|| {
        for round in 0..rounds {
            core::hint::black_box(heap_round(&heap, round));
        }
    });
    let each = |ticks: u32| (ticks - empty) * INSTRUCTIONS_A_TICK / rounds;

    hprintln!("{} blocks of {} frames, peak {}", BLOCKS, FRAMES, peak);
    hprintln!("requests: {}, echoes of {} samples in all", report.asked(), echoes);
    hprintln!("zones' bytes: patch {}, heap {} of {}", patch.used(), heap.peak(), heap.capacity());
    hprintln!(
        "instructions: {} a scope with one value, {} a block taken and freed",
        each(scopes),
        each(blocks)
    );
    assert!(report.asked() == 0 && arena.free() == 2 && peak > 0.5 && peak.is_finite());
    debug::exit(debug::EXIT_SUCCESS);
    loop {}
}

/// Takes 64 bytes and frees them.
#[inline(never)]
fn heap_round(heap: &RtHeap, round: u32) -> u32 {
    memzone::halloc_in(heap, [round; 16]).map_or(0, |block| block[3])
}
