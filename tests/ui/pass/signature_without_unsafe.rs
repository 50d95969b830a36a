// A crate without unsafe code adds signatures, for types whose names the macro uses itself too.
#![forbid(unsafe_code)]
#![deny(warnings)]
use memzone::{Zone, ZoneFn, hot};

mod host {
    pub struct Block<'a> {
        pub channels: &'a mut [&'a mut [f32]],
    }
    pub struct F;
    pub struct Form<T>(pub T);
}
use host::{Block, F, Form};

memzone::signature!(FnMut(Block<'_>) -> bool);
memzone::signature!(FnMut(F, &mut Form<[f32; 2]>, &[&[f32]], &mut [&mut [f32]],) -> Result<(), F>);
memzone::signature!([T, U] FnMut(&mut Form<T>, Block<'_>, U));

struct Unit {
    f: ZoneFn<dyn FnMut(Block<'_>) -> bool>,
}

fn main() {
    let f = ZoneFn::new(1024, |z: &Zone| {
        let level = z.alloc(0.5);
        z.callback(|block: Block<'_>| {
            block.channels.iter_mut().for_each(|channel| channel.fill(*level));
            true
        })
    });
    let mut unit = Unit { f };
    let (mut left, mut right) = ([0.0; 4], [0.0; 4]);
    assert!((unit.f)(Block { channels: &mut [&mut left, &mut right] }));
    assert_eq!(right, [0.5; 4]);

    let wide: ZoneFn<dyn FnMut(F, &mut Form<[f32; 2]>, &[&[f32]], &mut [&mut [f32]]) -> Result<(), F>> =
        ZoneFn::new(1024, |z| {
            z.callback(
                |_: F, form: &mut Form<[f32; 2]>, input: &[&[f32]], output: &mut [&mut [f32]]| {
                    form.0[0] += input[0][0];
                    output[0][0] = form.0[0];
                    Ok(())
                },
            )
        });
    let (mut caller, _binder) = hot(wide);
    let mut form = Form([1.0, 2.0]);
    assert!(caller(F, &mut form, &[&left], &mut [&mut right]).is_ok());
    assert_eq!(right[0], 1.5);

    let mut generic: ZoneFn<dyn FnMut(&mut Form<u8>, Block<'_>, i64)> = ZoneFn::new(1024, |z| {
        z.callback(|form: &mut Form<u8>, block: Block<'_>, by: i64| {
            form.0 += block.channels.len() as u8 + by as u8;
        })
    });
    let mut form = Form(1);
    generic(&mut form, Block { channels: &mut [] }, 3);
    assert_eq!(form.0, 4);
}
