// Returns a list that lives in the scope's zone.
use memzone::beginz;

fn main() {
    let x = beginz!(z => {
        let mut v = z.vec();
        v.push(1_u32);
        v
    });
    println!("{}", x.len());
}
