//! What the two sides of a hot closure share. The newest definition goes through it to the player, and a retired one
//! comes back.
//!
//! It has one word, the slot, with one of four values:
//!
//! ```text
//! empty         nothing is on its way
//! NEW(p)        the giver has put p there, and the taker has not taken it up yet
//! RETIRED(p)    the taker has put p there when it took up another, and the giver has not collected it yet
//! ENDED         the taker is gone
//! ```
//!
//! Whoever exchanges the word owns what came out. Nobody looks into what a slot holds, so there is no ABA problem. The
//! giver destroys whatever comes out.
//!
//! The taker takes up a definition with one swap. It swaps only after it has seen NEW. The giver replaces NEW only by
//! a newer NEW, so the swap always gets a definition. So at most one retired definition is on its way back at a time.
//!
//! If the taker fades, it has nothing to send back yet when it takes up a definition, so it swaps NEW for empty. After
//! the fade the old definition is spent. It goes back as soon as the slot is empty, or in the next swap. Until then the
//! taker holds it, as the definition before it may still be in the slot.
//!
//! A taker that ends puts what it still has into `left`, for the giver to collect. The side that ends second frees the
//! mailbox with all that is in it.

use crate::closure::zone_fn::ZoneFn;
use crate::error::ZoneError;
use crate::heap::{Heap, System};
use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::{NonNull, null_mut};

#[cfg(not(loom))]
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
#[cfg(loom)]
use loom::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

/// What can go through a mailbox: an owner that is a single pointer.
///
/// # Safety
///
/// The address is a multiple of 4, and `from_raw` is the opposite of `into_raw`.
pub(super) unsafe trait Letter: Sized {
    fn into_raw(self) -> NonNull<()>;
    /// # Safety
    ///
    /// `raw` comes from `into_raw` and is passed in once, on a thread that may have the letter.
    unsafe fn from_raw(raw: NonNull<()>) -> Self;
}

// SAFETY: (I23) `ZoneFn::into_raw` and `from_raw` are opposites, and a closure's node is aligned for pointers.
unsafe impl<D: ?Sized> Letter for ZoneFn<D> {
    fn into_raw(self) -> NonNull<()> {
        ZoneFn::into_raw(self)
    }
    unsafe fn from_raw(raw: NonNull<()>) -> Self {
        // SAFETY: (I23) the caller's promise.
        unsafe { ZoneFn::from_raw(raw) }
    }
}

/// The bits of the slot that tell what it holds. A letter's address has zeros there.
const TAG: usize = 3;
const RETIRED: usize = 1;
const NEW: usize = 2;

/// The value of the slot when the taker is gone.
fn ended() -> *mut () {
    core::ptr::without_provenance_mut(TAG)
}

fn tagged(letter: NonNull<()>, tag: usize) -> *mut () {
    letter.as_ptr().map_addr(|address| address | tag)
}

fn tag(word: *mut ()) -> usize {
    word.addr() & TAG
}

struct Mailbox<T: Letter> {
    slot: AtomicPtr<()>,
    /// What the taker left when it ended: the definition that it played, the one that it was fading out or had spent,
    /// and the one in the slot.
    left: [AtomicPtr<()>; 3],
    one_ended: AtomicBool,
    owns: PhantomData<T>,
}

/// The letter in a word that came out of a slot.
///
/// # Safety
///
/// I23: the word came out of a slot of a mailbox for `T`, and nobody but the caller has it.
unsafe fn letter_in<T: Letter>(word: *mut ()) -> Option<T> {
    let letter = NonNull::new(word.map_addr(|address| address & !TAG))?;
    // SAFETY: (I23) what is in a slot comes from `into_raw`, and the caller promises to have it alone.
    Some(unsafe { T::from_raw(letter) })
}

impl<T: Letter> Mailbox<T> {
    fn make() -> Result<NonNull<Mailbox<T>>, ZoneError> {
        let place = System.take(Layout::new::<Self>())?.cast::<Self>();
        let mailbox = Mailbox {
            slot: AtomicPtr::new(null_mut()),
            left: [(); 3].map(|()| AtomicPtr::new(null_mut())),
            one_ended: AtomicBool::new(false),
            owns: PhantomData,
        };
        // SAFETY: (I24) the memory was just taken for it.
        unsafe { place.write(mailbox) };
        Ok(place)
    }

