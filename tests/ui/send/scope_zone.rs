// Moves what owns a scope's zone to another thread, by the macros' own means.
use memzone::__private::Scope;

fn main() {
    let scope = Scope::new(1024);
    let zone = scope.zone();
    std::thread::scope(|threads| {
        threads.spawn(move || zone.used());
    });
}
