//! `beginz!`, `letz!` and their `try_` twins: the grammar, control flow, and what leaves a scope.

use memzone::{
    DeepCopy, Keep, ZBox, Zone, ZoneError, beginz, letz, peek_zone, try_beginz, try_letz,
    zone_depth,
};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn beginz_in_all_its_forms() {
    let outer = Zone::new(4096);
    let bytes = 10_000;
    assert_eq!(beginz!(5), 5);
    assert_eq!(beginz!({ 5 }), 5);
    assert_eq!(beginz!(1 + 4), 5);
    assert_eq!(beginz!(let a = 2; a + 3), 5, "and may be several statements");
    assert_eq!(beginz!(64, { 5 }), 5);
    assert_eq!(beginz!(bytes, 5), 5);
    assert_eq!(beginz!(bytes * 2 + 1, 5), 5);
    assert_eq!(beginz!(z => *z.alloc(5)), 5);
    assert_eq!(beginz!(_ => 5), 5);
    assert_eq!(beginz!(64, z => *z.alloc(5)), 5);
    assert_eq!(*beginz!(z in &outer => z.alloc(5)), 5);
    assert_eq!(*beginz!(64, z in &outer => { z.alloc(5) }), 5);
    assert_eq!(*beginz!(bytes, z in outer.clone_ref() => z.alloc(5)), 5);
    assert_eq!(beginz!(_ in &outer => "five").len(), 4);
    let () = beginz!({});
    let () = beginz!(z => { z.alloc(1); });
    assert_eq!(try_beginz!(64, z in &outer => z.alloc(5)), Ok(&mut 5));
    assert_eq!(try_beginz!(5), Ok(5));
    assert_eq!(try_beginz!(z => { z.used() }), Ok(0));
}

/// An expression of type `&Zone` that is more than a name.
trait CloneRef {
    fn clone_ref(&self) -> &Self;
}

impl CloneRef for Zone {
    fn clone_ref(&self) -> &Zone {
        self
    }
}

#[test]
fn letz_in_all_its_forms() {
    let outer = Zone::new(4096);
    let n = 3;
    assert_eq!(letz!(a = [1, 2, 3] => a.len()), 3);
    assert_eq!(letz!(a = [7; n] => { a.len() }), 3, "of a length known at run time");
    assert_eq!(letz!(a = [7; n], b = 1, => a[2] + *b), 8, "with a comma at the end");
    assert_eq!(letz!(4096, a = 1 => *a), 1);
    assert_eq!(letz!(n * 1000, a = [0_u8; n * 1000] => a.len()), 3000);
    assert_eq!(letz!(z; a = 1 => { *a + *z.alloc(2) }), 3);
    assert_eq!(letz!(64, z; a = 1 => *a + *z.alloc(2)), 3);
    assert_eq!(*letz!(z in &outer; a = 1 => { *a += 1; z.alloc(*a) }), 2);
    assert_eq!(*letz!(64, _ in &outer; a = 1 => a), 1);
    assert_eq!(
        letz!(a: u8 = 200, b: [u16] = [1; n], c: [u8; 2] = [3; 2] => {
            let (_, _, _): (&mut u8, &mut [u16], &mut [u8; 2]) = (&mut *a, &mut *b, &mut *c);
            u32::from(*a) + u32::from(b[2]) + u32::from(c[1])
        }),
        204
    );
    let next = letz!(a = [1.5_f32; 4], sum = a.iter().sum::<f32>() => *sum);
    assert_eq!(next, 6.0, "each binding sees those before it");
    let shadowed = letz!(a = 1, a = *a + 1 => *a);
    assert_eq!(shadowed, 2);
    let rebound = letz!(mut a = [1, 2], b = [3, 4] => { a[0] = 5; a = b; a[0] });
    assert_eq!(rebound, 3);
    assert_eq!(letz!(empty: [u8] = [] => empty.len()), 0);
    assert_eq!(try_letz!(a = [1; n], b = 2 => a[0] + *b), Ok(3));
    assert_eq!(try_letz!(64, z in &outer; a = 5 => { z.alloc(1); a }), Ok(&mut 5));
}