    /// Ends one side of the mailbox. The side that ends second frees it.
    ///
    /// # Safety
    ///
    /// I24: each side calls this once, and does not use the mailbox afterwards.
    unsafe fn end(mailbox: NonNull<Mailbox<T>>) {
        // SAFETY: (I24) the mailbox is freed only below, by the second side.
        let this = unsafe { mailbox.as_ref() };
        // Release and acquire: all that either side did comes before the end.
        if this.one_ended.swap(true, Ordering::AcqRel) {
            /// Frees the mailbox, even when a definition's destructor panics. In a real-time section that denies, the
            /// memory is put aside.
            struct FreeMailbox<T: Letter>(NonNull<Mailbox<T>>);
            impl<T: Letter> Drop for FreeMailbox<T> {
                fn drop(&mut self) {
                    let layout = Layout::new::<Mailbox<T>>();
                    // SAFETY: (I24) the memory was taken with this layout in `make`, and both sides are gone.
                    unsafe { System::give_back(&(), self.0.cast(), layout) };
                }
            }
            let free = FreeMailbox(mailbox);
            // SAFETY: (I24) the mailbox was written in `make`, and both sides are gone.
            unsafe { free.0.drop_in_place() };
        }
    }

    /// Takes what the taker left.
    fn take_left(&self) -> [Option<T>; 3] {
        self.left.each_ref().map(|left| {
            // Acquire: this side sees the letter as its last owner left it.
            let word = left.swap(null_mut(), Ordering::Acquire);
            // SAFETY: (I23) the word was just exchanged.
            unsafe { letter_in(word) }
        })
    }
}

impl<T: Letter> Drop for Mailbox<T> {
    fn drop(&mut self) {
        // Relaxed: `end` has ordered all accesses.
        let word = self.slot.swap(null_mut(), Ordering::Relaxed);
        // SAFETY: (I23) the word was just exchanged.
        let waiting: Option<T> = unsafe { letter_in(word) };
        // All are dropped as one value, so that a destructor that panics does not keep the others from running.
        drop((waiting, self.take_left()));
    }
}

/// The side that plays. It has a definition, and takes up newer ones.
pub(super) struct Taker<T: Letter> {
    mailbox: NonNull<Mailbox<T>>,
    current: ManuallyDrop<T>,
    /// The definition before the current one, while it is faded out.
    fading: Option<T>,
    /// A definition that was faded out and could not go back yet. There is none while another one is fading.
    spent: Option<T>,
}

/// The side that defines. Several threads may use it at once.
pub(super) struct Giver<T: Letter> {
    mailbox: NonNull<Mailbox<T>>,
    /// Makes the giver invariant in `T`. It puts letters in for a taker whose type stays as it was, so it must not
    /// become a giver of another type (I25).
    puts_in: PhantomData<fn(T) -> T>,
}

// SAFETY: (I23, I24) the two sides share only atomics. Letters go from one side to the other.
unsafe impl<T: Letter + Send> Send for Taker<T> {}
// SAFETY: (I23, I24) the two sides share only atomics. Letters go from one side to the other.
unsafe impl<T: Letter + Send> Send for Giver<T> {}
// SAFETY: (I23, I24) what a shared giver uses are atomics. It puts letters in and takes them out by value.
unsafe impl<T: Letter + Send> Sync for Giver<T> {}

/// Makes the two sides of a new mailbox. If there is no memory for it, the letter is dropped.
pub(super) fn mailbox<T: Letter>(first: T) -> Result<(Taker<T>, Giver<T>), ZoneError> {
    let mailbox = Mailbox::make()?;
    let current = ManuallyDrop::new(first);
    Ok((
        Taker { mailbox, current, fading: None, spent: None },
        Giver { mailbox, puts_in: PhantomData },
    ))
}

impl<T: Letter> Taker<T> {
    #[inline(always)]
    fn mailbox(&self) -> &Mailbox<T> {
        // SAFETY: (I24) this side has not ended.
        unsafe { self.mailbox.as_ref() }
    }

    /// Whether there is a newer definition.
    #[inline(always)]
    pub(super) fn has_new(&self) -> bool {
        // Relaxed: nothing is read through the pointer. ENDED has this bit too, but only this side writes ENDED.
        self.mailbox().slot.load(Ordering::Relaxed).addr() & NEW != 0
    }

    #[inline(always)]
    pub(super) fn current(&mut self) -> &mut T {
        &mut self.current
    }

    #[inline(always)]
    pub(super) fn current_ref(&self) -> &T {
        &self.current
    }

    /// The current definition and the one that is faded out, if there is a fade.
    #[inline(always)]
    pub(super) fn current_and_fading(&mut self) -> Option<(&mut T, &mut T)> {
        self.fading.as_mut().map(|fading| (&mut *self.current, fading))
    }

