//! The command line: words in, words out. Only this room prints.
//!
//! `args` holds words as they are typed, `request` says what they mean, `render` says what verbs answer, `progress`
//! shows a run while it goes on. Colour and width are decided in `terminal` alone: everything is written with colours,
//! which are taken out where they are not wanted.

#![expect(
    dead_code,
    reason = "requests, answers and progress wait for the verbs that use them"
)]

mod args;
mod error;
mod exit;
mod help;
mod output;
mod request;
mod terminal;
mod text;
