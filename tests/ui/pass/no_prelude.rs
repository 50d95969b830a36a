//! The macros and the derive name everything by its full path.
#![forbid(unsafe_code)]
#![no_implicit_prelude]

use ::core::assert_eq;

// Nothing of these may be what the macros mean.
#[allow(dead_code)]
mod core {}
#[allow(dead_code)]
mod std {}
#[allow(dead_code)]
mod memzone {}
#[allow(dead_code)]
struct Zone;
#[allow(dead_code)]
enum Result {
    Ok,
    Err,
}

#[derive(::memzone::DeepCopy)]
struct Node<'z, T> {
    value: T,
    next: ::core::option::Option<&'z Node<'z, T>>,
}

#[derive(::memzone::DeepCopy)]
enum Shape<'z> {
    None,
    Circle(f32),
    Path { points: &'z [f32] },
}

#[derive(::core::clone::Clone, ::core::marker::Copy, ::memzone::DeepCopy)]
#[deep_copy(flat)]
struct Point(f32, f32);

#[derive(::memzone::DeepCopy)]
enum Never {}

struct Block<'a>(&'a mut [f32]);

::memzone::signature!(FnMut(Block<'_>) -> bool);
::memzone::signature!([A] FnMut(Block<'_>, A));

fn signatures(zone: &::memzone::Zone) -> bool {
    let mut halve: ::memzone::Closure<dyn ::core::ops::FnMut(Block<'_>) -> bool> =
        zone.callback(|block: Block<'_>| {
            block.0[0] *= 0.5;
            true
        });
    halve(Block(&mut [1.0]))
}

fn scope() -> ::core::result::Result<f32, ::memzone::ZoneError> {
    let outer = ::memzone::Zone::new(1024);
    let list = ::memzone::beginz!(64, z in &outer => {
        let last = z.alloc(Node { value: 2.0_f32, next: ::core::option::Option::None });
        Node { value: 1.0_f32, next: ::core::option::Option::Some(last) }
    });
    let shape = ::memzone::try_beginz!(z in &outer => Shape::Path { points: z.alloc_slice(4, 0.5) })?;
    let length = match shape {
        Shape::None => 0.0,
        Shape::Circle(radius) => radius,
        Shape::Path { points } => points[3],
    };
    let point = ::memzone::letz!(a = [1.0_f32; 2], b = 2.0 => Point(a[0], *b));
    let sum = ::memzone::try_letz!(a = [1.0_f32, 2.0] => a[0] + a[1])?;
    let text = ::memzone::zformat!(outer, "{}", 1);
    assert_eq!(text.len(), 1);
    let mut label = outer.string();
    ::memzone::zformat!(label, "{}", 2);
    ::core::assert!(signatures(&outer));
    let list_of = ::memzone::zvec![in outer; 1, 2];
    let equal = ::memzone::zvec![in outer; 1; 2];
    let empty: ::memzone::ZVec<u8> = ::memzone::zvec![in outer];
    assert_eq!(label.len() + list_of.len() + equal.len() + empty.len(), 5);
    let shown = ::memzone::as_dyn!(outer.boxed(5) => dyn ::core::fmt::Display);
    let held: ::memzone::Inline<dyn ::core::fmt::Display, 8> = ::memzone::inline!(5 => dyn ::core::fmt::Display);
    assert_eq!(::memzone::zformat!(outer, "{}{}", shown, held), "55");
    let next = match list.next {
        ::core::option::Option::Some(next) => next.value,
        ::core::option::Option::None => 0.0,
    };
    ::core::result::Result::Ok(list.value + next + length + point.0 + point.1 + sum)
}

fn main() {
    let _: ::core::option::Option<Never> = ::core::option::Option::None;
    assert_eq!(scope(), ::core::result::Result::Ok(9.5));
}
