//! `materialize --in-memory`: a run, shown while it goes on, and what it leaves on standard output.

use crate::answer::{Document, OutputLine};
use crate::app::{self, InMemory, KeptValue};
use crate::cli::error::Failure;
use crate::cli::exit::Exit;
use crate::cli::next::Next;
use crate::cli::output;
use crate::cli::running::{Doors, shown};
use crate::cli::session::{Format, Session};
use crate::cli::signals::{Announcer, listen};
use crate::executor::{Cancel, quote};
use crate::io_manager::Value;
use crate::model::InMemoryRequest;

/// Brings assets up to date in memory.
pub fn materialize(
    request: &InMemoryRequest,
    typed: &[(String, String)],
    session: &Session,
) -> Result<Exit, Failure> {
    let surroundings = session.surroundings()?;
    let cancel = Cancel::new();
    let announcer = Announcer::default();
    let interrupts = listen(&cancel, &announcer)?;
    let clock = session.clock();
    let doors = Doors {
        surroundings: &surroundings,
        cancel: &cancel,
        announcer: &announcer,
        clock: &*clock,
        session,
        next: Next {
            materialize: command(request, typed, &session.next.program),
            ..session.next.clone()
        },
    };
    let run =
        |running: app::Running<'_>| app::materialize_in_memory(&surroundings, request, running);
    let (done, _) = shown(&doors, run)?;
    if session.format == Format::Json {
        tell(&done)?;
    }
    if let Some(KeptValue {
        value: Value::File { bytes, .. },
        ..
    }) = done.printed()
    {
        output::answer_bytes(bytes)?;
    }
    Ok(Exit::of_run(done.result.outcome, interrupts.signal()))
}

/// The same once more, but for what is selected: with inputs as they were typed.
fn command(request: &InMemoryRequest, typed: &[(String, String)], program: &str) -> String {
    let mut words = vec![format!("{program} materialize --in-memory")];
    if request.memory_limit != InMemoryRequest::DEFAULT_MEMORY_LIMIT {
        words.push(format!("--memory-limit {}", request.memory_limit));
    }
    if request.test_sources {
        words.push("--test-sources".to_owned());
    }
    for (name, path) in typed {
        words.push(format!("--input {}", quote(&format!("{name}={path}"))));
    }
    words.join(" ")
}

fn tell(done: &InMemory) -> std::io::Result<()> {
    for value in &done.values {
        output::answer_json(&Document::new(&OutputLine {
            run: done.result.run,
            step: &value.step,
            of: &value.step,
            output: value.output.as_deref(),
            path: &value.path,
            data_version: value.version,
            output_bytes: value.value.bytes(),
        }))?;
    }
    Ok(())
}
