//! The model: what is declared and recorded, and from that what must run and what every output must hold.
//!
//! It compares texts where the tool compares digests, and shares no code with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

use super::command::{Files, Shape, outputs, read};
use super::random::Random;
use crate::scenario::Scenario;

/// How an asset or source is partitioned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Definition {
    None,
    Static,
    Daily,
}

/// A source: a text for each key.
#[derive(Debug, Clone)]
pub struct Source {
    pub definition: Definition,
    pub kind: Kind,
    pub optional: bool,
    /// Whether files are links.
    pub linked: bool,
    /// By key.
    pub data: Vec<Data>,
}

/// What is at a path that is read, and holds the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    File,
    /// A folder with a file.
    Folder,
    /// A folder with a file that a glob matches.
    Glob,
    /// A file with a value.
    Value,
}

/// What lies at a source's path.
#[derive(Debug, Clone)]
pub struct Data {
    /// `None` where nothing is there.
    pub text: Option<String>,
    /// Which of two files a link points to.
    pub target: usize,
}

/// An asset.
#[derive(Debug, Clone)]
pub struct Asset {
    pub definition: Definition,
    pub deps: Vec<Dep>,
    pub salt: usize,
    pub kept: usize,
    pub shape: Shape,
    pub in_place: bool,
    pub broken: bool,
}

/// What an asset reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dep {
    pub upstream: Upstream,
    /// One of a pair's outputs.
    pub output: Option<usize>,
    /// Whether the window before is read too.
    pub window: bool,
}

/// An upstream of an asset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upstream {
    Source(usize),
    Asset(usize),
}

/// An asset partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    pub asset: usize,
    pub key: usize,
    name: &'static str,
}

/// The outputs on disk, by cell and output.
pub type Disk = BTreeMap<Cell, Vec<Files>>;

/// A declared project, and what was recorded of it.
#[derive(Debug, Clone)]
pub struct Model {
    pub sources: Vec<Source>,
    pub assets: Vec<Asset>,
    records: BTreeMap<Cell, (String, Vec<Files>)>,
    cells: Vec<Cell>,
}

/// What a step makes.
#[derive(Debug)]
pub struct Made {
    pub cell: Cell,
    fingerprint: String,
    pub outputs: Vec<Files>,
}

/// What must come of a run.
#[derive(Debug, Default)]
pub struct Prediction {
    pub made: Vec<Made>,
    pub failed: BTreeSet<Cell>,
    pub blocked: BTreeSet<Cell>,
}

impl Prediction {
    /// The steps whose commands start.
    pub fn started(&self) -> Vec<&'static str> {
        let made = self.made.iter().map(|made| made.cell);
        made.chain(self.failed.iter().copied())
            .map(Cell::name)
            .collect()
    }
}

impl Cell {
    /// The cell as the tool writes it.
    pub fn name(self) -> &'static str {
        self.name
    }
}

impl Definition {
    /// The keys; of an unpartitioned asset one that is empty.
    pub fn keys(self) -> &'static [&'static str] {
        match self {
            Self::None => &[""],
            Self::Static => &["p", "q"],
            Self::Daily => &["2020-01-01", "2020-01-02", "2020-01-03"],
        }
    }

    fn declared(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Static => "partitions = \"static\"\n",
            Self::Daily => "partitions = \"daily\"\n",
        }
    }

    fn below(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Static | Self::Daily => "/{{partition}}",
        }
    }

    fn random(random: &mut Random) -> Self {
        *random.of(&[Self::None, Self::None, Self::Static, Self::Daily])
    }
}

