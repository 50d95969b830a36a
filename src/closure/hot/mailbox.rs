//! What the two sides of a hot closure share: the newest definition on its way there, or the retired
//! one on its way back.
//!
//! One word, the slot, holds one of four:
//!
//! ```text
//! empty         nothing is on its way
//! NEW(p)        put there by the giver, until the taker takes it up
//! RETIRED(p)    put there by the taker as it took up another, until the giver collects it
//! ENDED         the taker is gone, and looks no more
//! ```
//!
//! Who exchanges the word owns what came out, and nobody looks into what a slot holds, so there is no
//! ABA problem. The taker's side is one swap. It swaps only where it has seen NEW, and nobody but the
//! taker removes NEW other than by putting a newer one; so it always gets one, and at most one retired
//! definition is ever on its way back. The giver destroys whatever comes out.
//!
//! With a fade there is nothing to send back yet at a take-up, so NEW is swapped for empty. What was
//! faded out goes back where the slot is empty again, or in the next swap; until then the taker holds
//! it as spent. (The one before it may still be in the slot.)
//!
//! A taker that ends leaves what it still has in `left`, for the giver to collect. Who ends second
//! frees the mailbox, with all that is in it.

use crate::closure::zone_fn::ZoneFn;
use crate::error::ZoneError;
use crate::heap::{Heap, System};
use core::alloc::Layout;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::{NonNull, null_mut};

#[cfg(loom)]
use loom::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering};

/// What can lie in a mailbox: an owner that is one pointer.
///
/// # Safety
///
/// The address is a multiple of 4, and `from_raw` is the opposite of `into_raw`.
pub(super) unsafe trait Letter: Sized {
    fn into_raw(self) -> NonNull<()>;
    /// # Safety
    ///
    /// Once for each `into_raw`, on a thread that may have the letter.
    unsafe fn from_raw(raw: NonNull<()>) -> Self;
}

// SAFETY: (I23) see `ZoneFn::into_raw`; a closure's node begins with pointers.
unsafe impl<A, R, S: ?Sized> Letter for ZoneFn<A, R, S> {
    fn into_raw(self) -> NonNull<()> {
        ZoneFn::into_raw(self)
    }
    unsafe fn from_raw(raw: NonNull<()>) -> Self {
        // SAFETY: (I23) the caller's promise.
        unsafe { ZoneFn::from_raw(raw) }
    }
}

/// The slot's lowest bits.
const TAG: usize = 3;
const RETIRED: usize = 1;
const NEW: usize = 2;

/// The slot when the taker is gone.
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
    /// What the taker left when it ended: what it played, what it was fading out or had spent, and
    /// what was in the slot.
    left: [AtomicPtr<()>; 3],
    one_ended: AtomicBool,
    owns: PhantomData<T>,
}

/// The letter in a word that was exchanged for another.
///
/// # Safety
///
/// I23: the word came out of a slot of a mailbox for `T`, and the caller has it alone.
unsafe fn open<T: Letter>(word: *mut ()) -> Option<T> {
    let letter = NonNull::new(word.map_addr(|address| address & !TAG))?;
    // SAFETY: (I23) what is in a slot was put there by `into_raw`; the caller's promise.
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
        // SAFETY: (I24) memory just taken for it.
        unsafe { place.write(mailbox) };
        Ok(place)
    }

    /// One side is gone. The second one frees the mailbox.
    ///
    /// # Safety
    ///
    /// I24: once for each side, which does not use the mailbox any more.
    unsafe fn end(mailbox: NonNull<Mailbox<T>>) {
        // SAFETY: (I24) freed only below, by the second one.
        let this = unsafe { mailbox.as_ref() };
        // Release: all that this side did comes before the end. Acquire: so does the other's.
        if this.one_ended.swap(true, Ordering::AcqRel) {
            /// Freed also where a definition's destructor panics; put aside in a real-time section.
            struct Free<T: Letter>(NonNull<Mailbox<T>>);
            impl<T: Letter> Drop for Free<T> {
                fn drop(&mut self) {
                    let layout = Layout::new::<Mailbox<T>>();
                    // SAFETY: (I24) taken with this layout in `make`, and both sides are gone.
                    unsafe { System::give_back(&(), self.0.cast(), layout) };
                }
            }
            let free = Free(mailbox);
            // SAFETY: (I24) written in `make`, and both sides are gone.
            unsafe { free.0.drop_in_place() };
        }
    }

    /// Takes what the taker left.
    fn take_left(&self) -> [Option<T>; 3] {
        self.left.each_ref().map(|left| {
            // Acquire: the letter as its last owner left it.
            let word = left.swap(null_mut(), Ordering::Acquire);
            // SAFETY: (I23) exchanged just now.
            unsafe { open(word) }
        })
    }
}

impl<T: Letter> Drop for Mailbox<T> {
    fn drop(&mut self) {
        // Relaxed: `end` has ordered all.
        let word = self.slot.swap(null_mut(), Ordering::Relaxed);
        // SAFETY: (I23) exchanged just now.
        let waiting: Option<T> = unsafe { open(word) };
        // An array, so that a destructor that panics does not keep the others from running.
        drop((waiting, self.take_left()));
    }
}

