//! The machine, as far as a result depends on it.

use std::fs::read_to_string;
use std::path::Path;

use crate::bench::result::Host;

/// Asks `/proc` about this machine, and on what the server's files lie where that is known. What it does not tell is
/// `unknown`.
pub fn host(directory: Option<&Path>) -> Host {
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
        file_system: directory.map(|directory| {
            let mounts = read_to_string("/proc/self/mountinfo").unwrap_or_default();
            file_system(&mounts, directory).unwrap_or_else(|| "unknown".to_owned())
        }),
    }
}

/// The type of the file system that `directory` is on, of these `mounts` (proc_pid_mountinfo(5)).
fn file_system(mounts: &str, directory: &Path) -> Option<String> {
    let mounts = mounts.lines().filter_map(|line| {
        let (mount, source) = line.split_once(" - ")?;
        Some((Path::new(mount.split(' ').nth(4)?), source.split(' ').next()?))
    });
    // Of two on one place the later one hides the other.
    let inner = mounts.filter(|(place, _)| directory.starts_with(place));
    inner.max_by_key(|(place, _)| place.components().count()).map(|(_, kind)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_mount_is_the_one_a_file_is_on() {
        let mounts = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
                      30 22 0:26 / /tmp rw shared:2 - tmpfs tmpfs rw\n\
                      31 22 8:2 / /tmpfiles rw - xfs /dev/sdb rw\n";
        let of = |path| file_system(mounts, Path::new(path));
        assert_eq!(of("/tmp/bench").as_deref(), Some("tmpfs"));
        assert_eq!(of("/var/tmp").as_deref(), Some("ext4"));
        assert_eq!(of("relative"), None);
    }

    #[test]
    fn this_machine_is_known() {
        let host = host(Some(Path::new("/proc/self")));
        assert_eq!(host.file_system.as_deref(), Some("proc"));
        assert!(host.cores > 0 && host.memory_bytes > 1 << 20 && host.os.starts_with("Linux"), "{host:?}");
    }
}