    #[inline(always)]
    pub(super) fn is_fading(&self) -> bool {
        self.fading.is_some()
    }

    /// Swaps a retired definition, or none, for the new one in the slot. The caller must have seen that there is one.
    fn exchange(&mut self, back: Option<T>) -> T {
        let back = back.map_or(null_mut(), |back| tagged(back.into_raw(), RETIRED));
        // Acquire: this side sees the new definition as it was built. Release: the giver sees the retired one as this
        // side left it.
        let word = self.mailbox().slot.swap(back, Ordering::AcqRel);
        // SAFETY: (I23) the word was just exchanged.
        match unsafe { letter_in(word) } {
            Some(new) => new,
            // This cannot happen, as NEW is replaced only by a newer NEW. Unwinding would drop what was sent.
            None => crate::system::last_words::end_process(),
        }
    }

    /// Takes up the new definition and sends the current one back. The result is `false` if there is no new one, or if
    /// the old one is still fading.
    pub(super) fn take_up(&mut self) -> bool {
        if !self.has_new() || self.is_fading() {
            return false;
        }
        if self.spent.is_some() {
            self.begin_fade();
            self.end_fade();
            return true;
        }
        // SAFETY: (I23) the definition moves to the slot, and a new one is written here before anything can panic.
        let old = unsafe { ManuallyDrop::take(&mut self.current) };
        self.current = ManuallyDrop::new(self.exchange(Some(old)));
        true
    }

    /// Takes up the new definition and keeps the current one for a fade. The result is that of `take_up`.
    pub(super) fn begin_fade(&mut self) -> bool {
        if !self.has_new() || self.is_fading() {
            return false;
        }
        let spent = self.spent.take();
        let new = self.exchange(spent);
        self.fading = Some(core::mem::replace(&mut *self.current, new));
        true
    }

    /// Ends the fade and sends the old definition back.
    pub(super) fn end_fade(&mut self) {
        self.spent = self.fading.take().or(self.spent.take());
        self.send_back();
    }

    /// Sends the spent definition back, if there is one and the slot is empty.
    #[inline(always)]
    pub(super) fn send_back(&mut self) {
        if self.spent.is_some() {
            self.send_spent_back();
        }
    }

    #[inline(never)]
    fn send_spent_back(&mut self) {
        let Some(spent) = self.spent.take() else { return };
        let spent = spent.into_raw();
        // Release: the giver sees the definition as this side left it.
        let sent = self.mailbox().slot.compare_exchange(
            null_mut(),
            tagged(spent, RETIRED),
            Ordering::Release,
            Ordering::Relaxed,
        );
        if sent.is_err() {
            // SAFETY: (I23) the letter was not put anywhere.
            self.spent = Some(unsafe { T::from_raw(spent) });
        }
    }

    /// Ends this side, and keeps the current definition for the caller.
    pub(super) fn into_current(self) -> T {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: (I23) from here on, `this` is used only by `end`, which does not touch the current definition.
        let current = unsafe { ManuallyDrop::take(&mut this.current) };
        this.end(None);
        current
    }

    /// Leaves everything to the giver, or frees it if the giver has ended.
    fn end(&mut self, current: Option<T>) {
        // Acquire: a definition that is in the slot is passed on as it is.
        let waiting = self.mailbox().slot.swap(ended(), Ordering::AcqRel);
        let waiting = waiting.map_addr(|address| address & !TAG);
        let raw = |letter: Option<T>| letter.map_or(null_mut(), |it| it.into_raw().as_ptr());
        let held = self.fading.take().or(self.spent.take());
        let leave = [raw(current), raw(held), waiting];
        for (place, letter) in self.mailbox().left.iter().zip(leave) {
            // Release: the giver sees the letter as this side leaves it. This is a swap and not a store, as loom would
            // take a store for unordered with the giver's swaps.
            place.swap(letter, Ordering::Release);
        }
        // SAFETY: (I24) this is called once, from `drop` or `into_current`.
        unsafe { Mailbox::end(self.mailbox) };
    }
}

impl<T: Letter> Drop for Taker<T> {
    fn drop(&mut self) {
        // SAFETY: (I23) the field is not used again.
        let current = unsafe { ManuallyDrop::take(&mut self.current) };
        self.end(Some(current));
    }
}

impl<T: Letter> Giver<T> {
    fn mailbox(&self) -> &Mailbox<T> {
        // SAFETY: (I24) this side has not ended.
        unsafe { self.mailbox.as_ref() }
    }

