//! Commands that print manifests.

use super::{messages, project, write};
use crate::manifest::load;

#[test]
fn commands_that_print_manifests() {
    let text = "[project]\nname = 'p'\ninclude = [{ command = ['python3', 'gen.py', '{{project}}'], inputs = 'x/*.sql', \
                to = 'gen/./Assets.toml' }]\n[asset.a]\ncommand = 'x'\n";
    let root = project(&[("Assets.toml", text)]);
    let graph = load(root.path()).expect("the file may be missing").graph;
    assert_eq!(graph.files(), ["Assets.toml"]);
    let generators = &graph.settings().generators;
    assert_eq!(generators.len(), 1);
    assert_eq!(generators[0].to, "gen/Assets.toml");
    let recipe = generators[0].asset.recipe.as_ref().expect("a command");
    assert_eq!(recipe.code.candidates, ["gen.py"]);
    write(
        root.path(),
        "gen/Assets.toml",
        b"[asset.b]\ncommand = 'x'\n",
    );
    let manifest = load(root.path()).expect("it is right");
    assert_eq!(manifest.graph.files(), ["Assets.toml", "gen/Assets.toml"]);
    let texts = [(
        "gen/Assets.toml".to_owned(),
        "[asset.c]\ncommand = 'x'\n".to_owned(),
    )];
    let with = crate::manifest::load_with(root.path(), &texts)
        .expect("it is right")
        .graph;
    assert!(with.find("c").is_some() && with.find("b").is_none());
    write(root.path(), "gen/Assets.toml", b"[asset.b\n");
    let (main, _) = crate::manifest::load_main(root.path()).expect("the main file is right");
    assert_eq!(main.settings().generators, *generators);
    for (entry, message) in [
        (
            "{ to = 'a.toml' }",
            "the generated manifest has no `command`",
        ),
        ("{ command = 'x' }", "the generated manifest has no `to`"),
        (
            "{ command = 'x', to = 'a.toml', code_version = '1' }",
            "unknown key `code_version` in the generated manifest",
        ),
        (
            "{ command = 'x', to = '../a.toml' }",
            "`../a.toml` lies outside of the project",
        ),
        (
            "{ command = 'x', to = 'Assets.toml' }",
            "`Assets.toml` is the manifest that names the command",
        ),
        (
            "{ command = 'x', to = '.git/a.toml' }",
            "`.git/a.toml` is a place where no manifest is looked for",
        ),
        (
            "{ command = 'x', to = 'Assets.lock' }",
            "`Assets.lock` is a place where no manifest is looked for",
        ),
        (
            "{ command = 'x', to = 'a.json' }",
            "`a.json` is not the name of a TOML file",
        ),
        (
            "{ command = 'x', to = 'a.toml' }, { command = 'y', to = './a.toml' }",
            "two commands print `a.toml`",
        ),
        (
            "{ command = 'x {{partition}}', to = 'a.toml' }",
            "`{{partition}}` has no value here: there are no partitions",
        ),
        (
            "1",
            "`include` must be a glob, or a table with `command` and `to`",
        ),
    ] {
        let text = format!("[project]\ninclude = [{entry}]\n");
        assert_eq!(messages(&[("Assets.toml", &text)]), [message], "{entry}");
    }
    let overlapping = "[project]\ninclude = [{ command = 'x', to = 'gen/a.toml' }]\n\
                       [asset.a]\ncommand = 'x {{output}}'\noutputs = 'gen/'\n";
    assert_eq!(messages(&[("Assets.toml", overlapping)]).len(), 1);
}
