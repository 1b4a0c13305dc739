//! `campanile demo`: everything in one process, so that a newcomer sees a message arrive within a minute.

mod own;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use campanile_delivery::IdentityConfig;
use campanile_watcher::{Receivers, RetryDelays};
use jiff::Timestamp;
use serde_json::Value;
use tempfile::TempDir;

use super::out::say;
use super::run::Signals;
use crate::app::App;
use crate::cli::DemoFlags;
use crate::config::{Config, Destinations, ListenAddress, Objects};
use crate::demo::{
    ArrivedMessage, DemoDestination, QUICKSTART, QUICKSTART_DESTINATION, checks_page, headline, message,
    story,
};

/// How long one message may take to arrive.
const PATIENCE: Duration = Duration::from_secs(15);

pub(crate) fn demo(flags: &DemoFlags) -> Result<ExitCode> {
    actix_rt::System::new().block_on(show(flags))
}

async fn show(flags: &DemoFlags) -> Result<ExitCode> {
    let mut signals = Signals::listen()?;
    let mut destination = DemoDestination::start()?;
    let folder = TempDir::with_prefix("campanile-demo-").context("make a temporary folder")?;
    let manifests = match &flags.manifests {
        Some(own) => own.clone(),
        None => write_quickstart(folder.path(), &destination.address.to_string())?,
    };
    // What is not made for the demo names real destinations, of which none is to hear of it.
    let is_own = flags.manifests.is_some();
    let detour = is_own.then_some(destination.address);
    let app = App::start(&Config { detour, ..config(&manifests, folder.path())? }).await?;
    introduce(&app, &destination, &manifests, is_own);
    await_ready(&app).await?;
    let told = if is_own {
        own::try_alerts(&app, &mut destination, &manifests).await
    } else {
        tell(&app, &mut destination).await.map(|()| ExitCode::SUCCESS)
    };
    if flags.serve && told.is_ok() {
        let show = if is_own { own::show } else { show_arrival };
        serve(&app, &mut destination, &mut signals, show).await;
    }
    app.stop().await;
    destination.stop().await;
    told
}

/// The quickstart manifests with the destination's real address.
fn write_quickstart(folder: &Path, address: &str) -> Result<PathBuf> {
    let manifests = folder.join("quickstart");
    std::fs::create_dir(&manifests).context("write the quickstart manifests")?;
    for (name, text) in QUICKSTART {
        let text = text.replace(QUICKSTART_DESTINATION, address);
        std::fs::write(manifests.join(name), text).context("write the quickstart manifests")?;
    }
    Ok(manifests)
}

/// Every listener on a free loopback port; the state lives and dies with the demo.
fn config(manifests: &Path, folder: &Path) -> Result<Config> {
    let free: ListenAddress = "127.0.0.1:0".parse().map_err(anyhow::Error::msg)?;
    Ok(Config {
        objects: Objects::Folder(manifests.to_owned()),
        state_dir: folder.join("state"),
        events: free.clone(),
        tls: None,
        event_auth: None,
        webhooks: free.clone(),
        webhooks_tls: None,
        health: free.clone(),
        metrics: "0".parse().map_err(anyhow::Error::msg)?,
        admin: free,
        admin_hosts: Vec::new(),
        rate_limit_interval: Duration::from_secs(300),
        no_cross_namespace_refs: false,
        // Nobody posts webhooks here, and the keys of issuers are to be asked of nobody.
        receivers: Receivers::Ignore,
        retry_delays: RetryDelays::default(),
        metrics_per_object: true,
        count_paths: false,
        destinations: Destinations::default(),
        identity: IdentityConfig::default(),
        lock_wait: Duration::ZERO,
        delivery_threads: 1,
        detour: None,
    })
}

fn introduce(app: &App, destination: &DemoDestination, manifests: &Path, is_own: bool) {
    say(format_args!("Campanile demo, everything on this machine:"));
    say(format_args!("  manifests     {}", manifests.display()));
    say(format_args!("  events in     {}", events_url(app)));
    let plays = if is_own {
        "in place of every address of your Providers: nothing leaves this machine, neither messages nor Secrets"
    } else {
        "built in: it plays Slack, a Git host and your webhook"
    };
    say(format_args!("  destination   http://{}/  ({plays})", destination.address));
    say(format_args!("  operations    campanile get providers --admin-addr {}\n", app.addresses.admin));
}

async fn await_ready(app: &App) -> Result<()> {
    let url = format!("http://{}/readyz/snapshots", app.addresses.health);
    for _ in 0..200 {
        if awc::Client::default().get(&url).send().await.is_ok_and(|response| response.status().is_success())
        {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    bail!("load the manifests: the instance is not ready after 5 s")
}

async fn tell(app: &App, destination: &mut DemoDestination) -> Result<()> {
    let mut arrived = Vec::new();
    for chapter in story(Timestamp::now()) {
        say(format_args!("● {}", chapter.title));
        post(app, &chapter.event).await?;
        for _ in 0..chapter.messages {
            let next = tokio::time::timeout(PATIENCE, destination.next()).await;
            let arrival = next.ok().flatten().context("see the message arrive: nothing came within 15 s")?;
            show_arrival(&arrival);
            arrived.push(arrival);
        }
    }
    let color = std::io::stdout().is_terminal();
    say(format_args!(
        "{}
{} messages arrived, none was lost.",
        checks_page(&arrived, color),
        arrived.len()
    ));
    Ok(())
}

/// Where events come in. The demo never switches that off.
fn events_url(app: &App) -> String {
    app.addresses.events.map(|address| format!("http://{address}/")).unwrap_or_default()
}

async fn post(app: &App, event: &Value) -> Result<()> {
    let url = events_url(app);
    let answer = awc::Client::default().post(&url).send_json(event).await;
    let answer = answer.map_err(|error| anyhow::anyhow!("post an event: {error}"))?;
    ensure!(answer.status() == 202, "post an event: the endpoint answered {}", answer.status());
    let object = &event["involvedObject"];
    say(format_args!(
        "  posted   {:<7} {:<24} {}/{}",
        text(&event["severity"]),
        text(&event["reason"]),
        text(&object["kind"]),
        text(&object["name"])
    ));
    Ok(())
}

fn show_arrival(arrival: &ArrivedMessage) {
    let [kind, object, mark] = headline(arrival);
    say(format_args!("  arrived  {kind:<7} {mark:<24} {object}  at {}", arrival.path));
    say(format_args!("{}", message(arrival, std::io::stdout().is_terminal())));
}

/// Shows what arrives until a signal comes.
async fn serve(
    app: &App,
    destination: &mut DemoDestination,
    signals: &mut Signals,
    show: fn(&ArrivedMessage),
) {
    say(format_args!("\nStill up. Post an event of your own from another terminal, end with Ctrl-C:\n"));
    say(format_args!(
        "  curl -i {} -d '{{\"involvedObject\":{{\"kind\":\"Kustomization\",\"namespace\":\"flux-system\",\"name\":\"mine\"}},\"severity\":\"error\",\"reason\":\"BuildFailed\",\"message\":\"hello\"}}'\n",
        events_url(app)
    ));
    loop {
        tokio::select! {
            () = signals.next() => return,
            Some(arrival) = destination.next() => show(&arrival),
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