    /// Puts a definition into the slot, in place of what is there.
    ///
    /// The caller is to drop what comes out. It is a definition that was not taken up, a retired one, or the new one
    /// itself if the taker has ended.
    pub(super) fn give(&self, letter: T) -> Option<T> {
        let slot = &self.mailbox().slot;
        let letter = letter.into_raw();
        // Relaxed: nothing is read through what is loaded here.
        let mut seen = slot.load(Ordering::Relaxed);
        loop {
            if seen == ended() {
                // SAFETY: (I23) the letter was not put anywhere.
                return Some(unsafe { T::from_raw(letter) });
            }
            // Release: the taker sees the definition as it was built. Acquire: this side sees what comes out as it was
            // left.
            let given = slot.compare_exchange_weak(
                seen,
                tagged(letter, NEW),
                Ordering::AcqRel,
                Ordering::Relaxed,
            );
            match given {
                // SAFETY: (I23) the word was just exchanged.
                Ok(word) => return unsafe { letter_in(word) },
                Err(now) => seen = now,
            }
        }
    }

    /// Takes the retired definition, and those that an ended taker left.
    pub(super) fn collect(&self) -> [Option<T>; 4] {
        let slot = &self.mailbox().slot;
        let seen = slot.load(Ordering::Relaxed);
        let mut retired = None;
        if tag(seen) == RETIRED {
            // If this fails, another thread has taken the definition and destroys it.
            // Acquire: this side sees the definition as the taker left it.
            let taken =
                slot.compare_exchange(seen, null_mut(), Ordering::Acquire, Ordering::Relaxed);
            // SAFETY: (I23) the word was just exchanged.
            retired = taken.ok().and_then(|word| unsafe { letter_in(word) });
        }
        let [a, b, c] = self.mailbox().take_left();
        [retired, a, b, c]
    }

    /// Whether the taker has not taken up the last definition yet.
    pub(super) fn is_waiting(&self) -> bool {
        tag(self.mailbox().slot.load(Ordering::Relaxed)) == NEW
    }

    /// Whether the taker is gone.
    pub(super) fn has_taker_ended(&self) -> bool {
        self.mailbox().slot.load(Ordering::Relaxed) == ended()
    }
}

impl<T: Letter> Drop for Giver<T> {
    fn drop(&mut self) {
        // What was collected is dropped last, even when `end` panics.
        let _collected = self.collect();
        // SAFETY: (I24) this side ends once, and does not use the mailbox again.
        unsafe { Mailbox::end(self.mailbox) };
    }
}

#[cfg(all(test, loom))]
mod tests {
    use super::*;
    use loom::cell::UnsafeCell;
    use loom::sync::Arc;
    use loom::sync::atomic::AtomicUsize;
    use loom::thread;

    /// A letter to which each of its owners writes, and which counts its drops.
    struct Definition(NonNull<Content>);

    struct Content {
        number: usize,
        played: UnsafeCell<usize>,
        drops: Arc<[AtomicUsize; 4]>,
    }

    // SAFETY: it owns its content, as a box does.
    unsafe impl Send for Definition {}

    // SAFETY: a box's address is aligned for `usize`.
    unsafe impl Letter for Definition {
        fn into_raw(self) -> NonNull<()> {
            ManuallyDrop::new(self).0.cast()
        }
        unsafe fn from_raw(raw: NonNull<()>) -> Definition {
            Definition(raw.cast())
        }
    }

    impl Definition {
        fn new(number: usize, drops: &Arc<[AtomicUsize; 4]>) -> Definition {
            let drops = Arc::clone(drops);
            let content = Content { number, played: UnsafeCell::new(0), drops };
            Definition(NonNull::from(Box::leak(Box::new(content))))
        }

        fn play(&mut self) -> usize {
            // SAFETY: the content is owned.
            let content = unsafe { self.0.as_ref() };
            // SAFETY: nobody else uses the cell, which loom checks.
            content.played.with_mut(|played| unsafe { *played += 1 });
            content.number
        }
    }

