// Takes the zone out of a scope, by the macros' own means.
use memzone::{__private::Scope, Zone};

fn main() {
    let scope = Scope::new(1024);
    let mut zone = scope.zone();
    let taken = std::mem::replace(&mut *zone, Zone::new(1024));
    drop(taken);
}
