//! `hot` closures: both sides in any interleaving on one thread, against a model; and on two threads, where what is
//! played must be ever newer and nothing may be lost.
#![no_main]

use arbitrary::{Arbitrary, Result, Unstructured};
use libfuzzer_sys::fuzz_target;
use memzone::{Binder, Caller, Fader, Mix, ZoneFn, hot};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering::SeqCst};

#[derive(Clone, Copy, Debug, Arbitrary)]
enum OfCaller {
    Call,
    /// The closure panics.
    Throw,
    Refresh,
    CallDefinition,
    /// Moves the definition out, another one in.
    Replace,
    /// Fades from now on, over so many samples; or not any more.
    Fade(u8),
    Plain,
}

#[derive(Clone, Copy, Debug, Arbitrary)]
enum OfBinder {
    Rebind,
    Reclaim,
    Look,
}

#[derive(Clone, Copy, Debug, Arbitrary)]
enum Op {
    Caller(OfCaller),
    Binder(OfBinder),
    DropBinder(u8),
    DropCaller(u8),
    IntoDefinition(u8),
}

#[derive(Debug)]
struct Input {
    threads: bool,
    ops: Vec<Op>,
}

impl<'a> Arbitrary<'a> for Input {
    fn arbitrary(u: &mut Unstructured<'a>) -> Result<Input> {
        // Threads are slow.
        let threads = u.ratio(1, 64)?;
        let mut ops = Vec::new();
        while !u.is_empty() && ops.len() < 200 {
            ops.push(u.arbitrary()?);
        }
        Ok(Input { threads, ops })
    }
}

/// What a call or a mix of two has played.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Heard {
    new: usize,
    /// The one that is faded out, and the part of the new one.
    old: Option<(usize, f32)>,
    /// How often the definition was called.
    times: u64,
}

impl Mix for Heard {
    fn mix(old: Heard, new: Heard, part: f32) -> Heard {
        assert!(old.old.is_none() && new.old.is_none());
        Heard { old: Some((old.new, part)), ..new }
    }
}

/// Panics without a word.
struct Thrown;

type Definition = ZoneFn<dyn FnMut(bool) -> Heard>;

/// How often each definition's capture, and its zone's hook, were dropped.
#[derive(Clone)]
struct Lives(Arc<Vec<[AtomicU8; 2]>>);

struct Life(Lives, usize, usize);

impl Drop for Life {
    fn drop(&mut self) {
        let before = self.0.0[self.1][self.2].fetch_add(1, SeqCst);
        assert_eq!(before, 0, "definition {} dies twice", self.1);
    }
}

impl Lives {
    fn new() -> Lives {
        Lives(Arc::new((0..600).map(|_| Default::default()).collect()))
    }

    fn define(&self, number: usize) -> Definition {
        let (life, hook) = (Life(self.clone(), number, 0), Life(self.clone(), number, 1));
        ZoneFn::new(200, move |z| {
            z.on_cleanup(move || drop(hook));
            let held = z.alloc((number, 0_u64));
            let text: &str = z.alloc_str("still here");
            z.closure(move |throws: bool| {
                if throws {
                    resume_unwind(Box::new(Thrown));
                }
                assert_eq!(life.0.0[number][0].load(SeqCst), 0, "a dead one plays");
                assert_eq!(text, "still here");
                held.1 += 1;
                Heard { new: held.0, old: None, times: held.1 }
            })
        })
    }

    fn is_dead(&self, number: usize) -> bool {
        let [capture, hook] = &self.0[number];
        let (capture, hook) = (capture.load(SeqCst), hook.load(SeqCst));
        assert_eq!(capture, hook, "the capture and the zone of {number} go together");
        capture == 1
    }

    fn dead(&self, made: usize) -> usize {
        (0..made).filter(|number| self.is_dead(*number)).count()
    }
}

enum Player {
    Plain(Caller<dyn FnMut(bool) -> Heard>),
    Fading(Fader<dyn FnMut(bool) -> Heard>),
}

impl Player {
    fn call(&mut self, throws: bool) -> Option<Heard> {
        let call = AssertUnwindSafe(|| match self {
            Player::Plain(caller) => caller(throws),
            Player::Fading(fader) => fader.call(throws),
        });
        match catch_unwind(call) {
            Ok(heard) => Some(heard),
            Err(payload) if payload.is::<Thrown>() && throws => None,
            Err(payload) => resume_unwind(payload),
        }
    }

