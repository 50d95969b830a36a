//! The patch of the example `live_coding`, as a module for an AudioWorklet.
//!
//! The sound is made by that example's own files. To learn how they are played on the web, read
//! `engine.rs`, which plays blocks and redefines; then `exports.rs`, which is what JavaScript calls;
//! then `page/processor.js`, which calls it; then `page/page.js`, which is the page.

#[path = "../../live_coding/command.rs"]
mod command;
mod engine;
mod exports;
#[path = "../../live_coding/notes.rs"]
mod notes;
#[path = "../../live_coding/patch.rs"]
mod patch;
#[path = "../../live_coding/player.rs"]
mod player;
#[path = "../../live_coding/score.rs"]
mod score;
#[path = "../../denoise/tiny.rs"]
mod tiny;
