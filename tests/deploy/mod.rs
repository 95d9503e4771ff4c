//! The files that operators deploy agree with the program: every key and metric in them exists, the times of the end add
//! up, nobody runs as root, and the operators' port is published nowhere.

mod reading;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use reading::{
    at, compose_environment, container, get, image_environment, last, list, loaded, only, seconds, text,
    unit, word,
};
use serde_json::Value;

/// What is still to be written at the end, after `server.shutdown_timeout`; the manual says so.
const LAST_WRITES: Duration = Duration::from_secs(15);

#[test]
fn the_image_is_built_of_what_is_there_by_the_rust_of_the_manifest_and_is_not_root() {
    let dockerfile = text("Dockerfile").replace("\\\n", " ");
    let ignore = text(".dockerignore");
    let let_in: Vec<&str> = ignore.lines().filter_map(|line| line.strip_prefix('!')).collect();
    assert!(ignore.lines().any(|line| line == "*"), "everything is left out but what is named");
    let mut copied = 0;
    for line in dockerfile.lines().filter_map(|line| line.strip_prefix("COPY ")) {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.iter().any(|word| word.starts_with("--from=")) {
            continue;
        }
        let paths: Vec<&str> = words.iter().copied().filter(|word| !word.starts_with("--")).collect();
        let (_, sources) = paths.split_last().expect("COPY has a destination");
        for source in sources {
            copied += 1;
            assert!(at(source).exists(), "COPY {source}: it is not there");
            assert!(let_in.contains(source), "COPY {source}: .dockerignore keeps it away");
        }
    }
    assert!(copied >= 8, "only {copied} paths are copied");

    let manifest = text("Cargo.toml");
    let rust = manifest.lines().find_map(|line| line.strip_prefix("rust-version = ")).expect("it is there");
    let bases: Vec<&str> = dockerfile.lines().filter_map(|line| line.strip_prefix("FROM ")).collect();
    assert!(bases[0].starts_with(&format!("rust:{}-", rust.trim_matches('"'))), "{bases:?}");
    for base in &bases {
        let (name, tag) = base.split(' ').next().and_then(|base| base.split_once(':')).expect("a tag");
        assert!(tag.starts_with(|c: char| c.is_ascii_digit()), "{name}: {tag} moves");
    }
    let user = dockerfile.lines().filter_map(|line| line.strip_prefix("USER ")).next_back();
    let user = user.expect("USER").split(':').next().expect("a part");
    assert!(user.parse::<u32>().expect("a number, for runAsNonRoot") > 0);
    assert!(dockerfile.contains("\nHEALTHCHECK "));
    let config = loaded("Dockerfile", None, &image_environment());
    assert_eq!(dockerfile.matches("\nEXPOSE ").count(), 1);
    assert!(dockerfile.contains(&format!("\nEXPOSE {}\n", config.server.bind.port())));
}

#[test]
fn compose_is_a_configuration_and_publishes_only_the_public_port_on_loopback() {
    let compose = only("compose.yaml");
    let ours = get(&compose, "/services/guardhouse");
    let mut environment = image_environment();
    environment.extend(compose_environment(ours));
    let config = loaded("compose.yaml", None, &environment);

    for (name, service) in get(&compose, "/services").as_object().unwrap() {
        let ports = service.get("ports").map_or(&[][..], |ports| ports.as_array().expect("a list"));
        for port in ports.iter().map(|port| port.as_str().expect("HOST:PORT:PORT")) {
            let wanted = format!("127.0.0.1:{0}:{0}", config.server.bind.port());
            assert!(name == "guardhouse" && port == wanted, "{name} publishes {port}");
        }
        assert!(service.get("healthcheck").is_some(), "{name} has no health check");
        let image = word(service, "/image");
        let tag = image.split_once(':').expect("a tag").1;
        assert!(tag.starts_with(|c: char| c.is_ascii_digit()), "{image} moves");
    }
    for (name, how) in get(ours, "/depends_on").as_object().unwrap() {
        assert_eq!(word(how, "/condition"), "service_healthy", "{name}");
    }
    assert!(seconds(word(ours, "/stop_grace_period")) >= config.server.shutdown_timeout + LAST_WRITES);
    let files = get(ours, "/ulimits/nofile/soft").as_u64().unwrap();
    assert!(files >= config.server.max_connections as u64 + u64::from(config.database.pool) + 200);
    assert_eq!(get(ours, "/read_only"), true);
    assert_eq!(word(ours, "/cap_drop/0"), "ALL");
    assert!(ours.get("user").is_none_or(|user| user != "root" && user != "0"));

    let redis = list(&compose, "/services/redis/command");
    let policy = redis.iter().position(|word| word == "--maxmemory-policy").expect("a policy");
    assert_eq!(redis[policy + 1], "noeviction");

    let defined: BTreeSet<&String> = get(&compose, "/secrets").as_object().unwrap().keys().collect();
    for (name, value) in environment.iter().filter(|(name, _)| name.ends_with("_FILE")) {
        let secret = value.strip_prefix("/run/secrets/").expect("a secret");
        assert!(defined.contains(&secret.to_owned()), "{name}: there is no secret {secret}");
        assert!(list(ours, "/secrets").iter().any(|given| given == secret), "{name}: {secret} is not given");
    }
}

