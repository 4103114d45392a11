//! What `check_config` answers.

use crate::answer::ConfigReport;

/// The configuration of all assets, with all layers taken in.
///
/// Given to a request as a file of run config it resolves to itself.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.greeting]
/// # command = "echo {{config.word}} > {{output}}"
/// # outputs = "greeting.txt"
/// # config = { word = "hello" }
/// # "#)?;
/// use assetctl::{ConfigRequest, Project, check_config};
///
/// let project = Project::load(folder.path())?;
/// let resolved = check_config(&project, ConfigRequest::new().set("greeting.word", "hi"))?;
/// assert_eq!(resolved.json()["asset"]["greeting"]["config"]["word"], "hi");
/// let again = check_config(&project, ConfigRequest::new().config(resolved.toml()))?;
/// assert_eq!(again, resolved);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedConfig(ConfigReport);

impl ResolvedConfig {
    pub(super) fn new(report: ConfigReport) -> Self {
        Self(report)
    }

    /// As TOML, for a file that `--config` reads.
    #[must_use]
    pub fn toml(&self) -> &str {
        &self.0.text
    }

    /// As JSON, of the same shape.
    #[must_use]
    pub fn json(&self) -> &serde_json::Value {
        &self.0.config
    }
}
