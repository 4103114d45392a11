//! What a job sets, with the values of its params.

use std::collections::BTreeMap;

use crate::manifest::config;
use crate::manifest::run_config::words::nested;
use crate::manifest::run_config::{Call, Source};
use crate::model::{
    AssetConfig, ConfigLayer, ConfigOrigin, ConfigPath, ConfigValue, Job, JobSetting, JobValue,
    Location, ParamPiece, Setting, SettingEntry, SettingTable,
};

/// The values of params; nothing for one that has none.
type ParamValues = BTreeMap<String, Option<Setting>>;

impl Call<'_> {
    /// Takes a layer of params.
    pub(super) fn params(&mut self, settings: SettingTable, at: (&ConfigPath, Location)) {
        let Some(params) = &mut self.params else {
            let (message, help) = match &self.job {
                Some(job) => (
                    format!("the job `{job}` has no params"),
                    "set values of assets: `ASSET.KEY=VALUE`",
                ),
                None => (
                    "params are of a job, and no job is named".to_owned(),
                    "a value of an asset is set as `ASSET.KEY=VALUE`",
                ),
            };
            return self.report(at, message, help);
        };
        let layer = ConfigLayer {
            origin: self.source.values,
            partition: None,
            settings,
        };
        let mut faults = Vec::new();
        params.add(layer, &mut faults);
        for fault in faults {
            if fault.location == Location::default() {
                let heading = format!("{}params", self.source.prefix);
                config::report_without_place(fault, &heading, &mut self.problems);
            } else {
                config::report(fault, "params", &mut self.problems);
            }
        }
    }

    /// What a job sets. Its places are those of the manifest; `placed` gives what stands for each.
    pub(super) fn job(&mut self, job: &Job, placed: impl Fn(Location) -> Location) {
        let values = self.params.as_ref().map(values).unwrap_or_default();
        self.source = Source {
            values: ConfigOrigin::Job,
            of_partitions: ConfigOrigin::JobPartition,
            prefix: format!("job {}: ", job.name),
        };
        for config in &job.configs {
            let path = ConfigPath::new(vec!["asset".to_owned(), config.name.clone()]);
            let id = self.find((&config.name, placed(config.location)), &path);
            let settings = config.values.iter();
            let settings = settings.filter_map(|value| substituted(value, &values, &placed));
            for table in settings {
                self.add(id, config.partition.clone(), table);
            }
        }
        for config in &job.resources {
            let path = ConfigPath::new(vec!["resource".to_owned(), config.name.clone()]);
            let index = self.find_resource((&config.name, placed(config.location)), &path);
            let settings = config.values.iter();
            let settings = settings.filter_map(|value| substituted(value, &values, &placed));
            for table in settings {
                self.add_of_resource(index, table);
            }
        }
        for input in &job.inputs {
            if let Some(path) = text(&input.path, &values) {
                self.input(&input.name, &path, placed(input.location));
            }
        }
    }

    /// The params of the job that have a value.
    pub(super) fn param_values(&self) -> Option<Vec<(String, Setting)>> {
        let params = self.params.as_ref()?;
        let mut values = values(params);
        let names = params.schema.iter();
        let value = |(name, _): &(String, _)| Some((name.clone(), values.remove(name)??));
        Some(names.filter_map(value).collect())
    }

    /// Reports params that have to have a value and have none.
    pub(super) fn missing_params(&mut self) {
        let Some(params) = &self.params else { return };
        let values = values(params);
        let missing = params.schema.iter().filter(|(name, schema)| {
            schema.required && values.get(name).is_none_or(Option::is_none)
        });
        let missing: Vec<String> = missing.map(|(name, _)| name.clone()).collect();
        for name in missing {
            let path = ConfigPath::new(vec!["params".to_owned(), name.clone()]);
            let message = "the param has no value and no default";
            let help = format!("set it: `--set {name}=VALUE`");
            self.report((&path, Location::default()), message, help);
        }
    }
}

/// What the layers of params come to.
fn values(params: &AssetConfig) -> ParamValues {
    let value = |name: &str| {
        let layers = params.layers.iter();
        let mut entries = layers.flat_map(|layer| &layer.settings);
        let set = entries.find(|entry| entry.key == name);
        set.map(|entry| entry.setting.clone())
    };
    let each = params.schema.iter().map(|(name, schema)| {
        let default = schema.default.clone();
        let default = default.map(|it| Setting::of_value(it, schema.location));
        (name.clone(), value(name).or(default))
    });
    each.collect()
}

/// A value of a job as a layer sets it; `None` where a param of it has no value.
fn substituted(
    value: &JobValue,
    values: &ParamValues,
    placed: &impl Fn(Location) -> Location,
) -> Option<SettingTable> {
    let setting = match &value.setting {
        JobSetting::Plain(setting) => setting.clone(),
        JobSetting::OfParams(pieces) => match pieces.as_slice() {
            [ParamPiece::Param(name)] => values.get(name)?.clone()?,
            pieces => Setting::Value(ConfigValue::Text(text(pieces, values)?)),
        },
    };
    let mut table = nested(&value.keys, setting);
    place(
        &mut table,
        (placed(value.key_location), placed(value.location)),
    );
    Some(table)
}

/// A text with the values of its params.
fn text(pieces: &[ParamPiece], values: &ParamValues) -> Option<String> {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            ParamPiece::Text(literal) => text.push_str(literal),
            ParamPiece::Param(name) => match values.get(name)?.as_ref()? {
                Setting::Value(value) => text.push_str(&value.scalar()?),
                _ => return None,
            },
        }
    }
    Some(text)
}

fn place(table: &mut [SettingEntry], (key, value): (Location, Location)) {
    for entry in table {
        (entry.key_location, entry.location) = (key, value);
        if let Setting::Table(inner) = &mut entry.setting {
            place(inner, (key, value));
        }
    }
}
