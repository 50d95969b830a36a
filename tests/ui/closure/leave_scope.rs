// Returns a closure from the scope whose zone it lives in.
use memzone::beginz;

fn main() {
    let mut f = beginz!(z => { z.closure(|n: u32| n + 1) });
    f(1);
}
