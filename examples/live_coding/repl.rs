//! The session of whoever types: lines from the standard input, on a thread of its own that may wait for them for ever,
//! and an answer to each.

use rustyline::config::{Behavior, Config};
use rustyline::error::ReadlineError;
use rustyline::{DefaultEditor, Editor};
use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread::{self, JoinHandle};

/// A line, and the way back to who typed it.
pub(crate) struct Line {
    pub(crate) text: String,
    answers: SyncSender<Option<String>>,
}

impl Line {
    /// Answers. Without an answer the session has ended.
    pub(crate) fn answer(self, answer: Option<String>) {
        // That nobody waits for it any more is no error.
        let _ = self.answers.send(answer);
    }
}

/// The thread that reads.
pub(crate) struct Session {
    /// Where there is a terminal, which is to be left as it was.
    terminal: Option<JoinHandle<()>>,
}

impl Session {
    /// Begins to read. The channel is closed at the end of the input.
    pub(crate) fn begin() -> (Session, Receiver<Line>) {
        let (sender, lines) = mpsc::channel();
        let ask = move |text: String| {
            let (answers, answer) = mpsc::sync_channel(1);
            sender.send(Line { text, answers }).ok()?;
            answer.recv().ok().flatten()
        };
        let editor = io::stdin().is_terminal().then(editor).flatten();
        let is_terminal = editor.is_some();
        // Without a terminal it ends with the process: reading cannot be called off.
        let reader = thread::spawn(move || match editor {
            Some(editor) => edit(editor, ask),
            None => read(ask),
        });
        (Session { terminal: is_terminal.then_some(reader) }, lines)
    }

    /// Waits until the terminal is as it was.
    pub(crate) fn end(self) {
        let Some(reader) = self.terminal else { return };
        thread::sleep(std::time::Duration::from_millis(50));
        if !reader.is_finished() {
            tell(format_args!("The end. Press Enter."));
        }
        let _ = reader.join();
    }
}

/// A line editor with a history. It writes to the terminal itself, as samples may go to the standard output.
fn editor() -> Option<DefaultEditor> {
    let config = Config::builder().behavior(Behavior::PreferTerm).auto_add_history(true).build();
    Editor::with_config(config).ok()
}

fn edit(mut editor: DefaultEditor, ask: impl Fn(String) -> Option<String>) {
    loop {
        let text = match editor.readline("> ") {
            Ok(text) => text,
            // Ctrl-C and Ctrl-D.
            Err(ReadlineError::Interrupted | ReadlineError::Eof) => "stop".to_owned(),
            Err(_) => return,
        };
        let Some(answer) = ask(text) else { return };
        if !answer.is_empty() {
            tell(format_args!("{answer}"));
        }
    }
}

fn read(ask: impl Fn(String) -> Option<String>) {
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    while let Ok(1..) = input.read_until(b'\n', &mut line) {
        let Some(answer) = ask(String::from_utf8_lossy(&line).into_owned()) else { return };
        if !answer.is_empty() {
            tell(format_args!("{answer}"));
        }
        line.clear();
    }
}

/// Tells whoever types. That nobody reads it is no error.
pub(crate) fn tell(text: std::fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "{text}");
}
