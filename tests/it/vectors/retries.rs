//! The reference's retry policies and the attempts that it makes.

use std::fs;
use std::time::Duration;

use assetctl::model::{Backoff, Jitter, RetryPolicy};
use serde_json::Value;

use crate::sandbox::Sandbox;

fn vectors() -> Value {
    let text = fs::read_to_string("fixtures/vectors/retries.json").expect("the fixture is there");
    serde_json::from_str(&text).expect("the fixture is JSON")
}

fn cases<'v>(vectors: &'v Value, of: &str) -> &'v Vec<Value> {
    vectors[of].as_array().expect("a list of cases")
}

/// A policy as it is declared here.
fn declared(policy: &Value) -> String {
    let mut parts = Vec::new();
    for (ours, theirs) in [
        ("max", "max_retries"),
        ("backoff", "backoff"),
        ("jitter", "jitter"),
    ] {
        let value = &policy[theirs];
        if !value.is_null() {
            parts.push(format!("{ours} = {value}"));
        }
    }
    if let Some(delay) = policy["delay"].as_f64().filter(|delay| *delay > 0.0) {
        parts.push(format!("delay = \"{delay}s\""));
    }
    format!("{{ {} }}", parts.join(", "))
}

fn policy(given: &Value) -> RetryPolicy {
    let max = given["max_retries"].as_u64().unwrap_or(1);
    RetryPolicy {
        delay: Duration::from_secs_f64(given["delay"].as_f64().unwrap_or(0.0)),
        backoff: match given["backoff"].as_str() {
            Some("linear") => Backoff::Linear,
            Some("exponential") => Backoff::Exponential,
            _ => Backoff::Constant,
        },
        jitter: match given["jitter"].as_str() {
            Some("full") => Some(Jitter::Full),
            Some("plus_minus") => Some(Jitter::PlusMinus),
            _ => None,
        },
        ..RetryPolicy::of(u32::try_from(max).expect("a small number"))
    }
}

/// Compares the delays before attempts, numbered from 1, of which the second is the first retry.
fn compare(id: &Value, policy: RetryPolicy, chance: f64, expected: &Value) -> usize {
    let expected = expected.as_object().expect("delays by attempt");
    for (attempt, seconds) in expected {
        let retry = attempt.parse::<u32>().expect("a number") - 1;
        let delay = policy.delay(retry, chance).as_secs_f64();
        let seconds = seconds.as_f64().expect("seconds");
        assert!(
            (delay - seconds).abs() < 1e-9,
            "{id} {attempt}: {delay}, not {seconds}"
        );
        let (low, high) = policy.interval(retry);
        assert!(
            low.as_secs_f64() <= delay && delay <= high.as_secs_f64(),
            "{id}"
        );
    }
    expected.len()
}

#[test]
fn delays_are_the_references() {
    let vectors = vectors();
    let mut compared = 0;
    for case in cases(&vectors, "formula_cases") {
        let (id, expect) = (&case["id"], &case["expect"]);
        let manifest = format!(
            "[project]\n[asset.a]\ncommand = \"true > {{{{output}}}}\"\noutputs = \"a\"\nretries = {}\n",
            declared(&case["policy"])
        );
        let project = Sandbox::new().with_file("Assets.toml", &manifest);
        let is_refused = !case["expect"]["error"].is_null();
        // The reference takes a growth of a delay that is nothing.
        let is_nothing = case["policy"]["delay"].as_f64() == Some(0.0);
        if is_nothing {
            project.run(&["validate"]).exits(2);
        } else {
            project
                .run(&["validate"])
                .exits(if is_refused { 2 } else { 0 });
        }
        if is_refused {
            continue;
        }
        let policy = policy(&case["policy"]);
        assert_eq!(expect["max_attempts"], policy.max + 1, "{id}");
        if !expect["delay_before_attempt"].is_null() {
            compared += compare(id, policy, 0.5, &expect["delay_before_attempt"]);
        }
        let by_chance = expect["delay_before_attempt_for_random"].as_object();
        for (chance, delays) in by_chance.into_iter().flatten() {
            let chance = chance.parse().expect("a number");
            compared += compare(id, policy, chance, delays);
        }
    }
    assert!(compared >= 33, "{compared}");
}

#[test]
fn attempts_are_the_references() {
    let vectors = vectors();
    for case in cases(&vectors, "run_cases") {
        let (id, expect) = (&case["id"], &case["expect"]);
        let retries = match &case["policy"] {
            Value::Null => String::new(),
            policy => format!("retries = {}", declared(policy)),
        };
        let exit = match case["failure_kind"].as_str() {
            Some("failure_no_retry") => 78,
            Some("retry_requested") => 75,
            _ => 1,
        };
        let fails = &case["fails_first_n_attempts"];
        let manifest = format!(
            "[project]\n[asset.a]\ncommand = \"echo $ASSETCTL_ATTEMPT >> seen; \
             [ $ASSETCTL_ATTEMPT -ge {fails} ] || exit {exit}; echo a > {{{{output}}}}\"\noutputs = \"a\"\n{retries}\n\
             [asset.b]\ncommand = \"cp {{{{input}}}} {{{{output}}}}\"\ndeps = [\"a\"]\noutputs = \"b\"\n"
        );
        let project = Sandbox::new().with_file("Assets.toml", &manifest);
        let succeeds = expect["run_success"] == true;
        let run = project.run(&["materialize", "--json"]);
        let run = run.exits(i32::from(!succeeds));
        let seen = fs::read_to_string(project.path("seen")).expect("it ran");
        let seen: Vec<u64> = seen
            .lines()
            .map(|it| it.parse().expect("a number"))
            .collect();
        assert_eq!(expect["attempt_numbers_seen"], Value::from(seen), "{id}");
        let events = |step: &str| -> Vec<String> {
            let events = run.stdout().lines().map(|line| {
                let event: Value = serde_json::from_str(line).expect("JSON");
                event
            });
            let of_step = events.filter(|event| event["step"] == step);
            let named = of_step.filter_map(|event| {
                let name = match event["type"].as_str()? {
                    "step_started" => "STEP_START",
                    "step_up_for_retry" => "STEP_UP_FOR_RETRY",
                    "step_restarted" => "STEP_RESTARTED",
                    "step_finished" if event["outcome"] == "failed" => "STEP_FAILURE",
                    "step_finished" => "STEP_SUCCESS",
                    _ => return None,
                };
                Some(name.to_owned())
            });
            named.collect()
        };
        assert_eq!(expect["step_events"], Value::from(events("a")), "{id}");
        let downstream = &expect["downstream_step_events"];
        assert_eq!(*downstream, Value::from(events("b")), "{id}");
    }
}