#[test]
fn the_unit_is_hardened_and_waits_for_the_end() {
    let unit = unit("config/systemd/guardhouse.service");
    let environment = unit.get("Service.Environment").into_iter().flatten().map(|setting| {
        let (name, value) = setting.split_once('=').expect("NAME=VALUE");
        (name.to_owned(), value.to_owned())
    });
    let site = text("config/production.example.toml");
    let config = loaded("guardhouse.service", Some(&site), &environment.collect());
    assert_eq!(config.data_dir, Path::new("/var/lib").join(last(&unit, "Service.StateDirectory")));
    assert!(seconds(last(&unit, "Service.TimeoutStopSec")) >= config.server.shutdown_timeout + LAST_WRITES);
    let files: usize = last(&unit, "Service.LimitNOFILE").parse().unwrap();
    assert!(files >= config.server.max_connections + config.database.pool as usize + 200);
    for (key, wanted) in [
        ("User", "guardhouse"),
        ("Type", "notify"),
        ("ExecReload", "/bin/kill -HUP $MAINPID"),
        ("CapabilityBoundingSet", ""),
        ("NoNewPrivileges", "true"),
        ("MemoryDenyWriteExecute", "true"),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "true"),
        ("PrivateTmp", "true"),
        ("PrivateDevices", "true"),
        ("StateDirectoryMode", "0700"),
        ("UMask", "0077"),
        ("RestartPreventExitStatus", "2"),
    ] {
        assert_eq!(last(&unit, &format!("Service.{key}")), wanted, "{key}");
    }
    let filter = &unit["Service.SystemCallFilter"];
    assert!(filter.iter().any(|set| set == "@system-service"), "{filter:?}");
    assert!(!filter.iter().any(|set| set == "~@resources"), "hashing.niceness would do nothing");
}

#[test]
fn the_sockets_are_those_that_the_server_would_take_itself() {
    let sockets = unit("config/systemd/guardhouse.socket");
    let server = guardhouse::config::Config::defaults().server;
    assert_eq!(sockets["Socket.ListenStream"], [server.bind.to_string(), server.ops_bind.to_string()]);
}

#[test]
fn the_pods_are_restricted_probed_and_given_the_time_to_end() {
    let deployment = only("config/kubernetes/deployment.yaml");
    let container = container(&deployment);
    let map = only("config/kubernetes/configmap.yaml");
    let mut environment = image_environment();
    for variable in list(container, "/env") {
        environment.insert(word(variable, "/name").to_owned(), word(variable, "/value").to_owned());
    }
    let config = loaded("configmap.yaml", Some(word(&map, "/data/site.toml")), &environment);

    let pod = get(&deployment, "/spec/template/spec");
    let pause = list(container, "/lifecycle/preStop/exec/command");
    assert_eq!(pause[0], "sleep");
    let pause = seconds(pause[1].as_str().unwrap());
    let grace = Duration::from_secs(get(pod, "/terminationGracePeriodSeconds").as_u64().unwrap());
    assert!(grace >= pause + config.server.shutdown_timeout + LAST_WRITES, "{grace:?}");

    let ports = list(container, "/ports");
    let port = |name: &str| {
        let port = ports.iter().find(|port| word(port, "/name") == name).expect("it is named");
        get(port, "/containerPort").as_u64().unwrap()
    };
    assert_eq!(port("http"), u64::from(config.server.bind.port()));
    assert_eq!(port("ops"), u64::from(config.server.ops_bind.port()));
    for (probe, path) in [("startupProbe", "live"), ("livenessProbe", "live"), ("readinessProbe", "ready")] {
        assert_eq!(word(container, &format!("/{probe}/httpGet/path")), format!("/health/{path}"));
    }

    assert_eq!(get(pod, "/securityContext/runAsNonRoot"), true);
    assert!(get(pod, "/securityContext/runAsUser").as_u64().unwrap() > 0);
    assert_eq!(word(pod, "/securityContext/seccompProfile/type"), "RuntimeDefault");
    assert_eq!(get(container, "/securityContext/allowPrivilegeEscalation"), false);
    assert_eq!(get(container, "/securityContext/readOnlyRootFilesystem"), true);
    assert_eq!(word(container, "/securityContext/capabilities/drop/0"), "ALL");
    let namespace = only("config/kubernetes/namespace.yaml");
    assert_eq!(get(&namespace, "/metadata/labels/pod-security.kubernetes.io~1enforce"), "restricted");
}

