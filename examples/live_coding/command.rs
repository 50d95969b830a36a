//! Definitions as they are typed: `lowpass 800 0.7`.

use crate::patch::HIGHEST;
use std::fmt;

/// What a line asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Command {
    Osc { hertz: f32 },
    Lowpass { hertz: f32, q: f32 },
    Delay { seconds: f32, feedback: f32 },
    Grain { milliseconds: f32 },
    Help,
    List,
    Stop,
}

pub(crate) const HELP: &str =
    "osc HZ, lowpass HZ Q, delay SECONDS FEEDBACK, grain MILLISECONDS, list, help, stop or quit";

impl Command {
    /// What a line asks for, if anything. Frequencies must suit the sample rate.
    pub(crate) fn parse(line: &str, rate: f32) -> Result<Option<Command>, String> {
        // Some shells begin what they pipe with a mark of their own.
        let mut words = line.trim_start_matches('\u{feff}').split_whitespace();
        let Some(name) = words.next() else { return Ok(None) };
        let mut numbers = Numbers { name, words };
        let highest = HIGHEST * rate;
        let command = match name {
            "osc" => Command::Osc { hertz: numbers.next("HZ", 0.0, highest)? },
            "lowpass" => Command::Lowpass {
                hertz: numbers.next("HZ", 20.0, highest)?,
                q: numbers.next("Q", 0.3, 20.0)?,
            },
            "delay" => Command::Delay {
                seconds: numbers.next("SECONDS", 0.0, 2.0)?,
                feedback: numbers.next("FEEDBACK", 0.0, 0.95)?,
            },
            "grain" => Command::Grain { milliseconds: numbers.next("MILLISECONDS", 0.0, 500.0)? },
            "help" => Command::Help,
            "list" => Command::List,
            "stop" | "quit" => Command::Stop,
            _ => return Err(format!("{}: is no definition; there are {HELP}", shown(name))),
        };
        match numbers.words.next() {
            None => Ok(Some(command)),
            Some(word) => Err(format!("{name}: {} is too much; there are {HELP}", shown(word))),
        }
    }
}

struct Numbers<'a, W> {
    name: &'a str,
    words: W,
}

impl<'a, W: Iterator<Item = &'a str>> Numbers<'a, W> {
    fn next(&mut self, what: &str, least: f32, most: f32) -> Result<f32, String> {
        let name = self.name;
        let word = self.words.next().ok_or_else(|| format!("{name}: {what} is missing"))?;
        match word.parse() {
            Ok(number) if (least..=most).contains(&number) => Ok(number),
            Ok(_) => Err(format!("{name}: {what} must be from {least} to {most}, not {word}")),
            Err(_) => Err(format!("{name}: {what} must be a number, not {}", shown(word))),
        }
    }
}

/// A word of whoever typed it, without what would disturb a terminal, and not longer than a line.
fn shown(word: &str) -> String {
    let shown: String = word.chars().take(40).flat_map(char::escape_default).collect();
    if word.chars().nth(40).is_some() { shown + "..." } else { shown }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::Osc { hertz } => write!(f, "osc {hertz}"),
            Command::Lowpass { hertz, q } => write!(f, "lowpass {hertz} {q}"),
            Command::Delay { seconds, feedback } => write!(f, "delay {seconds} {feedback}"),
            Command::Grain { milliseconds } => write!(f, "grain {milliseconds}"),
            Command::Help => write!(f, "help"),
            Command::List => write!(f, "list"),
            Command::Stop => write!(f, "stop"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Command;

    #[test]
    fn marks_and_tabs_are_read() {
        let expected = Ok(Some(Command::Lowpass { hertz: 800.0, q: 0.7 }));
        for line in ["lowpass 800 0.7", "\u{feff}lowpass 800 0.7\r\n", "\tlowpass\t800\t0.7\t"] {
            assert_eq!(Command::parse(line, 48_000.0), expected, "{line:?}");
        }
        assert_eq!(Command::parse("\u{feff}", 48_000.0), Ok(None));
    }
}