    fn taken_up(&self) -> u64 {
        match self {
            Player::Plain(caller) => caller.taken_up(),
            Player::Fading(fader) => fader.taken_up(),
        }
    }

    fn definition(&mut self) -> &mut Definition {
        match self {
            Player::Plain(caller) => caller.definition(),
            Player::Fading(fader) => fader.definition(),
        }
    }

    fn into_caller(self) -> Caller<dyn FnMut(bool) -> Heard> {
        match self {
            Player::Plain(caller) => caller,
            Player::Fading(fader) => fader.into_caller(),
        }
    }
}

struct Model {
    lives: Lives,
    made: usize,
    /// What is played, and what was defined since and not taken up.
    current: usize,
    pending: Option<usize>,
    /// What is faded out, over how many samples, and how many of them were played.
    old: Option<usize>,
    samples: u32,
    played: u32,
    taken_up: u64,
    /// How many definitions must be dead.
    dead: usize,
}

impl Model {
    fn make(&mut self) -> Definition {
        self.made += 1;
        self.lives.define(self.made - 1)
    }

    fn take_up(&mut self) -> bool {
        let Some(new) = self.pending.take() else { return false };
        self.current = new;
        self.taken_up += 1;
        true
    }

    fn caller(&mut self, player: &mut Option<Player>, op: OfCaller) {
        let Some(this) = player else { return };
        match op {
            OfCaller::Call | OfCaller::Throw => {
                let throws = matches!(op, OfCaller::Throw);
                let before = (self.current, self.pending);
                if self.old.is_none() && self.take_up() && self.samples > 0 {
                    (self.old, self.played) = (Some(before.0), 0);
                }
                let heard = this.call(throws);
                let mut expected = None;
                // A sample in which a definition throws is none.
                if let (Some(old), false) = (self.old, throws) {
                    self.played += 1;
                    expected = Some((old, self.played as f32 / (self.samples as f32 + 1.0)));
                    if self.played >= self.samples {
                        self.old = None;
                    }
                }
                assert_eq!(heard.is_none(), throws);
                if let Some(heard) = heard {
                    assert_eq!((heard.new, heard.old), (self.current, expected));
                }
            }
            OfCaller::Refresh => {
                if let Player::Plain(caller) = this {
                    assert_eq!(caller.refresh(), self.take_up());
                }
            }
            OfCaller::CallDefinition => {
                assert_eq!(this.definition()(false).new, self.current);
            }
            OfCaller::Replace => {
                let new = self.make();
                let old = std::mem::replace(this.definition(), new);
                self.current = self.made - 1;
                drop(old);
                self.dead += 1;
            }
            OfCaller::Fade(samples) => {
                let caller = player.take().map(Player::into_caller).expect("looked at above");
                self.samples = u32::from(samples % 8);
                self.old = None;
                *player = Some(Player::Fading(Fader::new(caller, self.samples)));
            }
            OfCaller::Plain => {
                let caller = player.take().map(Player::into_caller).expect("looked at above");
                (self.samples, self.old) = (0, None);
                *player = Some(Player::Plain(caller));
            }
        }
    }

    fn binder(&mut self, binder: &Binder<dyn FnMut(bool) -> Heard>, ended: bool, op: OfBinder) {
        match op {
            OfBinder::Rebind => {
                let new = self.make();
                self.dead += binder.rebind(new);
                self.pending = (!ended).then_some(self.made - 1);
                if ended {
                    assert!(self.lives.is_dead(self.made - 1), "nobody would play it");
                }
            }
            OfBinder::Reclaim => {
                self.dead += binder.reclaim();
                // It gives back everything but what may still be played.
                if !ended {
                    let kept = self.alive();
                    assert!(kept > usize::from(self.pending.is_some()));
                    // One that has been faded out may still wait at the caller's.
                    assert!(kept <= 3 + usize::from(self.pending.is_some()), "{kept} are kept");
                }
            }
            OfBinder::Look => {}
        }
        assert_eq!(binder.is_pending(), self.pending.is_some());
        assert_eq!(binder.has_ended(), ended);
    }

    fn alive(&self) -> usize {
        self.made - self.lives.dead(self.made)
    }