#[test]
fn the_operators_port_is_in_no_service_and_open_to_the_monitoring_alone() {
    let service = only("config/kubernetes/service.yaml");
    for port in list(&service, "/spec/ports") {
        assert_eq!(word(port, "/targetPort"), "http");
    }
    let policy = only("config/kubernetes/networkpolicy.yaml");
    let mut seen = 0;
    for rule in list(&policy, "/spec/ingress") {
        if !list(rule, "/ports").iter().any(|port| get(port, "/port") == 9090) {
            continue;
        }
        seen += 1;
        assert_eq!(list(rule, "/ports").len(), 1);
        let from = list(rule, "/from");
        assert_eq!(from.len(), 1);
        let namespace = get(&from[0], "/namespaceSelector/matchLabels/kubernetes.io~1metadata.name");
        assert_eq!(namespace, "monitoring");
    }
    assert_eq!(seen, 1);
}

#[test]
fn every_manifest_belongs_together() {
    let kustomization = only("config/kubernetes/kustomization.yaml");
    let listed: BTreeSet<&str> =
        list(&kustomization, "/resources").iter().map(|file| file.as_str().unwrap()).collect();
    let deployment = only("config/kubernetes/deployment.yaml");
    let labels = get(&deployment, "/spec/template/metadata/labels");
    for file in fs::read_dir(at("config/kubernetes")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let manifest = only(&format!("config/kubernetes/{name}"));
        if name == "kustomization.yaml" {
            continue;
        }
        assert_eq!(listed.contains(name.as_str()), !name.contains(".example."), "{name}");
        for pointer in ["/spec/selector/matchLabels", "/spec/podSelector/matchLabels"] {
            if let Some(selector) = manifest.pointer(pointer) {
                assert_eq!(selector, labels, "{name} selects other pods");
            }
        }
    }
    let secret = only("config/kubernetes/secret.example.yaml");
    let keys = get(&secret, "/stringData").as_object().unwrap();
    let map = only("config/kubernetes/configmap.yaml");
    let site = word(&map, "/data/site.toml");
    for file in site.split('"').filter_map(|text| text.strip_prefix("/etc/guardhouse/secrets/")) {
        assert!(keys.contains_key(file), "the example of the Secret lacks {file}");
    }
}

/// The names in `text` that look like ours.
fn metrics_in(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let ours = words.filter(|word| word.starts_with("guardhouse_") || word.starts_with("auth_"));
    ours.map(|word| {
        // What Prometheus makes of a histogram.
        let end = ["_bucket", "_count", "_sum"].into_iter().find_map(|end| word.strip_suffix(end));
        end.unwrap_or(word).to_owned()
    })
    .collect()
}

/// The names that the code counts, sets or records.
fn metrics_of_the_program() -> BTreeSet<String> {
    let (mut found, mut folders) = (BTreeSet::new(), vec![at("src")]);
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let source = fs::read_to_string(&path).unwrap_or_default();
            for call in ["counter!(", "gauge!(", "histogram!("] {
                let names = source.split(call).skip(1).filter_map(|rest| rest.trim_start().strip_prefix('"'));
                found.extend(names.filter_map(|rest| rest.split('"').next()).map(str::to_owned));
            }
        }
    }
    assert!(found.len() > 20, "{found:?}");
    found
}

#[test]
fn every_metric_is_in_the_catalogue_and_the_catalogue_names_no_other() {
    let catalogue = text("src/telemetry/metrics.rs");
    let ours = |word: &&str| word.starts_with("guardhouse_") || word.starts_with("auth_");
    let described: BTreeSet<_> = catalogue.split('"').filter(ours).map(str::to_owned).collect();
    assert_eq!(metrics_of_the_program(), described);
}

#[test]
fn alerts_and_the_dashboard_ask_for_metrics_that_there_are() {
    let alerts = only("config/prometheus/alerts.yml");
    let (mut names, mut asked) = (BTreeSet::new(), BTreeSet::new());
    for rule in list(&alerts, "/groups").iter().flat_map(|group| list(group, "/rules")) {
        assert!(names.insert(word(rule, "/alert").to_owned()), "{rule} is there twice");
        assert!(rule.pointer("/annotations/summary").is_some() && rule.pointer("/labels/severity").is_some());
        asked.extend(metrics_in(word(rule, "/expr")));
    }
    let tests = only("config/prometheus/alerts.test.yml");
    for case in list(&tests, "/tests").iter().flat_map(|test| list(test, "/alert_rule_test")) {
        assert!(names.contains(word(case, "/alertname")), "{case} tests an alert that is not there");
    }

    let dashboard: Value = serde_json::from_str(&text("config/grafana/dashboard.json")).unwrap();
    for panel in list(&dashboard, "/panels") {
        for target in panel.get("targets").and_then(Value::as_array).into_iter().flatten() {
            asked.extend(metrics_in(word(target, "/expr")));
        }
    }
    let (there, manual) = (metrics_of_the_program(), text("docs/deploy.md"));
    let made_up: Vec<_> = asked.difference(&there).collect();
    assert!(made_up.is_empty() && asked.len() > 20, "no such metrics: {made_up:?}");
    let alerts_named = manual.split(|c: char| !c.is_ascii_alphanumeric());
    for name in alerts_named.filter(|word| word.starts_with("Guardhouse") && word.len() > "Guardhouse".len())
    {
        assert!(names.contains(name), "docs/deploy.md names an alert {name} that is not there");
    }
}
