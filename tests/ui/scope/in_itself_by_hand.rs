// Copies to the scope's own zone, by the macros' own means, and ends the scope.
use memzone::__private::Scope;

fn main() {
    let scope = Scope::new(1024);
    let zone = scope.zone();
    let gain = scope.copy_in(zone.alloc(0.5_f32), &zone);
    scope.end();
    *gain += 0.1;
}