impl Model {
    /// A random graph of 3 to 10 assets.
    pub fn random(random: &mut Random) -> Self {
        let sources: Vec<Source> = (0..=random.below(3))
            .map(|_| Source::random(random))
            .collect();
        let mut model = Self {
            sources,
            assets: Vec::new(),
            records: BTreeMap::new(),
            cells: Vec::new(),
        };
        for _ in 0..3 + random.below(8) {
            let asset = Asset {
                definition: Definition::random(random),
                deps: Vec::new(),
                salt: random.below(3),
                kept: *random.of(&[1, 4, 40]),
                shape: *random.of(&[Shape::File, Shape::File, Shape::Directory, Shape::Pair]),
                in_place: random.one_in(3),
                broken: random.one_in(12),
            };
            let number = model.assets.len();
            model.assets.push(asset);
            for (key, text) in model.assets[number].definition.keys().iter().enumerate() {
                let name = if text.is_empty() {
                    format!("a{number}")
                } else {
                    format!("a{number}@{text}")
                };
                let name = Box::leak(name.into_boxed_str());
                model.cells.push(Cell {
                    asset: number,
                    key,
                    name,
                });
            }
            for _ in 0..random.below(4) {
                model.add_dep(random, number);
            }
        }
        model
    }

    /// Adds a dep that the asset does not have yet, if there is one.
    pub fn add_dep(&mut self, random: &mut Random, asset: usize) {
        let number = random.below(self.sources.len() + asset);
        let upstream = match number.checked_sub(self.sources.len()) {
            None => Upstream::Source(number),
            Some(upstream) => Upstream::Asset(upstream),
        };
        let output = match upstream {
            Upstream::Asset(up) if self.assets[up].shape == Shape::Pair => {
                *random.of(&[None, Some(0), Some(1)])
            }
            _ => None,
        };
        let both = (self.definition(upstream), self.assets[asset].definition);
        let window = both == (Definition::Daily, Definition::Daily) && random.one_in(2);
        let deps = &mut self.assets[asset].deps;
        if deps.iter().all(|dep| dep.upstream != upstream) {
            deps.push(Dep {
                upstream,
                output,
                window,
            });
        }
    }

    /// The manifest.
    pub fn manifest(&self) -> String {
        let mut text = "[project]\nignore = [\".keep\"]\n[partitions.static]\ntype = \"static\"\nkeys = [\"p\", \"q\"]\n\
             [partitions.daily]\ntype = \"daily\"\nstart = \"2020-01-01\"\nend = \"2020-01-04\"\n"
            .to_owned();
        for (number, source) in self.sources.iter().enumerate() {
            let (declared, below) = (source.definition.declared(), source.definition.below());
            let optional = source.optional;
            let rest = match source.kind {
                Kind::File | Kind::Folder => "\"",
                Kind::Glob => "/*.txt\"",
                Kind::Value => ".toml\"\nkey = \"v\"",
            };
            let _ = write!(
                text,
                "[source.s{number}]\npath = \"src/s{number}{below}{rest}\noptional = {optional}\n{declared}"
            );
        }
        for (number, asset) in self.assets.iter().enumerate() {
            let (declared, below) = (asset.definition.declared(), asset.definition.below());
            let deps: Vec<_> = asset.deps.iter().map(|dep| self.dep(asset, dep)).collect();
            let inputs = asset
                .deps
                .iter()
                .map(|dep| format!(", \"{{{{input.{}}}}}\"", name(dep.upstream)));
            let inputs: String = inputs.collect();
            let outputs = match asset.shape {
                Shape::File => format!("\"out/a{number}{below}\""),
                Shape::Directory => format!("\"out/a{number}{below}/\""),
                Shape::Pair => {
                    format!("{{ x = \"out/a{number}x{below}\", y = \"out/a{number}y{below}\" }}")
                }
            };
            let Asset {
                salt,
                kept,
                in_place,
                ..
            } = asset;
            let _ = write!(
                text,
                "[asset.a{number}]\n{declared}deps = [{}]\nstaging = {}\noutputs = {outputs}\n\
                 command = [\"sh\", \"op.sh\", \"s{salt}\", \"{kept}\"{inputs}]\n",
                deps.join(", "),
                !in_place
            );
        }
        text
    }

