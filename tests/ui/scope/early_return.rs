// Carries a reference out of the scope by `return`.
use memzone::beginz;

fn gain<'a>() -> &'a mut f32 {
    beginz!(z => {
        return z.alloc(0.5);
    })
}

fn main() {}
