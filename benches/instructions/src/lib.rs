//! The cases that memzone and its peers are measured with, by counting instructions
//! (`benches/callgrind.rs`) and by time (`benches/peers.rs`). `src/main.rs` makes
//! `docs/performance.md` of both.
//!
//! A row is one candidate doing one case's job. It is measured in two forms:
//!
//! * called: one call of a function that is not inlined and does the job once. Its count includes
//!   the registers it saves, also those only its cold path needs, and the return.
//! * inlined: a loop in such a function that does the job `TIMES` times. Its count is divided by
//!   that, and includes the two or three instructions of the loop.
//!
//! What others have fallen into, and how it is avoided here:
//!
//! * LLVM merges functions that are identical, so that one of them is never called: each carries
//!   its name, in a comment in an assembly block of no instructions.
//! * It folds a length it can see: where it is to be known at run time only, `hide` hides it.
//! * It keeps a cursor in a register over a loop, if it can show that nobody else sees it: the state
//!   is hidden too, and `sink` may read and write all memory, at the cost of no instruction.
//! * Candidates that share one heap skew each other: each is measured in a process of its own.

pub mod bytes;
pub mod cases;
pub mod extempore;
pub mod threads;

use core::arch::asm;

/// Hides where a value comes from. No instructions.
#[inline(always)]
pub fn hide(mut value: usize) -> usize {
    // SAFETY: no instruction.
    unsafe { asm!("/* {0} */", inout(reg) value, options(nostack, preserves_flags)) };
    value
}

/// Hides what a pointer points to, and that nobody else does. No instructions.
#[inline(always)]
pub fn hide_pointer<T>(mut pointer: *mut T) -> *mut T {
    // SAFETY: no instruction.
    unsafe { asm!("/* {0} */", inout(reg) pointer, options(nostack, preserves_flags)) };
    pointer
}

/// Uses a result, and all memory. No instructions.
#[inline(always)]
pub fn sink<T>(result: *const T) {
    // SAFETY: no instruction.
    unsafe { asm!("/* {0} */", in(reg) result, options(nostack, preserves_flags)) };
}

/// One candidate in one case.
pub trait Case {
    const CASE: &'static str;
    const CANDIDATE: &'static str;
    /// How often the inlined form does the job.
    const TIMES: usize;
    /// What a count and a time are divided by, further: the nodes of a tree.
    const PARTS: usize;
    type State;
    /// What the job is done with. Not measured.
    fn make() -> Self::State;
    /// The job. What it returns is used.
    fn run(state: &mut Self::State, input: usize) -> *const u8;
    /// After `TIMES` jobs. Measured in times, not in counts.
    fn tidy(state: &mut Self::State);
}

/// So that no two candidates' functions are identical. No instructions.
#[inline(always)]
fn mark<C: Case>() {
    // SAFETY: no instruction.
    unsafe {
        asm!(
            "/* {0} */",
            const (hash(C::CASE) ^ hash(C::CANDIDATE).rotate_left(1)) as i64,
            options(nomem, nostack, preserves_flags),
        );
    }
}

const fn hash(name: &str) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut index = 0;
    while index < name.len() {
        hash = (hash ^ name.as_bytes()[index] as u64).wrapping_mul(0x100_0000_01b3);
        index += 1;
    }
    hash
}

/// The job once. `measured` is what callgrind looks for.
#[inline(never)]
pub fn measured_called<C: Case>(state: &mut C::State, input: usize) -> *const u8 {
    mark::<C>();
    C::run(state, input)
}

/// The job `TIMES` times.
#[inline(never)]
pub fn measured_inlined<C: Case>(state: *mut C::State) {
    mark::<C>();
    let state = hide_pointer(state);
    for input in 0..C::TIMES {
        // SAFETY: hidden is not changed, and the caller has lent it.
        let state = unsafe { &mut *state };
        // A loop of one turn would let the compiler see that the input is zero.
        let input = if C::TIMES == 1 { hide(input) } else { input };
        sink(C::run(state, input));
    }
}

/// The same as `measured_inlined`, to warm up without being measured.
#[inline(never)]
fn warm<C: Case>(state: *mut C::State) {
    let state = hide_pointer(state);
    for input in 0..C::TIMES {
        // SAFETY: as in `measured_inlined`.
        let state = unsafe { &mut *state };
        sink(C::run(state, input));
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    Called,
    Inlined,
}

impl Form {
    pub fn name(self) -> &'static str {
        match self {
            Form::Called => "called",
            Form::Inlined => "inlined",
        }
    }
}

/// A case of a candidate, as a value.
pub struct Row {
    pub case: &'static str,
    pub candidate: &'static str,
    pub times: usize,
    pub parts: usize,
    /// Measures once, warmed up: one call, or one loop.
    pub once: fn(Form),
    /// What does the job `times` times and then tidies.
    pub batch: fn(Form) -> Box<dyn FnMut()>,
}

impl Row {
    pub const fn of<C: Case>() -> Row
    where
        C::State: 'static,
    {
        Row {
            case: C::CASE,
            candidate: C::CANDIDATE,
            times: C::TIMES,
            parts: C::PARTS,
            once: once::<C>,
            batch: batch::<C>,
        }
    }

    /// As a file's name may have it.
    pub fn id(&self) -> String {
        let words = format!("{} {}", self.case, self.candidate).to_lowercase();
        let letters = words.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
        letters.collect::<String>()
    }
}

fn once<C: Case>(form: Form) {
    let mut state = C::make();
    for _ in 0..3 {
        warm::<C>(&mut state);
        C::tidy(&mut state);
    }
    match form {
        Form::Called => sink(measured_called::<C>(&mut state, hide(7))),
        Form::Inlined => measured_inlined::<C>(&mut state),
    }
    C::tidy(&mut state);
}

fn batch<C: Case>(form: Form) -> Box<dyn FnMut()>
where
    C::State: 'static,
{
    let mut state = Box::new(C::make());
    Box::new(move || {
        match form {
            Form::Called => {
                for input in 0..C::TIMES {
                    sink(measured_called::<C>(&mut state, input));
                }
            }
            Form::Inlined => measured_inlined::<C>(&mut *state),
        }
        C::tidy(&mut state);
    })
}