    /// What may still be played is alive, and as many as were said to be destroyed are not.
    fn check(&self, player: Option<&Player>, binder: bool) {
        let needed = [player.map(|_| self.current), player.and(self.pending), self.old];
        for number in needed.into_iter().flatten() {
            assert!(!self.lives.is_dead(number), "{number} is still to be played");
        }
        if let Some(player) = player {
            assert_eq!(player.taken_up(), self.taken_up);
            if let Player::Fading(fader) = player {
                assert_eq!(fader.is_fading(), self.old.is_some());
            }
        }
        if binder {
            assert_eq!(self.lives.dead(self.made), self.dead, "as many as were reported");
        }
    }
}

fn interleaved(ops: &[Op]) {
    let lives = Lives::new();
    let mut model = Model {
        lives,
        made: 0,
        current: 0,
        pending: None,
        old: None,
        samples: 0,
        played: 0,
        taken_up: 0,
        dead: 0,
    };
    let (caller, binder) = hot(model.make());
    let (mut player, mut binder) = (Some(Player::Plain(caller)), Some(binder));
    let mut definition: Option<(usize, Definition)> = None;
    for &op in ops {
        match op {
            Op::Caller(op) => model.caller(&mut player, op),
            Op::Binder(op) => {
                if let Some(binder) = &binder {
                    model.binder(binder, player.is_none(), op);
                }
            }
            // Rarely, so that much happens before.
            Op::DropBinder(rarely) => {
                if rarely < 32 {
                    binder = None;
                }
            }
            Op::DropCaller(rarely) => {
                if rarely < 32 && player.take().is_some() {
                    (model.pending, model.old) = (None, None);
                }
            }
            Op::IntoDefinition(rarely) => {
                if rarely < 32
                    && let Some(player) = player.take()
                {
                    definition = Some((model.current, player.into_caller().into_definition()));
                    (model.pending, model.old) = (None, None);
                }
            }
        }
        model.check(player.as_ref(), binder.is_some());
        if let Some((number, definition)) = &mut definition {
            assert_eq!(definition(false).new, *number);
        }
    }
    if model.made.is_multiple_of(2) {
        drop(player);
        model.dead += binder.as_ref().map_or(0, Binder::reclaim);
        drop(binder);
    } else {
        drop(binder);
        drop(player);
    }
    drop(definition);
    assert_eq!(model.alive(), 0, "all of them die");
}

/// The caller's operations on one thread, the binder's on another.
fn on_two_threads(ops: &[Op]) {
    let lives = Lives::new();
    let (caller, binder) = hot(lives.define(0));
    let mut made = 1;
    std::thread::scope(|scope| {
        // Joined, as a scope does not wait for the end of its threads, and what they free there would seem leaked.
        let one = scope.spawn(move || {
            let (mut player, mut newest, mut taken_up) = (Player::Plain(caller), 0, 0);
            for op in ops {
                match *op {
                    Op::Caller(OfCaller::Fade(samples)) => {
                        let samples = u32::from(samples % 8);
                        player = Player::Fading(Fader::new(player.into_caller(), samples));
                    }
                    Op::Caller(OfCaller::Plain) => player = Player::Plain(player.into_caller()),
                    Op::Caller(OfCaller::Throw) => drop(player.call(true)),
                    Op::Caller(_) => {
                        let heard = player.call(false).expect("does not throw");
                        assert!(heard.new >= newest, "an older one plays again");
                        assert!(heard.old.is_none_or(|(old, _)| old < heard.new));
                        newest = heard.new;
                    }
                    Op::DropCaller(rarely) if rarely < 32 => return,
                    _ => std::hint::spin_loop(),
                }
                assert!(player.taken_up() >= taken_up);
                taken_up = player.taken_up();
            }
        });
        let made = &mut made;
        let lives = &lives;
        let other = scope.spawn(move || {
            for op in ops {
                match op {
                    Op::Binder(OfBinder::Rebind) => {
                        binder.rebind(lives.define(*made));
                        *made += 1;
                    }
                    Op::Binder(OfBinder::Reclaim) => drop(binder.reclaim()),
                    Op::Binder(OfBinder::Look) => drop((binder.is_pending(), binder.has_ended())),
                    Op::DropBinder(rarely) if *rarely < 32 => return,
                    _ => std::hint::spin_loop(),
                }
            }
        });
        one.join().unwrap();
        other.join().unwrap();
    });
    assert_eq!(lives.dead(made), made, "all of them die");
}

fuzz_target!(|input: Input| {
    if input.threads {
        on_two_threads(&input.ops);
    } else {
        interleaved(&input.ops);
    }
});
