//! Stack memory: what `salloc!` takes for a value and for a type, and that `salloc_with` gives what
//! the stack has, and an error where it has no more.

use memzone::{ZoneError, salloc, salloc_with};
use std::cell::Cell;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::thread;

// ---- salloc!

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Frame {
    left: f32,
    right: f32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Wave {
    Sine,
    Noise(u8),
}

mod lanes {
    /// Named as SIMD types are.
    #[allow(non_camel_case_types)]
    #[derive(Clone, Copy, Debug, Default, PartialEq)]
    pub(crate) struct f32x4([f32; 4]);
}

const SILENCE: f32 = 0.25;
const LEN: usize = 3;

#[test]
fn an_expression_is_the_value_of_each_item() {
    let half = 0.5;
    assert_eq!(salloc![0.5_f32; 4], &mut [0.5; 4]);
    assert_eq!(salloc![-1; 4], &mut [-1; 4]);
    assert_eq!(salloc![half; 2], &mut [0.5; 2]);
    assert_eq!(salloc![SILENCE; 2], &mut [0.25; 2]);
    assert_eq!(salloc![f32::MAX; 2], &mut [f32::MAX; 2]);
    assert_eq!(salloc![std::f32::consts::PI; 2], &mut [std::f32::consts::PI; 2]);
    assert_eq!(salloc![f32::sqrt(4.0); 2], &mut [2.0; 2]);
    assert_eq!(salloc![half as f32 * 2.0; 2], &mut [1.0; 2]);
    assert_eq!(salloc![Frame { left: 1.0, right: 2.0 }; 2][1].right, 2.0);
    assert_eq!(salloc![Wave::Sine; 2], &mut [Wave::Sine; 2]);
    assert_eq!(salloc![Wave::Noise(1); 2], &mut [Wave::Noise(1); 2]);
    assert_eq!(salloc![None::<u8>; 2], &mut [None; 2]);
    assert_eq!(salloc![Option::<u8>::None; 2], &mut [None; 2]);
    assert_eq!(salloc![Some(half); 2], &mut [Some(0.5); 2]);
    assert_eq!(salloc!["la"; 2], &mut ["la"; 2]);
    assert_eq!(salloc![(half, 1); 2], &mut [(0.5, 1); 2]);
    assert_eq!(salloc![[half; 2]; 2], &mut [[0.5; 2]; 2]);
    assert_eq!(salloc![[half]; 2], &mut [[0.5]; 2]);
    assert_eq!(salloc![&half; 2], &mut [&0.5; 2]);
    assert_eq!(salloc![(); 2], &mut [(); 2]);
    assert_eq!(salloc![{ half }; 2], &mut [0.5; 2]);
    assert_eq!(salloc![if half > 0.0 { 1 } else { 2 }; 2], &mut [1; 2]);
    assert_eq!(salloc![const { String::new() }; 2], &mut [const { String::new() }; 2]);
    assert_eq!(salloc![vec![1].len(); 2], &mut [1; 2]);
    assert_eq!(salloc![<f32 as Default>::default(); 2], &mut [0.0; 2]);
}

#[test]
fn a_type_gives_items_of_its_default() {
    assert_eq!(salloc!(f32; 4), &mut [0.0_f32; 4]);
    assert_eq!(salloc!(bool; 4), &mut [false; 4]);
    assert_eq!(salloc!(core::primitive::u8; 4), &mut [0_u8; 4]);
    assert_eq!(salloc!(Frame; 4), &mut [Frame::default(); 4]);
    assert_eq!(salloc!(self::Frame; 4), &mut [Frame::default(); 4]);
    assert_eq!(salloc!(lanes::f32x4; 4), &mut [lanes::f32x4::default(); 4]);
    assert_eq!(salloc!(Option<u8>; 4), &mut [None::<u8>; 4]);
    assert_eq!(salloc!(Option::<u8>; 4), &mut [None::<u8>; 4]);
    assert_eq!(salloc!([f32; 2]; 4), &mut [[0.0_f32; 2]; 4]);
    assert_eq!(salloc!([[f32; 40]; 2]; 4), &mut [[[0.0_f32; 40]; 2]; 4]);
    assert_eq!(salloc!((f32, u8); 4), &mut [(0.0_f32, 0_u8); 4]);
    assert_eq!(salloc!(&str; 4), &mut [""; 4]);
    assert_eq!(salloc!(&'static [f32]; 4), &mut [&[] as &[f32]; 4]);
    assert_eq!(salloc!(&[f32]; 4), &mut [&[] as &[f32]; 4]);
    assert_eq!(salloc!(<f32>; 4), &mut [0.0_f32; 4]);
    assert_eq!(salloc!(<<u8 as ToOwned>::Owned>; 4), &mut [0_u8; 4]);
    assert_eq!(salloc!(<u8 as ToOwned>::Owned; 4), &mut [0_u8; 4]);
}

#[test]
fn types_of_generic_functions() {
    fn of<T: Copy + Default, I: Iterator<Item = T>, const N: usize>(_: I) -> (T, T) {
        (salloc!(T; N)[N - 1], salloc!(I::Item; N)[0])
    }
    assert_eq!(of::<f32, _, 4>([1.0].into_iter()), (0.0, 0.0));
}

#[test]
fn a_length_is_any_constant_expression() {
    const fn twice(len: usize) -> usize {
        2 * len
    }
    assert_eq!(salloc![1; LEN].len(), 3);
    assert_eq!(salloc![1; LEN * 2 + 1].len(), 7);
    assert_eq!(salloc![1; twice(LEN)].len(), 6);
    assert_eq!(salloc![1; size_of::<u64>()].len(), 8);
    assert_eq!(salloc![1; { LEN }].len(), 3);
    assert_eq!(salloc![1; usize::MIN].len(), 0);
    assert_eq!(salloc![1; [1, 2].len()].len(), 2);
    #[allow(non_upper_case_globals)]
    const small: usize = 2;
    assert_eq!(salloc![1; { small }].len(), 2);
}

#[test]
fn lives_as_long_as_its_block() {
    let window: &mut [f32; 64] = salloc![0.5; 64];
    let slice: &mut [f32] = salloc!(f32; 64);
    let (first, second) = (salloc![1_u8; 2], salloc![2_u8; 2]);
    slice.copy_from_slice(window);
    first.swap_with_slice(second);
    assert_eq!((slice[63], first, second), (0.5, &mut [2; 2], &mut [1; 2]));
    salloc![0; 4][1] = 1;
}

#[test]
fn through_other_macros() {
    macro_rules! both {
        ($value:expr, $type:ty, $len:expr) => {
            (salloc![$value; $len], salloc!($type; $len))
        };
    }
    let half = 0.5_f32;
    let (values, defaults) = both!(half, [f32; 2], LEN);
    assert_eq!((values, defaults), (&mut [0.5; 3], &mut [[0.0; 2]; 3]));
}

#[test]
fn destructors_run_at_the_end_of_the_block() {
    struct Count<'a>(&'a Cell<usize>);
    impl Drop for Count<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let count = Cell::new(0);
    {
        let slots = salloc![const { None }; 3];
        slots[1] = Some(Count(&count));
        assert_eq!(count.get(), 0);
    }
    assert_eq!(count.get(), 1);
}

// ---- salloc_with

/// The lengths at the borders of the fill's parts and the frames, and between.
fn lengths_of(bytes: usize) -> impl Iterator<Item = usize> {
    let most = if cfg!(miri) { 1_300 } else { 300_000 };
    let border = [0, 1, 3, 64, 511, 512, 513, 1023, 1024, 1025, 1279, 1280, 1281, 2048, 4095, 4097];
    let larger = [10_000, 65_536, 65_537, 200_000, 262_144];
    let lengths = border.into_iter().chain(larger).map(move |all| all / bytes);
    lengths.filter(move |len| len * bytes <= most)
}

fn check<T: Copy + PartialEq + std::fmt::Debug>(value: T, other: T) {
    for len in lengths_of(size_of::<T>()) {
        let sum = salloc_with(len, value, |slice| {
            assert_eq!(slice.len(), len);
            assert_eq!(slice.as_ptr().addr() % align_of::<T>(), 0);
            assert!(slice.iter().all(|item| *item == value), "{len} of {value:?}");
            slice.fill(other);
            assert!(slice.iter().all(|item| *item == other));
            slice.len()
        });
        assert_eq!(sum, Ok(len));
    }
}

#[test]
fn any_length_of_any_copy_type() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    struct Padded(u8, u64);
    check(1_u8, 2);
    check(0x1234_u16, 1);
    check(0.5_f32, 0.0);
    check([1_u8; 3], [0; 3]);
    check(Padded(1, 2), Padded(3, 4));
    check([7_u64; 40], [8; 40]);
    check([7_u64; 65], [8; 65]);
    check("text", "other");
    check(Some(3_u16), None);
}

#[test]
fn pointers_stay_pointers() {
    let number = 7;
    let sum = salloc_with(1000, &number, |slice| slice.iter().copied().sum::<i32>());
    assert_eq!(sum, Ok(7000));
}

#[test]
fn any_alignment_up_to_a_page() {
    macro_rules! aligned {
        ($($align:literal)*) => {$({
            #[repr(align($align))]
            #[derive(Clone, Copy, Debug, PartialEq)]
            struct Aligned(u8);
            check(Aligned(1), Aligned(2));
        })*};
    }
    aligned!(1 2 16 32 64 128 256 1024 2048 4096);
}

#[test]
fn no_alignment_above_a_page() {
    #[repr(align(8192))]
    #[derive(Clone, Copy)]
    struct Aligned;
    let refused: Result<(), _> = Err(ZoneError::AlignTooLarge { align: 8192 });
    for len in [0, 1, usize::MAX] {
        assert_eq!(salloc_with(len, Aligned, |_| unreachable!()), refused);
    }
}

#[test]
fn no_bytes_are_always_there() {
    #[repr(align(4096))]
    #[derive(Clone, Copy)]
    struct Nothing;
    assert_eq!(salloc_with(0, 1_u8, |slice| slice.len()), Ok(0));
    assert_eq!(salloc_with(usize::MAX, (), |slice| slice.len()), Ok(usize::MAX));
    let address = salloc_with(usize::MAX, Nothing, |slice| slice.as_ptr().addr());
    assert_eq!(address.unwrap() % 4096, 0);
}

#[test]
fn lengths_that_no_stack_has() {
    for len in [usize::MAX, usize::MAX / 2 + 1, usize::MAX / 8 + 2, isize::MAX as usize] {
        for error in [
            salloc_with(len, 0_u8, |_| ()).unwrap_err(),
            salloc_with(len, 0_u64, |_| ()).unwrap_err(),
            salloc_with(len, [0_u8; 3], |_| ()).unwrap_err(),
        ] {
            let ZoneError::TooLarge { requested, available } = error else { panic!("{error}") };
            assert!(requested >= len && available < requested);
            assert!(available > 100 << 10, "{available}");
        }
    }
    let error = salloc_with(1 << 27, 0_u8, |_| ()).unwrap_err();
    assert!(matches!(error, ZoneError::TooLarge { requested: 0x800_0000, .. }));
}

#[test]
fn what_is_refused_drops_the_body_without_a_call() {
    let owned = Rc::new(());
    let copy = Rc::clone(&owned);
    assert!(salloc_with(usize::MAX, 0_u8, move |_| drop(copy)).is_err());
    assert_eq!(Rc::strong_count(&owned), 1);
}

#[test]
fn the_body_returns_what_it_likes() {
    let names = [String::from("a"), String::from("b")];
    let picked: &String = salloc_with(2, 1_usize, |index| &names[index[1]]).unwrap();
    assert_eq!(picked, "b");
    let owned = salloc_with(4, 'x', |slice| slice.iter().collect::<String>()).unwrap();
    assert_eq!(owned, "xxxx");
    let large = salloc_with(4, 1_u8, |slice| [slice[0]; 1000]).unwrap();
    assert_eq!(large, [1; 1000]);
    let nested: Result<Result<u8, String>, _> = salloc_with(1, 1_u8, |_| Err("no".to_string()));
    assert_eq!(nested, Ok(Err("no".to_string())));
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_panic_gives_the_memory_back() {
    let rounds = if cfg!(miri) { 3 } else { 200 };
    for round in 0..rounds {
        let owned = Rc::new(());
        let copy = Rc::clone(&owned);
        // Two hundred of these would not fit one above the other.
        let panic = catch_unwind(AssertUnwindSafe(|| {
            salloc_with(100_000, round, move |slice| {
                let _owned = copy;
                assert_eq!(slice[99_999], round);
                std::panic::resume_unwind(Box::new("over"));
            })
        }));
        assert_eq!(*panic.unwrap_err().downcast::<&str>().unwrap(), "over");
        assert_eq!(Rc::strong_count(&owned), 1);
    }
}

#[test]
fn slices_in_slices() {
    let sum = salloc_with(1000, 1_u32, |outer| {
        let sum = salloc_with(3000, 2_u64, |inner| {
            outer.fill(3);
            inner.iter().sum::<u64>()
        });
        assert!(outer.iter().all(|item| *item == 3));
        sum
    });
    assert_eq!(sum, Ok(Ok(6000)));
}

/// Takes slices of `len` in one another until one is refused, and returns how many there were.
fn descend(len: usize, depth: u8) -> usize {
    let deeper = salloc_with(len, depth, |slice| {
        let deeper = if cfg!(miri) && depth == 3 { 0 } else { descend(len, depth.wrapping_add(1)) };
        assert!(slice.iter().all(|item| *item == depth));
        deeper + 1
    });
    deeper.unwrap_or_else(|error| {
        let ZoneError::TooLarge { requested, available } = error else { panic!("{error}") };
        assert_eq!(requested, len);
        assert!(available < requested);
        at_the_end();
        0
    })
}

/// What `available` says can be had, and there is room for more than a slice then.
fn at_the_end() {
    let error = salloc_with(usize::MAX, 1_u8, |_| ()).unwrap_err();
    let ZoneError::TooLarge { available, .. } = error else { panic!("{error}") };
    let used = salloc_with(available, 1_u8, |slice| {
        let text = format!("{:?}", black_box(&slice[..available.min(3)]));
        let panic = catch_unwind(|| panic!("{text}"));
        assert!(panic.is_err());
        slice.len()
    });
    assert_eq!(used, Ok(available));
}

fn on_thread<R: Send>(stack: usize, test: impl FnOnce() -> R + Send) -> R {
    // Where there are no threads, each test has a fresh program: see `.ci/wasi.mjs`.
    if cfg!(target_family = "wasm") {
        return test();
    }
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(stack).spawn_scoped(scope, test);
        thread.unwrap().join().unwrap()
    })
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads with stacks of their own")]
fn recursion_is_refused_before_the_stack_ends() {
    let stacks = [64 << 10, 96 << 10, 128 << 10, 256 << 10, 2 << 20, 20 << 20];
    let lens = [1, 1024, 5000, 40_000, 400_000];
    for &stack in &stacks[..if cfg!(miri) { 1 } else { 6 }] {
        for &len in &lens[..if cfg!(miri) { 2 } else { 5 }] {
            let depth = on_thread(stack, || descend(len, 0));
            // Up to half is reserve, the thread's own, and what is lost to a frame of the next size;
            // there are the test's own frames too. (There may be more than asked for: glibc uses
            // the stacks of ended threads again.)
            let least = (stack / 2 - (24 << 10)) / (len + len / 4 + 4096);
            assert!(cfg!(miri) || depth >= least, "{depth} of {len} on {stack}");
        }
    }
}

#[test]
#[cfg_attr(miri, ignore = "has no stack")]
#[cfg_attr(target_family = "wasm", ignore = "needs threads with stacks of their own")]
fn a_thread_of_64_kib_has_room_for_blocks_of_audio() {
    let available = on_thread(64 << 10, || {
        let error = salloc_with(1 << 20, 0_u8, |_| ()).unwrap_err();
        let ZoneError::TooLarge { requested, available } = error else { panic!("{error}") };
        assert_eq!(requested, 1 << 20);
        at_the_end();
        assert_eq!(salloc_with(2048, 0.5_f32, |slice| slice.len()), Ok(2048));
        available
    });
    assert!(available >= 16 << 10, "{available}");
}

#[test]
#[cfg_attr(miri, ignore = "has no stack")]
#[cfg_attr(target_family = "wasm", ignore = "needs threads with stacks of their own")]
fn a_large_thread_gives_large_slices() {
    let stack = 80 << 20;
    let len = on_thread(stack, || salloc_with(64 << 20, 1_u8, |slice| slice.len()));
    assert_eq!(len, Ok(64 << 20));
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads with stacks of their own")]
fn threads_do_not_share_their_limits() {
    let large = on_thread(8 << 20, || {
        let small = on_thread(64 << 10, || salloc_with(1 << 20, 1_u8, |_| ()));
        (small, salloc_with(1 << 20, 1_u8, |slice| slice.len()))
    });
    if !cfg!(miri) {
        assert!(matches!(large.0, Err(ZoneError::TooLarge { .. })));
    }
    assert_eq!(large.1, Ok(1 << 20));
}

#[test]
fn in_a_thread_locals_destructor() {
    struct Late;
    impl Drop for Late {
        fn drop(&mut self) {
            assert_eq!(salloc_with(1000, 1_u8, |slice| slice.len()), Ok(1000));
            assert!(salloc_with(usize::MAX, 1_u8, |_| ()).is_err());
        }
    }
    thread_local!(static LATE: Late = const { Late });
    on_thread(256 << 10, || LATE.with(|_| ()));
}