/// The side that plays: it has a definition, and takes up newer ones.
pub(super) struct Taker<T: Letter> {
    mailbox: NonNull<Mailbox<T>>,
    current: ManuallyDrop<T>,
    /// The one before, as long as it is faded out.
    fading: Option<T>,
    /// One that was faded out and found no empty slot. Never there while another one is fading.
    spent: Option<T>,
}

/// The side that defines. All its threads may use it at once.
pub(super) struct Giver<T: Letter> {
    mailbox: NonNull<Mailbox<T>>,
    /// Letters are put in through it, for a taker whose type stays as it was. So it must not become
    /// a giver of another type (I25).
    puts_in: PhantomData<fn(T) -> T>,
}

// SAFETY: (I23, I24) what both sides share are atomics; letters go from side to side.
unsafe impl<T: Letter + Send> Send for Taker<T> {}
// SAFETY: (I23, I24) as above.
unsafe impl<T: Letter + Send> Send for Giver<T> {}
// SAFETY: (I23, I24) as above. Through a shared giver letters are put in and taken out, by value.
unsafe impl<T: Letter + Send> Sync for Giver<T> {}

/// The two sides of a new mailbox. Where there is no memory for it, the letter is dropped.
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

    /// Whether a newer definition is there.
    #[inline(always)]
    pub(super) fn has_new(&self) -> bool {
        // Relaxed: nothing is read through it. ENDED has the bit too, but is this side's own doing.
        self.mailbox().slot.load(Ordering::Relaxed).addr() & NEW != 0
    }

    #[inline(always)]
    pub(super) fn current(&mut self) -> &mut T {
        &mut self.current
    }

    /// The current definition, and the one that is faded out.
    #[inline(always)]
    pub(super) fn both(&mut self) -> Option<(&mut T, &mut T)> {
        self.fading.as_mut().map(|fading| (&mut *self.current, fading))
    }

    #[inline(always)]
    pub(super) fn is_fading(&self) -> bool {
        self.fading.is_some()
    }

    /// Swaps a retired definition, or none, for what is new in the slot, where that was seen.
    fn exchange(&mut self, back: Option<T>) -> T {
        let back = back.map_or(null_mut(), |back| tagged(back.into_raw(), RETIRED));
        // Acquire: the definition as it was built. Release: the retired one as it was left.
        let word = self.mailbox().slot.swap(back, Ordering::AcqRel);
        // SAFETY: (I23) exchanged just now.
        match unsafe { open(word) } {
            Some(new) => new,
            // What was seen is replaced by newer ones only. Unwinding would drop what was sent.
            None => std::process::abort(),
        }
    }

    /// Takes up what is new and sends the current one back. False: nothing is new, or the one before
    /// is still fading.
    pub(super) fn take_up(&mut self) -> bool {
        if !self.has_new() || self.is_fading() {
            return false;
        }
        if self.spent.is_some() {
            self.begin_fade();
            self.end_fade();
            return true;
        }
        // SAFETY: (I23) it is in the slot from here on, and written over before anything can panic.
        let old = unsafe { ManuallyDrop::take(&mut self.current) };
        self.current = ManuallyDrop::new(self.exchange(Some(old)));
        true
    }

    /// Takes up what is new and keeps the one before for a fade. False: as for `take_up`.
    pub(super) fn begin_fade(&mut self) -> bool {
        if !self.has_new() || self.is_fading() {
            return false;
        }
        let spent = self.spent.take();
        let new = self.exchange(spent);
        self.fading = Some(core::mem::replace(&mut *self.current, new));
        true
    }

    /// Sends back the one that was faded out.
    pub(super) fn end_fade(&mut self) {
        self.spent = self.fading.take().or(self.spent.take());
        self.send_back();
    }

    /// Sends back what is spent, if the slot is empty.
    #[inline]
    pub(super) fn send_back(&mut self) {
        let Some(spent) = self.spent.take() else { return };
        let spent = spent.into_raw();
        // Release: the retired one as it was left.
        let sent = self.mailbox().slot.compare_exchange(
            null_mut(),
            tagged(spent, RETIRED),
            Ordering::Release,
            Ordering::Relaxed,
        );
        if sent.is_err() {
            // SAFETY: (I23) not put anywhere.
            self.spent = Some(unsafe { T::from_raw(spent) });
        }
    }

    /// Ends this side, but for the current definition.
    pub(super) fn into_current(self) -> T {
        let mut this = ManuallyDrop::new(self);
        // SAFETY: (I23) `this` is not used again but for `end`, which does not touch it.
        let current = unsafe { ManuallyDrop::take(&mut this.current) };
        this.end(None);
        current
    }

    /// Leaves everything to the giver, or frees it where that has ended.
    fn end(&mut self, current: Option<T>) {
        // Acquire: what may be in there is passed on, as it is.
        let waiting = self.mailbox().slot.swap(ended(), Ordering::AcqRel);
        let waiting = waiting.map_addr(|address| address & !TAG);
        let raw = |letter: Option<T>| letter.map_or(null_mut(), |it| it.into_raw().as_ptr());
        let held = self.fading.take().or(self.spent.take());
        let leave = [raw(current), raw(held), waiting];
        for (place, letter) in self.mailbox().left.iter().zip(leave) {
            // Release: the letter as this side leaves it. A swap and not a store, which loom would take
            // for unordered with the giver's swaps.
            place.swap(letter, Ordering::Release);
        }
        // SAFETY: (I24) called once, from `drop` or `into_current`.
        unsafe { Mailbox::end(self.mailbox) };
    }
}