    fn dep(&self, asset: &Asset, dep: &Dep) -> String {
        let output = ["x", "y"];
        let output = dep
            .output
            .map_or_else(String::new, |at| format!(", output = \"{}\"", output[at]));
        let upstream = self.definition(dep.upstream);
        let mapping = match (upstream, asset.definition) {
            _ if dep.window => ", mapping = \"time_window\", start_offset = -1",
            (up, down) if up == down || up == Definition::None || down == Definition::None => "",
            _ => ", mapping = \"all\"",
        };
        format!("{{ asset = \"{}\"{output}{mapping} }}", name(dep.upstream))
    }

    fn definition(&self, upstream: Upstream) -> Definition {
        match upstream {
            Upstream::Source(number) => self.sources[number].definition,
            Upstream::Asset(number) => self.assets[number].definition,
        }
    }

    /// The upstream keys that a cell reads through a dep.
    fn mapped(&self, cell: Cell, dep: &Dep) -> Vec<usize> {
        let down = self.assets[cell.asset].definition;
        let up = self.definition(dep.upstream);
        match (up, down) {
            (Definition::None, _) => vec![0],
            _ if up == down && dep.window => (cell.key.saturating_sub(1)..=cell.key).collect(),
            _ if up == down => vec![cell.key],
            _ => (0..up.keys().len()).collect(),
        }
    }

    /// Writes all sources as they are in the model.
    pub fn write_sources(&self, project: &Scenario) {
        for (number, source) in self.sources.iter().enumerate() {
            for key in 0..source.data.len() {
                self.write_source(project, number, key);
            }
        }
    }

    /// Writes one source as it is in the model. A linked source that is absent is a dangling link.
    pub fn write_source(&self, project: &Scenario, number: usize, key: usize) {
        let source = &self.sources[number];
        let path = self.source_path(number, key);
        let Data { text, target } = &source.data[key];
        let file = match source.kind {
            Kind::File if source.linked => format!("real/s{number}-{key}-{target}"),
            Kind::File | Kind::Value => path.clone(),
            Kind::Folder | Kind::Glob => format!("{path}/file.txt"),
        };
        if source.linked {
            project.write("src/.keep", "");
            project.write(&format!("src/s{number}-folder/.keep"), "");
            if source.definition != Definition::None {
                project.write(&format!("src/s{number}/.keep"), "");
            }
            let up = if source.definition == Definition::None {
                "../"
            } else {
                "../../"
            };
            project.link(&format!("{up}{file}"), &path);
        }
        match text {
            Some(text) => project.write(&file, &source.content(text)),
            None if !project.holds(&file) => {}
            None if source.kind == Kind::Folder => project.remove(&path),
            None => project.remove(&file),
        }
    }

    /// The path of a source at a key; of one that globs match, the folder of these.
    pub fn source_path(&self, number: usize, key: usize) -> String {
        let source = &self.sources[number];
        let path = match source.definition {
            Definition::None => format!("src/s{number}"),
            definition => format!("src/s{number}/{}", definition.keys()[key]),
        };
        match source.kind {
            Kind::Value => path + ".toml",
            Kind::File | Kind::Folder | Kind::Glob => path,
        }
    }

    /// The paths of a cell's outputs.
    pub fn output_paths(&self, cell: Cell) -> Vec<String> {
        let asset = &self.assets[cell.asset];
        let below = match asset.definition {
            Definition::None => String::new(),
            definition => format!("/{}", definition.keys()[cell.key]),
        };
        let letters: &[&str] = if asset.shape == Shape::Pair {
            &["x", "y"]
        } else {
            &[""]
        };
        let path = |letter: &&str| format!("out/a{}{letter}{below}", cell.asset);
        letters.iter().map(path).collect()
    }

