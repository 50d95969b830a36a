//! Every form that the four macros take.
#![forbid(unsafe_code)]
#![deny(warnings)]

use memzone::{Zone, ZoneError, beginz, letz, try_beginz, try_letz};

fn main() -> Result<(), ZoneError> {
    let outer = Zone::new(1024);
    let to = &outer;
    let bytes = 4096;

    // BODY: an expression, statements, a block.
    assert_eq!(beginz!(64), 64);
    assert_eq!(beginz!(bytes + 1), 4097);
    assert_eq!(beginz!({ 64 }), 64);
    assert_eq!(beginz!({ 1 }.max(2)), 2);
    beginz!({});
    beginz!(bytes, {});
    assert_eq!(beginz!(1, bytes), 4096);
    assert_eq!(beginz!(let one = 1; one + 1), 2);

    // NAME and OUTER.
    assert_eq!(beginz!(z => z.used()), 0);
    assert_eq!(beginz!(_ => 1), 1);
    assert_eq!(beginz!(64, z => { z.used() }), 0);
    assert_eq!(beginz!(bytes, z => z.used()), 0);
    assert_eq!(beginz!(64 * 1024, z => z.used()), 0);
    assert_eq!(*beginz!(z in to => z.alloc(1)), 1);
    assert_eq!(*beginz!(z in &outer => z.alloc(1)), 1);
    assert_eq!(*beginz!(_ in to => &1), 1);
    assert_eq!(*beginz!(64, z in { let to = &outer; to } => z.alloc(1)), 1);
    assert_eq!(*beginz!(64, z in [to, to][1] => { z.alloc(1) }), 1);

    // A `match` and a closure in the places where `=>` and `,` could mislead.
    assert_eq!(beginz!(match 1 { n => n }, z => match z.used() { 0 => 1, _ => 2 }), 1);
    assert_eq!(beginz!((|a: usize, b| a + b)(1, 2), z => z.used()), 0);

    assert_eq!(try_beginz!(64), Ok(64));
    assert_eq!(try_beginz!({ 64_u8 })?, 64);
    assert_eq!(try_beginz!(z => z.used())?, 0);
    assert_eq!(try_beginz!(64, z => z.used())?, 0);
    assert_eq!(*try_beginz!(z in to => z.alloc(1))?, 1);
    assert_eq!(*try_beginz!(64, z in &outer => z.alloc(1))?, 1);

    // Bindings: values, slices, annotations, `mut`, a comma at the end.
    let n = 8;
    assert_eq!(letz!(a = 1 => *a), 1);
    assert_eq!(letz!(a = 1, => *a), 1);
    assert_eq!(letz!(a = [0.5; n] => a.len()), 8);
    assert_eq!(letz!(a = [1, 2, 3], b = a.len() => a[0] + *b), 4);
    assert_eq!(letz!(_a: u8 = 1, b: [f32] = [0.5; 4], c: [u8; 2] = [1; 2] => b.len() + c.len()), 6);
    assert_eq!(letz!(a: [u8] = [1, 2] => { a.len() }), 2);
    assert_eq!(letz!(mut a = [1, 2, 3] => { a = &mut a[1..]; a.len() }), 2);
    assert_eq!(letz!(mut a: [i32] = [1, 2, 3] => { a = &mut a[2..]; a[0] }), 3);
    letz!(a = 1 => { *a += 1; });

    // Channels, and alignments.
    let [channels, frames] = [2, 10];
    assert_eq!(letz!(a: [[u8]] = [[1; frames]; channels] => a.iter().map(|c| c.len()).sum::<usize>()), 20);
    assert_eq!(letz!(#[align(64)] a: [[f32]] = [[0.0; 3]; 2] => a[1].as_ptr().addr() % 64), 0);
    assert_eq!(letz!(#[align(64)] a = [0.0_f32; 3] => a.as_ptr().addr() % 64), 0);
    const LINE: usize = 128;
    assert_eq!(letz!(_b = 1_u8, #[align(LINE)] mut a: [u8] = [0; 3] => { a = &mut a[..]; a.as_ptr().addr() % 128 }), 0);
    assert_eq!(letz!(64, #[align(64)] a = [0_u8; 3] => a.len()), 3);
    assert_eq!(try_letz!(#[align(64)] a: [[u8]] = [[0; 3]; 2], b: [[u8]] = [[0; 1]; 3] => a.len() + b.len())?, 5);

    // The head.
    assert_eq!(letz!(64, a = 1 => *a), 1);
    assert_eq!(letz!(bytes, a = 1 => *a), 1);
    assert_eq!(letz!(z; a = 1 => z.used() + *a), 9);
    assert_eq!(letz!(64, z; a = 1 => z.used() + *a), 9);
    assert_eq!(*letz!(_ in to; a = 1 => a), 1);
    assert_eq!(*letz!(z in &outer; a = 1 => { *a += z.used(); a }), 9);
    assert_eq!(*letz!(64, _ in to; a = 1, b = 2 => { *a += *b; a }), 3);

    assert_eq!(try_letz!(a = 1 => *a), Ok(1));
    assert_eq!(try_letz!(64, _a = [1; n], mut b: u8 = 2 => { b = &mut *b; *b })?, 2);
    assert_eq!(try_letz!(z; a = 1 => z.used() + *a)?, 9);
    assert_eq!(*try_letz!(64, _ in to; a = [1, 2], => &mut a[1])?, 2);
    Ok(())
}
