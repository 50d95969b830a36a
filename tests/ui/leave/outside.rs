// Returns a reference to what lies outside, and nothing says that it does.
use memzone::beginz;

fn main() {
    let name = beginz!({ "kick" });
    println!("{name}");
}
