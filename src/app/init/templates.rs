//! The files of new projects. Each runs with a POSIX shell, and those with scripts with the standard library of Python 3.

use crate::model::InitTemplate;

/// The content of a template.
#[derive(Clone, Copy, Debug)]
pub(super) struct TemplateContent {
    /// The manifest, below the project's name.
    pub manifest: &'static str,
    /// Paths and texts of all other files.
    pub files: &'static [(&'static str, &'static str)],
    /// What to do next.
    pub hint: &'static str,
}

impl TemplateContent {
    /// The content of this template.
    pub(super) fn of(template: InitTemplate) -> Self {
        match template {
            InitTemplate::Example => EXAMPLE,
            InitTemplate::Etl => ETL,
            InitTemplate::Ml => ML,
            InitTemplate::Empty => EMPTY,
        }
    }
}

const EMPTY: TemplateContent = TemplateContent {
    manifest: "",
    files: &[],
    hint: "declare an asset in Assets.toml, then run `assetctl materialize`",
};

const EXAMPLE: TemplateContent = TemplateContent {
    manifest: include_str!("example/Assets.toml"),
    files: &[("data/raw.csv", include_str!("example/raw.csv"))],
    hint: "`assetctl materialize` makes both assets; run it again, and nothing runs",
};

const ETL: TemplateContent = TemplateContent {
    manifest: include_str!("etl/Assets.toml"),
    files: &[
        ("data/customers.csv", include_str!("etl/data/customers.csv")),
        (
            "data/orders/2024-03-01.csv",
            include_str!("etl/data/orders/2024-03-01.csv"),
        ),
        (
            "data/orders/2024-03-02.csv",
            include_str!("etl/data/orders/2024-03-02.csv"),
        ),
        (
            "data/orders/2024-03-03.csv",
            include_str!("etl/data/orders/2024-03-03.csv"),
        ),
        ("data/products.csv", include_str!("etl/data/products.csv")),
        ("steps/clean.py", include_str!("etl/steps/clean.py")),
        ("steps/load.py", include_str!("etl/steps/load.py")),
        ("steps/newest.py", include_str!("etl/steps/newest.py")),
        ("steps/report.py", include_str!("etl/steps/report.py")),
    ],
    hint: "`assetctl materialize` makes build/report.csv; `assetctl graph` shows from what",
};

const ML: TemplateContent = TemplateContent {
    manifest: include_str!("ml/Assets.toml"),
    files: &[
        ("params.yaml", include_str!("ml/params.yaml")),
        ("steps/model.py", include_str!("ml/steps/model.py")),
        ("steps/points.py", include_str!("ml/steps/points.py")),
        ("steps/rank.py", include_str!("ml/steps/rank.py")),
        ("steps/score.py", include_str!("ml/steps/score.py")),
        ("steps/split.py", include_str!("ml/steps/split.py")),
        ("steps/train.py", include_str!("ml/steps/train.py")),
    ],
    hint: "`assetctl materialize` trains all models and makes build/ranking.csv; `assetctl graph` shows from what",
};
