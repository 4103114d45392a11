//! Edits: what a person does to a project between two runs, to the model and on disk alike.

use super::command::Shape;
use super::model::{Model, text};
use super::random::Random;
use crate::scenario::Scenario;

/// Does one thing to the project, and tells which.
pub fn edit(random: &mut Random, model: &mut Model, project: &Scenario) -> String {
    match random.below(12) {
        0..=2 => source(random, model, project),
        3 => touch(random, model, project),
        4 | 5 => output(random, model, project),
        6 => broken(random, model, project),
        _ => {
            let told = declaration(random, model);
            project.manifest(&model.manifest());
            told
        }
    }
}

/// Changes a source or a declaration, and tells which.
pub fn change(random: &mut Random, model: &mut Model, project: &Scenario) -> String {
    if random.one_in(2) {
        return source(random, model, project);
    }
    let told = declaration(random, model);
    project.manifest(&model.manifest());
    told
}

/// Restores all sources and repairs all commands, and tells what was done.
pub fn repair(model: &mut Model, project: &Scenario) -> Vec<String> {
    for source in &mut model.sources {
        for data in &mut source.data {
            data.text.get_or_insert_with(|| "restored".to_owned());
        }
    }
    model.write_sources(project);
    for number in 0..model.assets.len() {
        set_broken(model, project, number, false);
    }
    vec!["restore and repair everything".to_owned()]
}

fn source(random: &mut Random, model: &mut Model, project: &Scenario) -> String {
    let number = random.below(model.sources.len());
    let key = random.below(model.sources[number].data.len());
    let linked = model.sources[number].linked;
    let data = &mut model.sources[number].data[key];
    match random.below(4) {
        0 => data.text = None,
        1 if linked => {
            data.target = 1 - data.target;
            data.text.get_or_insert_with(|| text(random));
        }
        _ => data.text = Some(text(random)),
    }
    let told = format!("source s{number} at {key}: {data:?}");
    model.write_source(project, number, key);
    told
}

fn touch(random: &mut Random, model: &Model, project: &Scenario) -> String {
    let number = random.below(model.sources.len());
    let key = random.below(model.sources[number].data.len());
    let mut paths = vec![model.source_path(number, key), "op.sh".to_owned()];
    paths.extend(model.output_paths(*random.of(model.cells())));
    paths.retain(|path| project.path(path).is_file());
    for path in &paths {
        project.touch(path);
    }
    format!("touch {paths:?}")
}

/// Removes an output, alters it, or puts a file where a directory was.
fn output(random: &mut Random, model: &Model, project: &Scenario) -> String {
    let cell = *random.of(model.cells());
    let paths = model.output_paths(cell);
    let path = random.of(&paths).clone();
    let directory = model.assets[cell.asset].shape == Shape::Directory;
    if !project.holds(&path) {
        return format!("{path} is not there yet");
    }
    match random.below(3) {
        0 => {
            project.remove(&path);
            format!("remove {path}")
        }
        1 if directory => {
            project.remove(&path);
            project.write(&path, "a file");
            format!("put a file at {path}")
        }
        _ if project.path(&path).is_dir() => {
            project.write(&format!("{path}/extra"), "extra");
            format!("add to {path}")
        }
        _ => {
            project.write(&path, "by hand");
            format!("alter {path}")
        }
    }
}

fn broken(random: &mut Random, model: &mut Model, project: &Scenario) -> String {
    let number = random.below(model.assets.len());
    let broken = !model.assets[number].broken;
    set_broken(model, project, number, broken);
    format!("a{number} broken: {broken}")
}

/// Breaks or repairs the command of an asset.
pub fn set_broken(model: &mut Model, project: &Scenario, number: usize, broken: bool) {
    model.assets[number].broken = broken;
    let path = format!("broken/a{number}");
    match (broken, project.holds(&path)) {
        (true, false) => project.write(&path, ""),
        (false, true) => project.remove(&path),
        _ => {}
    }
}

fn declaration(random: &mut Random, model: &mut Model) -> String {
    let number = random.below(model.assets.len());
    let asset = &mut model.assets[number];
    match random.below(5) {
        0 => asset.salt = random.below(3),
        1 => asset.kept = *random.of(&[1, 4, 40]),
        2 if !asset.deps.is_empty() => {
            let at = random.below(asset.deps.len());
            asset.deps.remove(at);
        }
        3 if asset.deps.len() > 1 => asset.deps.rotate_left(1),
        _ => model.add_dep(random, number),
    }
    format!("declare {:?}", model.assets[number])
}
