//! What can be wrong with a manifest: one variant per code.
//!
//! Where a problem stands is no part of it: [`crate::manifest::ManifestError`] joins a problem with its labels.

use miette::Diagnostic;
use thiserror::Error;

/// A problem of a manifest, without its place.
#[derive(Clone, Debug, PartialEq, Eq, Error, Diagnostic)]
pub enum Problem {
    /// No folder from the start upwards has a manifest.
    #[error("no Assets.toml in `{start}` or in any folder above it")]
    #[diagnostic(
        code(assetctl::manifest::not_found),
        help("`assetctl init` writes one that runs as it is; `-C DIR` names another folder")
    )]
    NotFound {
        /// Where the search began.
        start: String,
    },
    /// A manifest file cannot be read.
    #[error("`{path}` cannot be read: {reason}")]
    #[diagnostic(code(assetctl::manifest::unreadable), help("{help}"))]
    Unreadable {
        /// The file, relative to the project root.
        path: String,
        /// Why.
        reason: String,
        /// What to do.
        help: &'static str,
    },
    /// A file is no TOML.
    #[error("{message}")]
    #[diagnostic(
        code(assetctl::manifest::syntax),
        help("the language is described at https://toml.io")
    )]
    Syntax {
        /// What the parser says.
        message: String,
    },
    /// A key that does not exist.
    #[error("unknown key `{key}` in {table}")]
    #[diagnostic(code(assetctl::manifest::unknown_key), help("{help}"))]
    UnknownKey {
        /// The key.
        key: String,
        /// The table that holds it.
        table: String,
        /// Similar or all keys.
        help: String,
    },
    /// A value of the wrong type.
    #[error("`{key}` must be {expected}")]
    #[diagnostic(code(assetctl::manifest::wrong_type), help("write it as {example}"))]
    WrongType {
        /// The key.
        key: String,
        /// What it must be.
        expected: &'static str,
        /// A value of the right type.
        example: String,
    },
    /// A key that has to be there.
    #[error("{table} has no `{key}`")]
    #[diagnostic(code(assetctl::manifest::missing_key), help("{help}"))]
    MissingKey {
        /// The table.
        table: String,
        /// The key.
        key: &'static str,
        /// What to write.
        help: &'static str,
    },
    /// A value of the right type that means nothing.
    #[error("{message}")]
    #[diagnostic(code(assetctl::manifest::invalid_value), help("{help}"))]
    InvalidValue {
        /// What is wrong with it.
        message: String,
        /// What would be right.
        help: String,
    },
    /// Keys that do not go together.
    #[error("{message}")]
    #[diagnostic(code(assetctl::manifest::conflicting_keys), help("{help}"))]
    ConflictingKeys {
        /// Which, and why.
        message: String,
        /// What to do.
        help: String,
    },
    /// A name with a character that names do not hold.
    #[error("`{name}` is not a name for {what}: {reason}")]
    #[diagnostic(
        code(assetctl::manifest::invalid_name),
        help(
            "names are made of letters, digits, `_` and `-`; those of assets and sources may have segments joined by `/`"
        )
    )]
    InvalidName {
        /// The name.
        name: String,
        /// What is named.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A name that is declared twice.
    #[error("the name `{name}` is declared twice")]
    #[diagnostic(
        code(assetctl::manifest::duplicate_name),
        help(
            "assets and sources of all files share one namespace, and so do partitions definitions: rename one of them"
        )
    )]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// An include that cannot be followed.
    #[error("{message}")]
    #[diagnostic(code(assetctl::manifest::include), help("{help}"))]
    Include {
        /// What is wrong.
        message: String,
        /// What to do.
        help: &'static str,
    },
    /// A glob that is not understood.
    #[error("the glob `{glob}` is not understood: {reason}")]
    #[diagnostic(
        code(assetctl::manifest::invalid_glob),
        help(
            "`*` and `?` match within a folder, `**` over folders, `[ab]` and `{{a,b}}` alternatives; `[[]` is a `[`"
        )
    )]
    InvalidGlob {
        /// The glob.
        glob: String,
        /// Why.
        reason: String,
    },
    /// A partitions definition that cannot be.
    #[error("{reason}")]
    #[diagnostic(code(assetctl::manifest::invalid_partitions), help("{help}"))]
    InvalidPartitions {
        /// Why.
        reason: String,
        /// What to do.
        help: &'static str,
    },
    /// A partition key that cannot be.
    #[error("`{key}` is not a partition key here: {reason}")]
    #[diagnostic(
        code(assetctl::manifest::invalid_partition_key),
        help("a key is any text without control characters and without `...`, given once")
    )]
    InvalidPartitionKey {
        /// The key, control characters escaped.
        key: String,
        /// Why.
        reason: String,
    },
    /// What a job selects and cannot be.
    #[error("{message}")]
    #[diagnostic(code(assetctl::manifest::job_selection), help("{help}"))]
    JobSelection {
        /// What is wrong.
        message: String,
        /// What to do.
        help: String,
    },
    /// A job that selects by itself.
    #[error("the job `{job}` selects by itself")]
    #[diagnostic(
        code(assetctl::manifest::job_cycle),
        help("remove one of the `job:` in the selections of these jobs")
    )]
    JobCycle {
        /// The job.
        job: String,
    },
    /// A job for the keys of one definition that selects assets by another.
    #[error(
        "the job `{job}` is for keys of one definition, and `{asset}` is partitioned by {definition}{more}"
    )]
    #[diagnostic(
        code(assetctl::manifest::job_partitions),
        help("leave them out of its selection, or remove `partitions` of the job")
    )]
    JobPartitions {
        /// The job.
        job: String,
        /// The first such asset.
        asset: String,
        /// Its definition in words.
        definition: String,
        /// How many more there are, in words.
        more: String,
    },
    /// A partitions definition that nobody declares.
    #[error("there is no partitions definition `{name}`")]
    #[diagnostic(code(assetctl::manifest::unknown_partitions), help("{help}"))]
    UnknownPartitions {
        /// The name.
        name: String,
        /// Similar names, or how to declare one.
        help: String,
    },
    /// A dep or `after` on something that nobody declares.
    #[error("there is no asset or source `{name}`")]
    #[diagnostic(code(assetctl::manifest::unknown_dep), help("{help}"))]
    UnknownDep {
        /// The name.
        name: String,
        /// Similar names, or how to declare one.
        help: String,
    },
    /// Another path for a source or an external asset that nobody declares.
    #[error("there is no source or external asset `{name}`")]
    #[diagnostic(code(assetctl::manifest::unknown_source), help("{help}"))]
    UnknownSource {
        /// The name.
        name: String,
        /// Similar or all names.
        help: String,
    },
    /// Another path for what a command makes.
    #[error("`{name}` has a command, which makes it")]
    #[diagnostic(
        code(assetctl::manifest::made_by_command),
        help(
            "only sources and external assets can be read from another place: name one of its sources"
        )
    )]
    MadeByCommand {
        /// The asset.
        name: String,
    },
    /// An asset that is kept out of the lock file, and that one with lines there reads.
    #[error("`{asset}` has lines in the lock file and reads `{upstream}`, which has none")]
    #[diagnostic(
        code(assetctl::manifest::unlocked_dep),
        help(
            "without the lines of `{upstream}` those of `{asset}` cannot be judged: remove `lock = false` there, or add it to `{asset}` too"
        )
    )]
    UnlockedDep {
        /// The asset that has lines.
        asset: String,
        /// The asset that has none.
        upstream: String,
    },
    /// An output that its asset does not have.
    #[error("`{asset}` has no output `{output}`")]
    #[diagnostic(code(assetctl::manifest::unknown_output), help("{help}"))]
    UnknownOutput {
        /// The asset.
        asset: String,
        /// The output.
        output: String,
        /// The outputs that it has.
        help: String,
    },
    /// An input that its asset does not have.
    #[error("`{asset}` has no input `{input}`")]
    #[diagnostic(code(assetctl::manifest::unknown_input), help("{help}"))]
    UnknownInput {
        /// The asset.
        asset: String,
        /// The input.
        input: String,
        /// Similar or all inputs.
        help: String,
    },
    /// Two inputs of one name.
    #[error("`{asset}` has two inputs `{input}`")]
    #[diagnostic(
        code(assetctl::manifest::duplicate_input),
        help("give one of them another name: `{{ asset = \"…\", as = \"…\" }}`")
    )]
    DuplicateInput {
        /// The asset.
        asset: String,
        /// The input.
        input: String,
    },
    /// Two inputs or outputs whose environment variables are the same.
    #[error("`{first}` and `{second}` of `{asset}` both become `{variable}`")]
    #[diagnostic(
        code(assetctl::manifest::variable_collision),
        help(
            "in the names of environment variables letters are upper-case and everything but letters and digits is `_`: rename one of them"
        )
    )]
    VariableCollision {
        /// The asset.
        asset: String,
        /// One name.
        first: String,
        /// The other.
        second: String,
        /// The variable.
        variable: String,
    },
    /// A resource that nobody declares.
    #[error("there is no resource `{name}`")]
    #[diagnostic(code(assetctl::manifest::unknown_resource), help("{help}"))]
    UnknownResource {
        /// The name.
        name: String,
        /// Similar names, or how to declare one.
        help: String,
    },
    /// A value of a configuration that its schema does not have.
    #[error("`{path}` is not declared")]
    #[diagnostic(code(assetctl::manifest::unknown_config), help("{help}"))]
    UnknownConfig {
        /// The path.
        path: String,
        /// Similar or all keys.
        help: String,
    },
    /// A value of a configuration that its schema does not take.
    #[error("{path}: {message}")]
    #[diagnostic(code(assetctl::manifest::config_value), help("{help}"))]
    ConfigValue {
        /// The path.
        path: String,
        /// What is wanted, and what was found.
        message: String,
        /// What to do.
        help: String,
    },
    /// Something in a file or a word of run config that cannot be.
    #[error("{path}: {message}")]
    #[diagnostic(code(assetctl::manifest::run_config), help("{help}"))]
    RunConfig {
        /// The path of it.
        path: String,
        /// What is wrong.
        message: String,
        /// What to do.
        help: String,
    },
    /// What an environment says and cannot be.
    #[error("{message}")]
    #[diagnostic(code(assetctl::manifest::environment), help("{help}"))]
    Environment {
        /// What is wrong.
        message: String,
        /// What to do.
        help: String,
    },
    /// A dimension that a definition does not have.
    #[error("there is no dimension `{dimension}`")]
    #[diagnostic(code(assetctl::manifest::unknown_dimension), help("{help}"))]
    UnknownDimension {
        /// The name.
        dimension: String,
        /// The dimensions that there are.
        help: String,
    },
    /// A pattern from which the key of a file cannot be told.
    #[error("the pattern `{pattern}` cannot be inverted: {reason}")]
    #[diagnostic(
        code(assetctl::manifest::files_pattern),
        help(
            "a pattern is a path with `{{{{partition}}}}` in it once and nothing else that varies, as `data/uploads/{{{{partition}}}}.csv`"
        )
    )]
    FilesPattern {
        /// The pattern.
        pattern: String,
        /// Why.
        reason: String,
    },
    /// Files whose presence makes partition keys, and that an asset makes.
    #[error("{what} could match an output of `{asset}`")]
    #[diagnostic(code(assetctl::manifest::pattern_is_output), help("{help}"))]
    PatternIsOutput {
        /// `the pattern` or `the path of exists`.
        what: &'static str,
        /// The asset that makes such files.
        asset: String,
        /// What to declare instead.
        help: &'static str,
    },
    /// A key that a mapping names and its definition does not have.
    #[error("{definition} has no key `{key}`")]
    #[diagnostic(code(assetctl::manifest::unknown_partition_key), help("{help}"))]
    UnknownPartitionKey {
        /// The key.
        key: String,
        /// The definition.
        definition: String,
        /// Similar or all keys.
        help: String,
    },
    /// A mapping that does not fit the definitions on its two sides.
    #[error("{message}")]
    #[diagnostic(code(assetctl::manifest::mapping), help("{help}"))]
    Mapping {
        /// Why not.
        message: String,
        /// What would fit.
        help: String,
    },
    /// An asset that depends on itself, not only on its earlier windows.
    #[error("`{asset}` depends on itself")]
    #[diagnostic(
        code(assetctl::manifest::self_dependency),
        help(
            "only its own earlier time windows can be read: `{{ asset = \"{asset}\", {example} }}`"
        )
    )]
    SelfDependency {
        /// The asset.
        asset: String,
        /// A mapping that reads earlier windows.
        example: String,
    },
    /// Assets that depend on each other in a circle.
    #[error("a cycle: {path}")]
    #[diagnostic(
        code(assetctl::manifest::cycle),
        help("remove one of these dependencies, or split an asset in two")
    )]
    Cycle {
        /// The assets, each needing the next.
        path: String,
    },
    /// A placeholder without its end.
    #[error("a placeholder is not closed")]
    #[diagnostic(
        code(assetctl::manifest::unclosed_placeholder),
        help("close it with `}}}}`, or write `{{{{{{{{` for a literal `{{{{`")
    )]
    UnclosedPlaceholder,
    /// A placeholder that does not exist.
    #[error("unknown placeholder `{{{{{name}}}}}`")]
    #[diagnostic(code(assetctl::manifest::unknown_placeholder), help("{help}"))]
    UnknownPlaceholder {
        /// What stands between the braces.
        name: String,
        /// What may stand there.
        help: String,
    },
    /// A placeholder that has no value where it stands.
    #[error("`{{{{{name}}}}}` has no value here: {reason}")]
    #[diagnostic(code(assetctl::manifest::misplaced_placeholder), help("{help}"))]
    MisplacedPlaceholder {
        /// What stands between the braces.
        name: String,
        /// Why not.
        reason: String,
        /// What to do.
        help: String,
    },
    /// A time format that is not understood.
    #[error("the time format `{format}` is not understood: {reason}")]
    #[diagnostic(
        code(assetctl::manifest::time_format),
        help("formats are those of strftime, as `%Y-%m-%d`")
    )]
    TimeFormat {
        /// The format.
        format: String,
        /// Why.
        reason: String,
    },
    /// A placeholder where the shell would not take its value as a word.
    #[error("`{{{{{name}}}}}` is {place}")]
    #[diagnostic(code(assetctl::manifest::quoted_placeholder), help("{help}"))]
    QuotedPlaceholder {
        /// What stands between the braces.
        name: String,
        /// Where: in quotes, in a here-document.
        place: &'static str,
        /// The variable to write instead.
        help: String,
    },
    /// Text that touches a placeholder of several values.
    #[error("`{{{{{name}}}}}` can be several paths, so no text can be joined to it")]
    #[diagnostic(code(assetctl::manifest::glued_placeholder), help("{help}"))]
    GluedPlaceholder {
        /// What stands between the braces.
        name: String,
        /// What to do.
        help: String,
    },
    /// Placeholders in the text of a shell whose quoting is not known.
    #[error("`{{{{{name}}}}}` cannot be quoted for `{shell}`, which is not a POSIX shell")]
    #[diagnostic(code(assetctl::manifest::foreign_shell), help("{help}"))]
    ForeignShell {
        /// What stands between the braces.
        name: String,
        /// The shell.
        shell: String,
        /// The variable to read instead.
        help: String,
    },
    /// A list of values that nobody declares.
    #[error("there is no list `{name}`")]
    #[diagnostic(code(assetctl::manifest::unknown_each), help("{help}"))]
    UnknownEach {
        /// The name.
        name: String,
        /// Similar or all lists, or how to declare one.
        help: String,
    },
    /// Values that a list cannot have.
    #[error("{message}")]
    #[diagnostic(code(assetctl::manifest::each_values), help("{help}"))]
    EachValues {
        /// What is wrong with them.
        message: String,
        /// What to do.
        help: String,
    },
    /// A placeholder for a key that a value of a list does not have.
    #[error("{message}")]
    #[diagnostic(code(assetctl::manifest::each_key), help("{help}"))]
    EachKey {
        /// Which value lacks it.
        message: String,
        /// What to do.
        help: String,
    },
    /// The name that a declaration gives one of the assets or sources that it makes.
    #[error("{message}")]
    #[diagnostic(code(assetctl::manifest::each_name), help("{help}"))]
    EachName {
        /// What is wrong with it.
        message: String,
        /// What to do.
        help: String,
    },
    /// A path that cannot be.
    #[error("{message}")]
    #[diagnostic(code(assetctl::manifest::invalid_path), help("{help}"))]
    InvalidPath {
        /// What is wrong with it.
        message: String,
        /// What to do.
        help: String,
    },
    /// An output path that is the same for several partitions.
    #[error("the path `{path}` of `{asset}` does not tell its partitions apart")]
    #[diagnostic(
        code(assetctl::manifest::partitions_share_path),
        help(
            "put `{{{{partition}}}}` into the path, or every dimension, times with a format as fine as the windows"
        )
    )]
    PartitionsSharePath {
        /// The asset.
        asset: String,
        /// The template.
        path: String,
    },
    /// Two outputs that can be the same path, or one inside the other.
    #[error("outputs of {assets} overlap")]
    #[diagnostic(
        code(assetctl::manifest::overlapping_outputs),
        help("each output needs a path of its own, and none may lie inside another")
    )]
    OverlappingOutputs {
        /// The asset, or both.
        assets: String,
    },
    /// A source or a code file that an asset makes.
    #[error("{what} of `{name}` reads an output of `{asset}`")]
    #[diagnostic(code(assetctl::manifest::source_is_output), help("{help}"))]
    SourceIsOutput {
        /// `path` or `code`.
        what: &'static str,
        /// The source or asset that names the path.
        name: String,
        /// The asset that makes it.
        asset: String,
        /// The dep to write instead.
        help: String,
    },
    /// Inputs that the command of their asset never names.
    #[error("the command of `{asset}` never names its {inputs}")]
    #[diagnostic(
        code(assetctl::manifest::unnamed_input),
        severity(Warning),
        help("name {named}, read it from a variable, or remove the dep")
    )]
    UnnamedInputs {
        /// The asset.
        asset: String,
        /// The inputs in words.
        inputs: String,
        /// What to write instead, in words.
        named: String,
    },
    /// A command with text that looks like a placeholder and is not one.
    #[error("`{written}` in the command of `{asset}` is not a placeholder")]
    #[diagnostic(
        code(assetctl::manifest::mistaken_placeholder),
        severity(Warning),
        help("write `{meant}`")
    )]
    MistakenPlaceholder {
        /// As it is written.
        written: String,
        /// The asset.
        asset: String,
        /// What was probably meant.
        meant: String,
    },
    /// An array command with what only a shell understands.
    #[error("`{written}` in the command of `{asset}` is an argument like any other")]
    #[diagnostic(
        code(assetctl::manifest::shell_syntax),
        severity(Warning),
        help("an array is run without a shell: give the command as one string")
    )]
    ShellSyntax {
        /// As it is written.
        written: String,
        /// The asset.
        asset: String,
    },
}
