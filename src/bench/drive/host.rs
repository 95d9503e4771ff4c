//! The machine, as far as a result depends on it.

use std::fs::read_to_string;

use crate::bench::result::Host;

/// Asks `/proc` about this machine. What it does not tell is `unknown`.
pub fn host() -> Host {
    let kernel = |name: &str| {
        let text = read_to_string(format!("/proc/sys/kernel/{name}")).unwrap_or_default();
        if text.trim().is_empty() { "unknown".to_owned() } else { text.trim().to_owned() }
    };
    let field = |file: &str, name: &str| {
        let text = read_to_string(file).unwrap_or_default();
        let line = text.lines().find(|line| line.split(':').next().map(str::trim) == Some(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let kib = field("/proc/meminfo", "MemTotal").and_then(|text| text.split(' ').next()?.parse::<u64>().ok());
    Host {
        name: kernel("hostname"),
        os: format!("{} {}", kernel("ostype"), kernel("osrelease")),
        cpu: field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned()),
        cores: std::thread::available_parallelism()
            .map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(u32::MAX)),
        memory_bytes: kib.unwrap_or(0) * 1024,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_known() {
        let host = host();
        assert!(host.cores > 0 && host.memory_bytes > 1 << 20 && host.os.starts_with("Linux"), "{host:?}");
    }
}