    /// All cells, upstream before downstream.
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }

    /// What a cell reads, with what is at each path.
    pub fn inputs_of(&self, cell: Cell) -> Vec<(Kind, PathBuf)> {
        let mut paths = Vec::new();
        for dep in &self.assets[cell.asset].deps {
            for key in self.mapped(cell, dep) {
                match dep.upstream {
                    Upstream::Source(number) => {
                        let kind = self.sources[number].kind;
                        paths.push((kind, self.source_path(number, key).into()));
                    }
                    Upstream::Asset(up) => {
                        let up = self.cells.iter().find(|it| (it.asset, it.key) == (up, key));
                        let outputs = self.output_paths(*up.expect("each key has a cell"));
                        let read = outputs.into_iter().enumerate();
                        let read = read.filter(|(at, _)| dep.output.is_none_or(|it| it == *at));
                        let kind = match self.assets[up.expect("it has a cell").asset].shape {
                            Shape::Directory => Kind::Folder,
                            Shape::File | Shape::Pair => Kind::File,
                        };
                        paths.extend(read.map(|(_, path)| (kind, path.into())));
                    }
                }
            }
        }
        paths
    }

    /// The outputs of all cells as they are on disk.
    pub fn disk(&self, project: &Scenario) -> Disk {
        let outputs = |cell: &Cell| {
            let paths = self.output_paths(*cell);
            let files = paths.iter().map(|path| read(&project.path(path)));
            (*cell, files.collect())
        };
        self.cells.iter().map(outputs).collect()
    }

    /// What must come of bringing one asset, or all, up to date.
    pub fn predict(&self, goal: Option<usize>, disk: &Disk) -> Prediction {
        let wanted = self.wanted(goal);
        let mut current = disk.clone();
        let mut prediction = Prediction::default();
        for cell in self
            .cells
            .iter()
            .copied()
            .filter(|cell| wanted.contains(cell))
        {
            let unusable =
                |up: &Cell| prediction.failed.contains(up) || prediction.blocked.contains(up);
            if self.upstream_cells(cell).iter().any(unusable) || self.lacks_a_source(cell) {
                prediction.blocked.insert(cell);
                continue;
            }
            let asset = &self.assets[cell.asset];
            let (versions, joined) = self.inputs(cell, &current);
            let fingerprint = format!("{} {} {:?} {versions}", asset.salt, asset.kept, asset.deps);
            let fresh = self.records.get(&cell).is_some_and(|(recorded, outputs)| {
                *recorded == fingerprint && *outputs == disk[&cell]
            });
            if fresh {
                continue;
            }
            if asset.broken {
                prediction.failed.insert(cell);
                continue;
            }
            let key = asset.definition.keys()[cell.key];
            let key = if key.is_empty() {
                String::new()
            } else {
                format!("@{key}")
            };
            let joined = joined.get(..asset.kept).unwrap_or(&joined);
            let outputs = outputs(asset.shape, &format!("s{}{key}", asset.salt), joined);
            current.insert(cell, outputs.clone());
            prediction.made.push(Made {
                cell,
                fingerprint,
                outputs,
            });
        }
        prediction
    }

    /// Takes what was made as recorded.
    pub fn record(&mut self, made: &[Made]) {
        for made in made {
            let record = (made.fingerprint.clone(), made.outputs.clone());
            self.records.insert(made.cell, record);
        }
    }

    /// Takes it that what a cell has made is stale until it is made anew.
    pub fn forget(&mut self, cell: Cell) {
        self.records.remove(&cell);
    }

    /// The same project, all of whose commands write to their staging.
    pub fn staged(&self) -> Self {
        let mut staged = self.clone();
        for asset in &mut staged.assets {
            asset.in_place = false;
        }
        staged
    }

    /// The same project without records.
    pub fn forgetful(&self) -> Self {
        Self {
            records: BTreeMap::new(),
            ..self.clone()
        }
    }

    fn wanted(&self, goal: Option<usize>) -> BTreeSet<Cell> {
        let mut wanted: BTreeSet<Cell> = BTreeSet::new();
        for cell in self.cells.iter().rev() {
            if goal.is_none_or(|goal| goal == cell.asset) || wanted.contains(cell) {
                wanted.insert(*cell);
                wanted.extend(self.upstream_cells(*cell));
            }
        }
        wanted
    }

    fn upstream_cells(&self, cell: Cell) -> Vec<Cell> {
        let mut cells = Vec::new();
        for dep in &self.assets[cell.asset].deps {
            if let Upstream::Asset(up) = dep.upstream {
                for key in self.mapped(cell, dep) {
                    cells.extend(
                        self.cells
                            .iter()
                            .filter(|it| (it.asset, it.key) == (up, key)),
                    );
                }
            }
        }
        cells
    }

    fn lacks_a_source(&self, cell: Cell) -> bool {
        self.assets[cell.asset]
            .deps
            .iter()
            .any(|dep| match dep.upstream {
                Upstream::Source(number) if !self.sources[number].optional => {
                    let data = &self.sources[number].data;
                    self.mapped(cell, dep)
                        .iter()
                        .any(|key| data[*key].text.is_none())
                }
                Upstream::Source(_) | Upstream::Asset(_) => false,
            })
    }

    /// The versions that a cell reads, as a text that tells them apart, and what its command finds in them.
    fn inputs(&self, cell: Cell, current: &Disk) -> (String, String) {
        let (mut versions, mut joined) = (String::new(), String::new());
        for dep in &self.assets[cell.asset].deps {
            for key in self.mapped(cell, dep) {
                match dep.upstream {
                    Upstream::Source(number) => {
                        let source = &self.sources[number];
                        let Data { text, target } = &source.data[key];
                        let target = (source.linked && text.is_some()).then_some(target);
                        let _ = write!(versions, "{key} {text:?} {target:?};");
                        let content = text.as_deref().map(|text| source.content(text));
                        joined.push_str(&content.unwrap_or_default());
                    }
                    Upstream::Asset(up) => {
                        let up = self.cells.iter().find(|it| (it.asset, it.key) == (up, key));
                        let outputs = &current[up.expect("each key of an asset has a cell")];
                        for (index, files) in outputs.iter().enumerate() {
                            if dep.output.is_none_or(|output| output == index) {
                                let _ = write!(versions, "{key} {index} {files:?};");
                                joined.extend(files.values().map(String::as_str));
                            }
                        }
                    }
                }
            }
        }
        (versions, joined)
    }
}

