// A collection in a scope's zone leaves the scope.
use allocator_api2::vec::Vec;
use memzone::{Zone, beginz};

fn main() {
    let mut kept: Option<Vec<u8, &Zone>> = None;
    beginz!(z => {
        let mut items = Vec::new_in(z);
        items.push(1);
        kept = Some(items);
    });
    kept.unwrap().push(2);
}
