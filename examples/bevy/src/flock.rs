//! Something to do: a flock, whose systems need scratch memory.

use crate::scratch::Scratch;
use bevy_app::{App, Plugin, Startup, Update};
use bevy_ecs::prelude::*;
use memzone::Zone;
use std::fmt::Write;

/// How many birds there are.
pub const BIRDS: usize = 4096;

#[derive(Component)]
pub struct Position([f32; 2]);

#[derive(Component)]
pub struct Speed([f32; 2]);

/// How many others are near.
#[derive(Component, Default)]
pub struct Neighbours(pub u32);

/// How far it is to the nearest one of a few that all follow.
#[derive(Component, Default)]
pub struct ToLeader(pub f32);

/// What each frame says about the flock.
#[derive(Resource, Default)]
pub struct Report {
    pub letters: usize,
}

/// How far each bird looks, in cells: what `count_neighbours` needs grows with its square.
#[derive(Resource)]
pub struct Sight(pub usize);

pub struct FlockPlugin;

impl Plugin for FlockPlugin {
    fn build(&self, app: &mut App) {
        app.insert_resource(Sight(1))
            .init_resource::<Report>()
            .add_systems(Startup, hatch)
            // The last three read positions, and write each something else: Bevy runs them in parallel.
            .add_systems(Update, (fly, (count_neighbours, follow, describe)).chain());
    }
}

fn hatch(mut commands: Commands) {
    let mut state = 1_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 40) as f32 / (1 << 24) as f32
    };
    for _ in 0..BIRDS {
        let position = Position([random() * 64.0, random() * 64.0]);
        let speed = Speed([random() - 0.5, random() - 0.5]);
        commands.spawn((position, speed, Neighbours::default(), ToLeader::default()));
    }
}

fn fly(mut birds: Query<(&mut Position, &Speed)>) {
    for (mut position, speed) in &mut birds {
        for (at, speed) in position.0.iter_mut().zip(speed.0) {
            *at = (*at + speed).rem_euclid(64.0);
        }
    }
}

fn cell(position: &Position) -> [usize; 2] {
    position.0.map(|at| (at as usize).min(63))
}

/// Has the near cells of each bird in a list before it counts what is in them, as one would who has more to
/// do with them than count.
fn count_neighbours(
    scratch: Res<Scratch>,
    sight: Res<Sight>,
    mut birds: Query<(&Position, &mut Neighbours)>,
) {
    scratch.with(|zone| {
        let cells = zone.alloc_slice(64 * 64, 0_u32);
        for (position, _) in &birds {
            let [x, y] = cell(position);
            cells[y * 64 + x] += 1;
        }
        for (position, mut neighbours) in &mut birds {
            // Gone when the frame ends, as all of them.
            let near = near(cell(position), sight.0, zone);
            neighbours.0 = near.iter().map(|&cell| cells[cell]).sum::<u32>() - 1;
        }
    });
}

fn near([x, y]: [usize; 2], sight: usize, zone: &Zone) -> &[usize] {
    let side = 2 * sight + 1;
    zone.alloc_iter((0..side * side).map(|n| {
        let (x, y) = (x + 64 + n % side - sight, y + 64 + n / side - sight);
        (y % 64) * 64 + x % 64
    }))
}

/// In tasks of its own, each of which takes what it needs from its thread.
fn follow(
    scratch: Res<Scratch>,
    leaders: Query<&Position>,
    mut birds: Query<(&Position, &mut ToLeader)>,
) {
    birds.par_iter_mut().for_each(|(position, mut to_leader)| {
        to_leader.0 = scratch.with(|zone| {
            let mut distances = zone.vec();
            distances.extend(leaders.iter().take(16).map(|leader| {
                let [x, y] = [0, 1].map(|axis| leader.0[axis] - position.0[axis]);
                (x * x + y * y).sqrt()
            }));
            distances.sort_unstable_by(f32::total_cmp);
            let nearest = distances.first().copied().unwrap_or_default();
            distances.give_back(); // so many birds need no more than one
            nearest
        });
    });
}

fn describe(scratch: Res<Scratch>, birds: Query<&Position>, mut report: ResMut<Report>) {
    report.letters = scratch.with(|zone| {
        let mut text = zone.string();
        for (index, position) in birds.iter().step_by(64).enumerate() {
            let [x, y] = position.0;
            write!(text, "{index}: {x:.1} {y:.1}; ").expect("the zone grows");
        }
        text.len()
    });
}
