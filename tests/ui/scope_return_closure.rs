// Returns a closure that captured the scope's zone.
use memzone::beginz;

fn main() {
    let used = beginz!(z => move || z.used());
    println!("{}", used());
}