    impl Drop for Definition {
        fn drop(&mut self) {
            self.play();
            // SAFETY: the content was leaked in `new`, and is owned.
            let content = unsafe { Box::from_raw(self.0.as_ptr()) };
            content.drops[content.number].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Explores the interleavings with at most this many preemptions, as all of them would take minutes.
    fn bounded(preemptions: usize, body: impl Fn() + Sync + Send + 'static) {
        let mut model = loom::model::Builder::new();
        // `LOOM_MAX_PREEMPTIONS` allows more.
        model.preemption_bound = model.preemption_bound.or(Some(preemptions));
        model.check(body);
    }

    fn counters() -> Arc<[AtomicUsize; 4]> {
        Arc::new([(); 4].map(|()| AtomicUsize::new(0)))
    }

    fn assert_once_each(drops: &[AtomicUsize; 4], count: usize) {
        let seen = drops.each_ref().map(|drops| drops.load(Ordering::Relaxed));
        assert_eq!(
            seen.map(|seen| seen == 1),
            [0, 1, 2, 3].map(|number| number < count),
            "{seen:?}"
        );
    }

    /// Plays some calls, and looks for a new definition before each.
    fn play(taker: &mut Taker<Definition>, calls: usize) {
        let mut last = 0;
        for _ in 0..calls {
            taker.take_up();
            let number = taker.current().play();
            assert!(number >= last, "an older definition after a newer one");
            last = number;
        }
    }

    /// Defines and collects while another thread plays. Either side may end first, at any point.
    #[test]
    fn each_definition_has_one_owner_and_one_end() {
        bounded(3, || {
            let drops = counters();
            let (mut taker, giver) = mailbox(Definition::new(0, &drops)).unwrap();
            let player = thread::spawn(move || play(&mut taker, 2));
            drop(giver.give(Definition::new(1, &drops)));
            drop(giver.give(Definition::new(2, &drops)));
            drop(giver.collect());
            drop(giver);
            player.join().unwrap();
            assert_once_each(&drops, 3);
        });
    }

    /// One redefinition against a player and its end, in all interleavings.
    #[test]
    fn either_side_may_end_at_any_point() {
        loom::model(|| {
            let drops = counters();
            let (mut taker, giver) = mailbox(Definition::new(0, &drops)).unwrap();
            let player = thread::spawn(move || play(&mut taker, 1));
            drop(giver.give(Definition::new(1, &drops)));
            drop(giver);
            player.join().unwrap();
            assert_once_each(&drops, 2);
        });
    }

    /// What is given while the player runs is what it plays in the end.
    #[test]
    fn the_newest_is_played_in_the_end() {
        loom::model(|| {
            let drops = counters();
            let (mut taker, giver) = mailbox(Definition::new(0, &drops)).unwrap();
            let player = thread::spawn(move || {
                play(&mut taker, 2);
                taker
            });
            drop(giver.give(Definition::new(1, &drops)));
            drop(giver.give(Definition::new(2, &drops)));
            let mut taker = player.join().unwrap();
            taker.take_up();
            assert_eq!(taker.current().play(), 2);
            assert!(!giver.is_waiting() && !giver.has_taker_ended());
            let definition = taker.into_current();
            assert!(giver.has_taker_ended());
            drop(giver);
            drop(definition);
            assert_once_each(&drops, 3);
        });
    }

    /// Two threads define at once, and one of them reclaims.
    #[test]
    fn several_threads_may_give_and_collect() {
        bounded(2, || {
            let drops = counters();
            let (mut taker, giver) = mailbox(Definition::new(0, &drops)).unwrap();
            let giver = Arc::new(giver);
            let others = Arc::clone(&giver);
            let of_other = Arc::clone(&drops);
            let other = thread::spawn(move || {
                drop(others.give(Definition::new(1, &of_other)));
                drop(others.collect());
            });
            let of_third = Arc::clone(&drops);
            let third = thread::spawn(move || {
                drop(giver.give(Definition::new(2, &of_third)));
                drop(giver.collect());
            });
            taker.take_up();
            taker.current().play();
            drop(taker);
            other.join().unwrap();
            third.join().unwrap();
            assert_once_each(&drops, 3);
        });
    }

    /// Fades, of which a second one may begin while the first one's old definition is not collected.
    #[test]
    fn what_is_faded_out_goes_back() {
        bounded(3, || {
            let drops = counters();
            let (mut taker, giver) = mailbox(Definition::new(0, &drops)).unwrap();
            let player = thread::spawn(move || {
                for _ in 0..2 {
                    if taker.begin_fade() {
                        let (current, old) = taker.current_and_fading().unwrap();
                        assert!(current.play() > old.play());
                        taker.end_fade();
                    }
                    taker.send_back();
                    taker.current().play();
                }
                // The taker ends in the middle of a fade, or after one.
                taker.begin_fade();
            });
            drop(giver.give(Definition::new(1, &drops)));
            drop(giver.give(Definition::new(2, &drops)));
            drop(giver.collect());
            drop(giver);
            player.join().unwrap();
            assert_once_each(&drops, 3);
        });
    }
}
