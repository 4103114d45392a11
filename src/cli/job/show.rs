//! Jobs as text.

use crate::answer::{JobsReport, ListedJob, ShownJob};
use crate::cli::text::{BOLD, DIM, Detail, Look, Table, TableCell};
use crate::model::SelectionText;

/// The jobs, a row each; quiet, only their names.
pub(super) fn list(report: &JobsReport, look: &Look) -> String {
    if look.detail == Detail::Brief {
        let names = report.jobs.iter().map(|job| job.name.as_str());
        return names.flat_map(|name| [name, "\n"]).collect();
    }
    if report.jobs.is_empty() {
        return "No job is declared here.\n".to_owned();
    }
    let mut table = Table::default();
    for job in &report.jobs {
        table.row(vec![
            TableCell::new(BOLD, job.name.as_str()),
            TableCell::plain(selection(job)),
            TableCell::new(DIM, job.description.clone().unwrap_or_default()),
        ]);
    }
    table.lines(0, look.width)
}

/// A label and its lines for each thing that a job sets, and what it selects.
pub(super) fn show(job: &ShownJob, look: &Look) -> String {
    let mut table = Table::default();
    let mut entry = |label: &str, text: &str| {
        table.row(vec![
            TableCell::new(DIM, label.to_owned()),
            TableCell::plain(text.to_owned()),
        ]);
    };
    let listing = &job.listing;
    entry("job", listing.name.as_str());
    if let Some(description) = &listing.description {
        entry("description", description);
    }
    entry("selection", &selection(listing));
    for clause in &listing.steps {
        entry("steps", clause);
    }
    if let Some(partitions) = &listing.partitions {
        entry("partitions", partitions);
    }
    if let Some(executor) = listing.executor {
        entry("executor", executor.word());
    }
    if let Some(limit) = listing.max_concurrent {
        entry("max_concurrent", &limit.to_string());
    }
    for (label, values) in [("tag", &listing.tags), ("metadata", &listing.metadata)] {
        for (name, value) in values {
            entry(label, &format!("{name} = {value}"));
        }
    }
    for (key, value) in &listing.policies {
        entry(key, &value.to_string());
    }
    for (name, path) in &listing.inputs {
        entry("input", &format!("{name} = {path}"));
    }
    for (name, schema) in listing.params.iter().flatten() {
        entry("param", &format!("{name}: {schema}"));
    }
    for (asset, values) in &listing.config {
        entry("config", &format!("{asset} = {values}"));
    }
    for (resource, values) in &listing.resources {
        entry("resource", &format!("{resource} = {values}"));
    }
    for (key, assets) in &listing.partition_config {
        entry("config", &format!("{key}: {assets}"));
    }
    let place = &listing.location;
    entry("declared", &format!("{}:{}", place.file, place.line));
    for (number, asset) in job.assets.iter().enumerate() {
        entry(if number == 0 { "assets" } else { "" }, asset.as_str());
    }
    if job.assets.is_empty() {
        entry("assets", "none now");
    }
    table.lines(0, look.width)
}

fn selection(job: &ListedJob) -> String {
    let texts = job.selection.iter().map(SelectionText::as_str);
    match job.selection.as_slice() {
        [] => "everything".to_owned(),
        _ => texts.collect::<Vec<_>>().join(", "),
    }
}
