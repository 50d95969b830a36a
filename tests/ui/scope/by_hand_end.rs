// Ends a scope, by the macros' own means, while its zone is borrowed from.
use memzone::__private::Scope;

fn main() {
    let scope = Scope::new(1024);
    let zone = scope.zone();
    let gain = zone.alloc(0.5_f32);
    scope.end();
    *gain += 0.1;
}
