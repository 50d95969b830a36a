// Drops a scope, by the macros' own means, while its zone is still used.
use memzone::__private::Scope;

fn main() {
    let scope = Scope::new(1024);
    let zone = scope.zone();
    drop(scope);
    zone.alloc(0.5_f32);
}
