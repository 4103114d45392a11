//! The sections of a file of run config.

use crate::manifest::diagnostic::did_you_mean;
use crate::manifest::run_config::Call;
use crate::model::{ConfigPath, ConfigValue, ExecutorKind, PartitionKey, Setting, SettingEntry};

/// The greatest number of steps that somebody may ask for at once.
const MOST: i64 = u32::MAX as i64;

const EXECUTORS: [&str; 2] = ["in_process", "multiprocess"];

const SECTIONS: [&str; 6] = ["asset", "inputs", "execution", "log", "params", "resource"];

impl Call<'_> {
    /// The top level of a file.
    pub(super) fn top(&mut self, table: &[SettingEntry]) {
        for entry in table {
            let path = ConfigPath::new(vec![entry.key.clone()]);
            match entry.key.as_str() {
                "asset" => {
                    for asset in self.table(entry, &path) {
                        self.asset(asset);
                    }
                }
                "inputs" => {
                    for input in self.table(entry, &path) {
                        self.file_input(&input.key.clone(), input, &path.then(&input.key));
                    }
                }
                "execution" => self.execution(entry, &path),
                "log" => {
                    self.table(entry, &path);
                }
                "params" => {}
                "resource" => {
                    for resource in self.table(entry, &path) {
                        let path = path.then(&resource.key);
                        let named = (resource.key.as_str(), resource.key_location);
                        let index = self.find_resource(named, &path);
                        let settings = self.table(resource, &path).to_vec();
                        self.add_of_resource(index, settings);
                    }
                }
                other => {
                    let help = did_you_mean(other, SECTIONS, "");
                    self.report(
                        (&path, entry.key_location),
                        "there is no such section",
                        help,
                    );
                }
            }
        }
    }

    fn asset(&mut self, entry: &SettingEntry) {
        let path = ConfigPath::new(vec!["asset".to_owned(), entry.key.clone()]);
        let id = self.find((&entry.key, entry.key_location), &path);
        for inner in self.table(entry, &path) {
            let path = path.then(&inner.key);
            match inner.key.as_str() {
                "config" => {
                    let settings = self.table(inner, &path).to_vec();
                    self.add(id, None, settings);
                }
                "partition_config" => {
                    for key in self.table(inner, &path) {
                        let path = path.then(&key.key);
                        let settings = self.table(key, &path).to_vec();
                        match PartitionKey::parse(&key.key) {
                            Ok(partition) => self.add(id, Some(partition), settings),
                            Err(error) => self.report(
                                (&path, key.key_location),
                                format!("this is not a partition key: {error}"),
                                "name a key of the asset",
                            ),
                        }
                    }
                }
                "inputs" => {
                    for input in self.table(inner, &path) {
                        let path = path.then(&input.key);
                        if let Setting::Value(ConfigValue::Text(text)) = &input.setting {
                            let text = text.clone();
                            self.own_input(id, (&input.key, &text), (&path, input.location));
                        } else {
                            self.report((&path, input.location), "wanted a path", "write a text");
                        }
                    }
                }
                other => {
                    let known = ["config", "partition_config", "inputs"];
                    let help = did_you_mean(other, known, "");
                    self.report(
                        (&path, inner.key_location),
                        "there is no such section",
                        help,
                    );
                }
            }
        }
    }

    fn file_input(&mut self, name: &str, entry: &SettingEntry, path: &ConfigPath) {
        match &entry.setting {
            Setting::Value(ConfigValue::Text(text)) => {
                self.input(name, &text.clone(), entry.location);
            }
            _ => self.report((path, entry.location), "wanted a path", "write a text"),
        }
    }

    pub(super) fn execution(&mut self, entry: &SettingEntry, path: &ConfigPath) {
        let (mut in_process, mut limit) = (None, None);
        for inner in self.table(entry, path) {
            let path = path.then(&inner.key);
            match (inner.key.as_str(), &inner.setting) {
                ("executor", Setting::Value(ConfigValue::Text(executor))) => {
                    in_process = Some(executor == "in_process");
                    if !EXECUTORS.contains(&executor.as_str()) {
                        let help = did_you_mean(executor, EXECUTORS, "");
                        let message = format!("there is no executor `{executor}`");
                        self.report((&path, inner.location), message, help);
                    }
                }
                ("executor", _) => self.report(
                    (&path, inner.location),
                    "wanted exactly one executor",
                    "write `executor = \"multiprocess\"` or `executor = \"in_process\"`",
                ),
                ("max_concurrent", Setting::Value(ConfigValue::Integer(most @ 0..=MOST))) => {
                    let most = u32::try_from(*most).unwrap_or(u32::MAX);
                    limit = Some((most, path, inner.location));
                }
                ("max_concurrent", _) => self.report(
                    (&path, inner.location),
                    "wanted a whole number of at least 0",
                    "0 is the number of cores",
                ),
                ("retries", Setting::Value(ConfigValue::Boolean(retries))) => {
                    self.execution.no_retries = !*retries;
                }
                ("retries", _) => self.report(
                    (&path, inner.location),
                    "wanted a boolean",
                    "write `true` or `false`",
                ),
                (other, _) => {
                    let known = ["executor", "max_concurrent", "retries"];
                    let help = did_you_mean(other, known, "");
                    self.report((&path, inner.key_location), "there is no such key", help);
                }
            }
        }
        if let Some(in_process) = in_process {
            self.execution.executor = Some(if in_process {
                ExecutorKind::InProcess
            } else {
                ExecutorKind::Multiprocess
            });
            if in_process {
                self.execution.max_concurrent = None;
            }
        }
        let Some((most, path, location)) = limit else {
            return;
        };
        if self.execution.is_in_process() {
            self.report(
                (&path, location),
                "the executor `in_process` runs one step at a time",
                "remove `max_concurrent`, or write `executor = \"multiprocess\"`",
            );
        }
        self.execution.max_concurrent = Some(most);
    }
}