impl Source {
    fn random(random: &mut Random) -> Self {
        let definition = Definition::random(random);
        let data = |_: &&str| Data {
            text: Some(text(random)),
            target: 0,
        };
        let data = definition.keys().iter().map(data).collect();
        let kinds = [
            Kind::File,
            Kind::File,
            Kind::Folder,
            Kind::Glob,
            Kind::Glob,
            Kind::Value,
        ];
        let kind = *random.of(&kinds);
        Self {
            definition,
            kind,
            optional: random.one_in(3),
            linked: kind == Kind::File && random.one_in(2),
            data,
        }
    }

    /// What its file holds for this text.
    fn content(&self, text: &str) -> String {
        match self.kind {
            Kind::Value => value(text),
            Kind::File | Kind::Folder | Kind::Glob => text.to_owned(),
        }
    }
}

/// A file with a value.
pub fn value(text: &str) -> String {
    format!("v = \"{text}\"")
}

/// A short text out of few, so that edits are often taken back.
pub fn text(random: &mut Random) -> String {
    (*random.of(&["abcdef", "abcxyz", "bcdefg", ""])).to_owned()
}

fn name(upstream: Upstream) -> String {
    match upstream {
        Upstream::Source(number) => format!("s{number}"),
        Upstream::Asset(number) => format!("a{number}"),
    }
}