#[test]
fn lists_become_slices_as_with_vec() {
    let n = 5;
    letz!(a = [1_u8; n], b = [1_u8, 2, 3], c = (1_u8, [2_u8; 3]), d = [[0_f32; 2]; n] => {
        let (a, b): (&mut [u8], &mut [u8]) = (a, b);
        let (c, d): (&mut (u8, [u8; 3]), &mut [[f32; 2]]) = (c, d);
        assert_eq!((a, b), (&mut [1; 5][..], &mut [1, 2, 3][..]));
        assert_eq!((c, d), (&mut (1, [2; 3]), &mut [[0.0; 2]; 5][..]));
    });
}

#[test]
fn a_scope_runs_its_expressions_once_and_in_order() {
    let order = Cell::new(0);
    let next = |expected: usize| {
        assert_eq!(order.get(), expected);
        order.set(expected + 1);
        expected
    };
    let outer = Zone::new(64);
    let zone = |expected| {
        next(expected);
        &outer
    };
    let depth = zone_depth();
    letz!(next(0), z in zone(1); a = [next(2); next(3) - 1], b = next(4) => {
        assert_eq!(zone_depth(), depth + 1);
        assert_eq!((a.len(), *b, z.used()), (2, 4, size_of::<[usize; 2]>() + 8));
        next(5);
    });
    assert_eq!(order.get(), 6);
}

#[test]
fn the_names_of_the_user_are_not_captured() {
    let (scope, value, error, place, bytes, zone, outer) = (1, 2, 3, 4, 5, 6, 7);
    let sum = letz!(8, a = 9 => scope + value + error + place + bytes + zone + outer + *a);
    assert_eq!(sum, 37);
    let outer = Zone::new(64);
    let copied = beginz!(outer in &outer => { outer.alloc(scope) });
    assert_eq!(*copied, 1);
    assert_eq!(try_beginz!(bytes, value => { value.used() + error }), Ok(3));
}

