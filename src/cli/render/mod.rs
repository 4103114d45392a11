//! What verbs answer, as text for people. Everything is written with colours; `terminal` takes them out.

mod affected;
mod check;
mod explain;
mod graph;
mod history;
mod impact;
mod init;
mod list;
mod lock;
mod lock_diff;
mod observe;
mod partitions;
mod plan;
mod show;
mod status;
mod validate;

pub(super) use affected::{accepted, wiped};
pub(super) use check::{check, rebuilding, verdict};
pub(super) use explain::explain;
pub(super) use graph::{dot, mermaid, text as graph};
pub(super) use history::{history, log_heading};
pub(super) use impact::affected;
pub(super) use init::init;
pub(super) use list::list;
pub(super) use lock::locked;
pub(super) use lock_diff::{lock_diff, lock_diff_markdown};
pub(super) use observe::observe;
pub(super) use partitions::{changed_keys, mapped, partitions, shown_partitions};
pub(super) use plan::{blocked, plan, set_aside};
pub(super) use show::show;
pub(super) use status::status;
pub(super) use validate::validate;
