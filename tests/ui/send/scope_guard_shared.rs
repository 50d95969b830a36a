// Shares a scope with another thread, by the macros' own means.
use memzone::__private::Scope;

fn main() {
    let scope = Scope::new(1024);
    std::thread::scope(|threads| {
        threads.spawn(|| scope.copy_out(1));
    });
}
