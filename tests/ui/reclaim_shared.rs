// Shares a retirer between two threads.
use memzone::reclaim::Reclaimer;

fn main() {
    let retirer = Reclaimer::new().retirer(4);
    std::thread::scope(|threads| {
        threads.spawn(|| println!("{}", retirer.remaining()));
        println!("{}", retirer.remaining());
    });
}