impl<T: Letter> Drop for Taker<T> {
    fn drop(&mut self) {
        // SAFETY: (I23) not used again.
        let current = unsafe { ManuallyDrop::take(&mut self.current) };
        self.end(Some(current));
    }
}

impl<T: Letter> Giver<T> {
    fn mailbox(&self) -> &Mailbox<T> {
        // SAFETY: (I24) this side has not ended.
        unsafe { self.mailbox.as_ref() }
    }

    /// Puts a definition there, in place of one that has not been taken up. What comes out is to be
    /// dropped: that one, a retired one, or the new one itself where the taker has ended.
    pub(super) fn give(&self, letter: T) -> Option<T> {
        let slot = &self.mailbox().slot;
        let letter = letter.into_raw();
        // Relaxed: nothing is read through what is loaded here.
        let mut seen = slot.load(Ordering::Relaxed);
        loop {
            if seen == ended() {
                // SAFETY: (I23) not put anywhere.
                return Some(unsafe { T::from_raw(letter) });
            }
            // Release: the definition as it was built. Acquire: what comes out as it was left.
            let given = slot.compare_exchange_weak(
                seen,
                tagged(letter, NEW),
                Ordering::AcqRel,
                Ordering::Relaxed,
            );
            match given {
                // SAFETY: (I23) exchanged just now.
                Ok(word) => return unsafe { open(word) },
                Err(now) => seen = now,
            }
        }
    }

    /// Takes the retired one, and what an ended taker left.
    pub(super) fn collect(&self) -> [Option<T>; 4] {
        let slot = &self.mailbox().slot;
        let seen = slot.load(Ordering::Relaxed);
        let mut retired = None;
        if tag(seen) == RETIRED {
            // Where it fails another thread has it, which destroys it.
            // Acquire: the retired one as it was left.
            let taken =
                slot.compare_exchange(seen, null_mut(), Ordering::Acquire, Ordering::Relaxed);
            // SAFETY: (I23) exchanged just now.
            retired = taken.ok().and_then(|word| unsafe { open(word) });
        }
        let [a, b, c] = self.mailbox().take_left();
        [retired, a, b, c]
    }

    /// Whether the last definition has yet to be taken up.
    pub(super) fn is_waiting(&self) -> bool {
        tag(self.mailbox().slot.load(Ordering::Relaxed)) == NEW
    }

    /// Whether the taker is gone.
    pub(super) fn is_alone(&self) -> bool {
        self.mailbox().slot.load(Ordering::Relaxed) == ended()
    }
}

impl<T: Letter> Drop for Giver<T> {
    fn drop(&mut self) {
        // Dropped last, also where `end` panics.
        let _collected = self.collect();
        // SAFETY: (I24) once, and not used again.
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

    /// A letter that is written to by whoever has it, and counts its drops.
    struct Definition(NonNull<Content>);

    struct Content {
        number: usize,
        played: UnsafeCell<usize>,
        drops: Arc<[AtomicUsize; 4]>,
    }

    // SAFETY: an owner, as a box.
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
            // SAFETY: owned.
            let content = unsafe { self.0.as_ref() };
            // SAFETY: loom finds out if not.
            content.played.with_mut(|played| unsafe { *played += 1 });
            content.number
        }
    }

    impl Drop for Definition {
        fn drop(&mut self) {
            self.play();
            // SAFETY: leaked in `new`, and owned.
            let content = unsafe { Box::from_raw(self.0.as_ptr()) };
            content.drops[content.number].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Explores what so many preemptions lead to: all interleavings take minutes.
    fn bounded(preemptions: usize, body: impl Fn() + Sync + Send + 'static) {
        let mut model = loom::model::Builder::new();
        // More with `LOOM_MAX_PREEMPTIONS`.
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

    /// Plays some calls, each looking for something new.
    fn play(taker: &mut Taker<Definition>, calls: usize) {
        let mut last = 0;
        for _ in 0..calls {
            taker.take_up();
            let number = taker.current().play();
            assert!(number >= last, "an older definition after a newer one");
            last = number;
        }
    }

    /// Rebinding against calls and reclaiming; either side may end first, at any point.
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
            assert!(!giver.is_waiting() && !giver.is_alone());
            let definition = taker.into_current();
            assert!(giver.is_alone());
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
                        let (current, old) = taker.both().unwrap();
                        assert!(current.play() > old.play());
                        taker.end_fade();
                    }
                    taker.send_back();
                    taker.current().play();
                }
                // Ends in the middle of a fade, or after one.
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