#[test]
fn the_body_is_a_block_so_control_flow_passes_through_it() {
    fn half(text: &str) -> Result<i32, std::num::ParseIntError> {
        let number: i32 = beginz!(z => { z.alloc_str(text).parse::<i32>()? });
        Ok(number / 2)
    }
    fn first_negative(numbers: &[i32]) -> Option<i32> {
        for &number in numbers {
            letz!(copy = [number; 4] => {
                if copy[3] == 0 {
                    continue;
                }
                if copy[3] < -100 {
                    break;
                }
                if copy[3] < 0 {
                    return Some(copy[3]);
                }
            });
        }
        None
    }
    let depth = zone_depth();
    assert_eq!(half("84"), Ok(42));
    assert!(half("x").is_err());
    assert_eq!(first_negative(&[1, 0, 3, -4, 5]), Some(-4));
    assert_eq!(first_negative(&[1, -400, -4]), None);
    let found = 'outer: loop {
        letz!(a = 1 => {
            beginz!({ if *a == 1 { break 'outer *a } });
        })
    };
    assert_eq!(found, 1);
    assert_eq!(zone_depth(), depth, "each way out ends the scope");
    assert_eq!(beginz!(z => { (z.used(), z.handles()) }), (0, 1), "and rewinds its zone");
}

#[test]
fn a_body_may_end_in_return() {
    fn always() -> u8 {
        beginz!({ return 3 })
    }
    assert_eq!(always(), 3);
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_panic_ends_the_scopes_that_it_leaves() {
    let depth = zone_depth();
    let outer = Zone::new(64);
    let result = catch_unwind(AssertUnwindSafe(|| {
        beginz!(z => {
            z.alloc(1);
            letz!(y in &outer; a = 1 => {
                outer.alloc(5);
                if *a == 1 { panic!("in the body") }
                y.alloc(*a)
            });
        });
    }));
    assert!(result.is_err());
    assert_eq!(zone_depth(), depth);
    assert_eq!(outer.handles(), 1);
    assert_eq!(beginz!(z => { z.used() }), 0);
}

#[test]
fn a_scope_starts_empty_and_is_the_current_zone() {
    for _ in 0..3 {
        beginz!(z => {
            assert_eq!((z.used(), z.handles(), z.name()), (0, 1, None));
            let boxed = ZBox::new(1_u8);
            assert!(z.contains(&*boxed));
            assert_eq!(z.used(), 8);
        });
    }
}

#[test]
fn without_in_the_value_goes_to_the_enclosing_zone() {
    let below = Zone::new(1024);
    below.enter(|| {
        let value = beginz!({ beginz!({ ZBox::new([1_u8; 40]) }) });
        assert!(below.contains(value.as_ptr()));
        let text: String = beginz!({ String::from("moved") });
        assert_eq!(text, "moved");
        assert_eq!(below.used(), 40);
    });
    let value = beginz!({ ZBox::new(2) });
    assert!(peek_zone().contains(&*value), "the default zone where there is none");
}

#[test]
fn with_in_the_value_may_borrow_from_the_zone_that_is_named() {
    #[derive(DeepCopy)]
    struct Peaks<'z> {
        highest: f32,
        at: &'z [usize],
        label: Option<&'z str>,
    }
    fn peaks<'o>(samples: &[f32], outer: &'o Zone) -> Peaks<'o> {
        letz!(z in outer; highest = f32::MIN => {
            for &sample in samples {
                *highest = highest.max(sample);
            }
            let is_peak = |&n: &usize| samples[n] == *highest;
            let at = z.alloc_iter((0..samples.len()).filter(is_peak));
            Peaks { highest: *highest, at, label: Some(memzone::zformat!(z, "{} peaks", at.len())) }
        })
    }
    let outer = Zone::new(4096);
    let found = peaks(&[0.5, 1.0, 0.25, 1.0], &outer);
    beginz!(z => { z.alloc_slice(2000, 0xFF_u8); });
    assert_eq!((found.highest, found.at, found.label), (1.0, &[1, 3][..], Some("2 peaks")));
    assert!(outer.contains(found.at.as_ptr()));
    assert!(outer.contains(found.label.unwrap().as_ptr()));
}

#[test]
fn a_value_may_leave_to_any_zone_that_lives_long_enough() {
    let far = Zone::new(256);
    let near = Zone::new(256);
    let value = beginz!(a in &far => {
        let inner = beginz!(b in a => { b.alloc(5_u32) });
        let beside = beginz!(b in &near => { b.alloc(6_u32) });
        a.alloc(*inner + *beside)
    });
    assert_eq!(*value, 11);
    assert!(far.contains(value) && near.used() == 8);
}

#[test]
fn a_scope_may_copy_into_its_own_enclosing_scope() {
    let total = beginz!(outer => {
        let rows = outer.alloc_slice_with(3, |row| {
            let squares: &mut [u32] = letz!(_ in outer; a = [row as u32; 4] => {
                for (n, value) in a.iter_mut().enumerate() { *value += n as u32 }
                a
            });
            &*squares
        });
        rows.iter().map(|row| row.iter().sum::<u32>()).sum::<u32>()
    });
    assert_eq!(total, 6 + 10 + 14);
}

#[test]
fn a_reference_to_outside_is_copied_too_unless_kept() {
    let outer = Zone::new(256);
    let number = 5;
    let copied = beginz!(_ in &outer => &number);
    assert!(outer.contains(copied) && *copied == 5);
    let Keep(kept) = beginz!(_ in &outer => Keep(&number));
    assert!(std::ptr::eq(kept, &number));
}

