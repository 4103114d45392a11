//! Resources that a program gives to a call: values, and functions around the steps that need them.

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use crate::executor::Cancel;
use crate::manifest::GivenText;
use crate::model::{Name, RunId};

/// Why a function of a [`Resource`] has failed: any error, or a text.
///
/// ```
/// let error: assetctl::ResourceError = "the port is taken".into();
/// ```
pub type ResourceError = Box<dyn Error + Send + Sync>;
type SetUp =
    dyn Fn(&ResourceContext<'_>) -> Result<Vec<(String, String)>, ResourceError> + Send + Sync;
type TearDown = dyn Fn(&ResourceContext<'_>) -> Result<(), ResourceError> + Send + Sync;

/// A resource that a program gives to a call, under a name that assets list in `resources`.
///
/// Its values are part of the code version of these assets, as those of `[resource.NAME.config]` are; its functions are not.
/// They run around the steps that need the resource: [`setup`](Self::setup) before the first one, and
/// [`teardown`](Self::teardown) after the last one.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// # std::fs::write(folder.path().join("Assets.toml"), r#"
/// # [project]
/// # [asset.rows]
/// # command = "echo from $SERVER > {{output}}"
/// # resources = "server"
/// # outputs = "rows.txt"
/// # "#)?;
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use assetctl::{MaterializeRequest, Project, Resource, materialize_to_memory};
///
/// let project = Project::load(folder.path())?;
/// let runs = Arc::new(AtomicBool::new(false));
/// let (begins, ends) = (runs.clone(), runs.clone());
/// let server = Resource::new("schema = 'test'")
///     .setup(move |server| {
///         begins.store(true, Ordering::Relaxed);
///         let schema = server.config()["schema"].as_str().unwrap_or_default();
///         Ok(vec![("SERVER".to_owned(), format!("localhost/{schema}"))])
///     })
///     .teardown(move |_| {
///         ends.store(false, Ordering::Relaxed);
///         Ok(())
///     });
/// let request = MaterializeRequest::new().resource("server", server);
/// let result = materialize_to_memory(&project, request)?;
/// assert_eq!(&*result.output("rows", None, None)?.bytes()?, b"from localhost/test\n");
/// assert!(!runs.load(Ordering::Relaxed));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Resource {
    table: String,
    setup: Option<Arc<SetUp>>,
    teardown: Option<Arc<TearDown>>,
}

impl Resource {
    /// A resource with these values: a table as TOML text, which may be empty. The call that takes it reports what is wrong
    /// with it, as `assetctl::manifest::…`.
    ///
    /// ```
    /// let warehouse = assetctl::Resource::new("host = 'localhost'\nport = 5432");
    /// ```
    #[must_use]
    pub fn new(table: impl Into<String>) -> Self {
        Self {
            table: table.into(),
            setup: None,
            teardown: None,
        }
    }

    /// The same as [`new`](Self::new), for a resource that has values and no functions.
    ///
    /// ```
    /// let warehouse = assetctl::Resource::value("host = 'localhost'");
    /// ```
    #[must_use]
    pub fn value(table: impl Into<String>) -> Self {
        Self::new(table)
    }

    /// Runs `setup` once a run, on the thread of the first step that needs the resource. The variables that it returns reach
    /// the commands of all these steps; they are recorded nowhere. If it fails or panics, these steps are blocked.
    ///
    /// ```
    /// use assetctl::Resource;
    ///
    /// let server = Resource::new("").setup(|_| Ok(vec![("PGPORT".to_owned(), "5433".to_owned())]));
    /// ```
    #[must_use]
    pub fn setup(
        mut self,
        setup: impl Fn(&ResourceContext<'_>) -> Result<Vec<(String, String)>, ResourceError>
        + Send
        + Sync
        + 'static,
    ) -> Self {
        self.setup = Some(Arc::new(setup));
        self
    }

    /// Runs `teardown` once in each run that has begun to set the resource up, after the last step: also where the setup or a
    /// step has failed or panicked, and after an interrupt. If it fails, that is a warning.
    ///
    /// ```
    /// use assetctl::Resource;
    ///
    /// let server = Resource::new("").teardown(|server| {
    ///     println!("{} stops", server.name());
    ///     Ok(())
    /// });
    /// ```
    #[must_use]
    pub fn teardown(
        mut self,
        teardown: impl Fn(&ResourceContext<'_>) -> Result<(), ResourceError> + Send + Sync + 'static,
    ) -> Self {
        self.teardown = Some(Arc::new(teardown));
        self
    }

    /// What sets it up, if something does.
    pub(crate) fn set_up(&self) -> Option<&SetUp> {
        self.setup.as_deref()
    }

    /// What tears it down, if something does.
    pub(crate) fn tear_down(&self) -> Option<&TearDown> {
        self.teardown.as_deref()
    }

    /// Whether it has one of them.
    pub(crate) fn has_functions(&self) -> bool {
        self.setup.is_some() || self.teardown.is_some()
    }
}

impl fmt::Debug for Resource {
    /// Without the values, which may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resource").finish_non_exhaustive()
    }
}

/// What a function of a [`Resource`] is told.
///
/// ```
/// use assetctl::{Resource, ResourceContext};
///
/// fn stop(server: &ResourceContext<'_>) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
///     let port = server.variable("PGPORT").ok_or("it was never set up")?;
///     println!("{} {port:?} stops after run {}", server.config()["host"], server.run_id());
///     Ok(())
/// }
/// let server = Resource::new("host = 'localhost'").teardown(stop);
/// ```
#[derive(Debug)]
pub struct ResourceContext<'a> {
    pub(crate) name: &'a Name,
    pub(crate) config: Value,
    pub(crate) run: RunId,
    pub(crate) given: &'a [(OsString, OsString)],
    pub(crate) cancel: &'a Cancel,
}

impl ResourceContext<'_> {
    /// The name of the resource.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// Its values, with those that the call and its environment set.
    #[must_use]
    pub fn config(&self) -> &Value {
        &self.config
    }

    /// The run.
    #[must_use]
    pub fn run_id(&self) -> RunId {
        self.run
    }

    /// For a teardown, a variable that the setup has returned; `None` where it failed.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&OsStr> {
        let found = self.given.iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value.as_os_str())
    }

    /// Whether the run was asked to end: a function that takes long looks at it.
    #[must_use]
    pub fn cancel(&self) -> &Cancel {
        self.cancel
    }
}

/// The resources that a program gives to a call.
#[derive(Clone, Debug, Default)]
pub struct GivenResources(Vec<(String, Resource)>);

impl GivenResources {
    /// Adds one; of two with one name the last one counts.
    pub fn add(&mut self, name: &str, resource: Resource) {
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.to_owned(), resource));
    }

    /// Whether none is given.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The one of a name.
    pub fn get(&self, name: &Name) -> Option<&Resource> {
        let found = self.0.iter().find(|(known, _)| known == name.as_str());
        found.map(|(_, resource)| resource)
    }

    /// What is declared of them, for the manifest.
    pub fn texts(&self) -> Vec<GivenText> {
        let text = |(name, resource): &(String, Resource)| {
            GivenText::of_resource(name, &resource.table, resource.has_functions())
        };
        self.0.iter().map(text).collect()
    }
}
