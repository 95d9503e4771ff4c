//! Where it was measured, and with which settings.

use crate::bench::format::bytes;
use crate::bench::report::markup::Markup;
use crate::bench::result::RunResult;

/// A table, and the configuration as it is.
pub(in crate::bench::report) fn section(page: &mut Markup, title: &str, run: &RunResult) {
    let (host, server, workload) = (&run.host, &run.server, &run.workload);
    page.leaf("h2", &[], title);
    let row = |name: &str, value: String| (name.to_owned(), value);
    let mut rows = vec![
        row("host", host.name.clone()),
        row("operating system", host.os.clone()),
        row("processor", host.cpu.clone()),
        row("cores for the server", host.cores.to_string()),
        row("memory", bytes(host.memory_bytes as f64)),
        row("server", format!("{} ({})", server.version, server.profile)),
        row("commit", server.commit.clone().unwrap_or_else(|| "unknown".to_owned())),
        row("begun", run.started.clone()),
    ];
    rows.extend(host.file_system.iter().map(|kind| row("file system of the server", kind.clone())));
    rows.extend(workload.parameters.iter().map(|(name, value)| row(name, value.clone())));
    page.element("div", &[("class", &"scroll")], |page| {
        page.element("table", &[], |page| {
            page.leaf("caption", &[], "Host, server and workload");
            page.element("tbody", &[], |page| {
                for (name, value) in &rows {
                    page.element("tr", &[], |page| {
                        page.leaf("th", &[("scope", &"row")], name);
                        page.leaf("td", &[("class", &"words")], value);
                    });
                }
            });
        });
    });
    page.leaf("h3", &[], "Configuration");
    page.leaf("pre", &[("tabindex", &0)], &server.configuration.join("\n"));
}