#[test]
fn a_try_scope_reports_what_went_wrong_and_ends() {
    let depth = zone_depth();
    let small = Zone::builder().capacity(64).fixed().build();
    let full = ZoneError::LimitReached { requested: 100, limit: 64, used: 0 };
    assert_eq!(try_beginz!(z in &small => z.alloc_slice(100, 1_u8)).unwrap_err(), full);
    assert_eq!(try_letz!(_ in &small; a = [1_u8; 100] => a).unwrap_err(), full);
    assert!(matches!(try_beginz!(usize::MAX, 1), Err(ZoneError::TooLarge { .. })));
    assert!(matches!(try_letz!(usize::MAX, a = 1 => *a), Err(ZoneError::TooLarge { .. })));
    let too_long = try_letz!(a = 1, b = [0_u64; usize::MAX] => { *a + b.len() });
    assert!(matches!(too_long, Err(ZoneError::TooLarge { .. })));
    assert_eq!((zone_depth(), small.used(), small.handles()), (depth, 0, 1));
    assert_eq!(try_beginz!(z in &small => z.alloc_slice(64, 1_u8)).unwrap().len(), 64);
}

#[test]
#[cfg_attr(panic = "abort", ignore = "needs unwinding")]
fn a_plain_scope_panics_where_its_twin_errs() {
    let message = |run: &dyn Fn()| {
        let payload = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
        payload.downcast::<String>().map_or_else(|_| String::new(), |text| *text)
    };
    let depth = zone_depth();
    let small = Zone::builder().capacity(64).fixed().build();
    let text = message(&|| {
        beginz!(z in &small => z.alloc_slice(100, 1_u8));
    });
    assert!(text.starts_with("memzone: limit reached: 100 bytes requested"), "{text}");
    let text = message(&|| beginz!(usize::MAX, {}));
    assert!(text.starts_with("memzone: too large"), "{text}");
    let text = message(&|| letz!(a = [0_u64; usize::MAX] => { a[0] = 1; }));
    assert!(text.starts_with("memzone: too large"), "{text}");
    assert_eq!(zone_depth(), depth);
}

#[test]
fn a_scope_of_no_bytes_grows_when_it_is_used() {
    assert_eq!(beginz!(0, z => { z.alloc_slice(100_000, 1_u8).len() }), 100_000);
    assert_eq!(beginz!(0, {}), ());
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn scopes_work_in_closures_threads_and_generic_functions() {
    fn mean<T: Copy + Into<f64>>(items: &[T]) -> f64 {
        letz!(sum = 0.0 => {
            for &item in items { *sum += item.into() }
            *sum / items.len() as f64
        })
    }
    let twice = |n: usize| beginz!(z => { z.alloc_slice(n, 1).len() * 2 });
    assert_eq!(twice(4), 8);
    assert_eq!(mean(&[1_u8, 2, 3]), 2.0);
    let means = std::thread::scope(|threads| {
        let spawned = [1_u8, 3].map(|n| threads.spawn(move || mean(&[n; 100])));
        spawned.map(|thread| thread.join().unwrap())
    });
    assert_eq!(means, [1.0, 3.0]);
}

#[test]
fn a_scope_may_be_const_sized_from_a_type_or_a_constant() {
    const BLOCK: usize = 64;
    struct Voice;
    impl Voice {
        const BYTES: usize = 2 * BLOCK * size_of::<f32>();
    }
    assert!(beginz!(Voice::BYTES, z => { z.remaining() >= 512 }));
    assert_eq!(letz!(Voice::BYTES, a = [0.0_f32; BLOCK] => a.len()), BLOCK);
}

#[test]
#[cfg_attr(target_family = "wasm", ignore = "needs threads")]
fn a_zone_handle_may_leave_and_keeps_the_scopes_zone() {
    let kept: Zone = beginz!(z => { z.alloc_slice(100, 7_u8); z.clone() });
    beginz!(z => { z.alloc_slice(100, 8_u8); });
    assert_eq!((kept.used(), kept.handles()), (104, 1));
    let sendable = kept.into_sendable().expect("the sole handle");
    assert_eq!(std::thread::spawn(move || sendable.into_zone().used()).join().unwrap(), 104);
}
