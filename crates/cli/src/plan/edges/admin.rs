//! The admin interfaces of edges: what each Envoy has counted since it began. Two looks some seconds apart would have next to no errors
//! in them, and the traffic of one moment.

use std::collections::BTreeMap;
use std::time::Duration;

use humantime::format_duration;
use serde::Deserialize;

use super::{Counter, Listeners};
use crate::http_get::get_each;
use crate::problems::Failure;
use crate::runtime;

/// When it began.
const SERVER: &str = "/server_info";
/// The counters of its listeners.
const COUNTERS: &str = "/stats?filter=%5Ehttp%5C..*%5C.downstream_rq_%28total%7Ccompleted%7Crx_reset%7C5xx%7Ctime%29%24\
                        &histogram_buckets=cumulative";
/// A listener has some hundred bytes of them.
const BYTES_MAX: usize = 16 << 20;
/// Of the kinds of clients of a listener, whose requests are among those of all.
const KINDS: &str = ".user_agent.";

/// Of all these Envoys together, and since when the youngest of them has counted.
pub fn read(addresses: &[String]) -> Result<(Listeners, String), Failure> {
    let runtime = runtime::of_this_thread()?;
    let (mut all, mut ages) = (Listeners::new(), Vec::new());
    for address in addresses {
        let answers = runtime.block_on(get_each(address, [SERVER, COUNTERS], BYTES_MAX));
        let [server, counters] = answers.map_err(|error| {
            Failure::Usage(format!("{error}; the address of the admin interface of an Envoy is meant"))
        })?;
        let age = age(&server).ok_or_else(|| {
            Failure::Usage(format!("http://{address}{SERVER}: does not say since when it runs, as an Envoy does"))
        })?;
        if age.is_zero() {
            return Err(Failure::Usage(format!(
                "{address}: this Envoy has begun just now; wait until it has had requests"
            )));
        }
        let listeners = parse(&String::from_utf8_lossy(&counters), age);
        if listeners.is_empty() {
            return Err(Failure::Usage(format!(
                "http://{address}/stats: no http.….downstream_rq_total is there; Istio leaves them out unless proxyStatsMatcher has \
                 them in; or give --rate and --errors"
            )));
        }
        listeners.iter().for_each(|(name, counted)| all.entry(name.clone()).or_default().add(counted));
        ages.push(age);
    }
    let youngest = ages.iter().min().copied().unwrap_or_default();
    let age = format_duration(youngest);
    let since = if ages.len() == 1 {
        format!("since it began {age} ago")
    } else {
        format!("since they began {age} or more ago")
    };
    Ok((all, since))
}

/// How long it runs, with all processes that handed over to each other.
fn age(server: &[u8]) -> Option<Duration> {
    #[derive(Deserialize)]
    struct Server {
        uptime_all_epochs: String,
    }
    let server: Server = serde_json::from_slice(server).ok()?;
    let seconds = server.uptime_all_epochs.strip_suffix('s')?.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// The counters of each listener of an Envoy that is so old.
fn parse(counters: &str, age: Duration) -> Listeners {
    let mut listeners = Listeners::new();
    for line in counters.lines() {
        let Some((name, value)) = line.split_once(": ") else { continue };
        let name = name.strip_prefix("http.").filter(|name| !name.contains(KINDS));
        let Some((listener, kind)) = name.and_then(|name| name.rsplit_once(".downstream_rq_")) else { continue };
        let counter = match kind {
            "total" => Counter::Total,
            "completed" => Counter::Completed,
            "rx_reset" => Counter::Reset,
            "5xx" => Counter::Error,
            "time" => Counter::Timed,
            _ => continue,
        };
        let counts = &mut listeners.entry(listener.to_owned()).or_default().counts;
        match counter {
            Counter::Timed => times(value, counts),
            counter => counts.extend(value.parse::<u64>().map(|count| (counter, count as f64))),
        }
    }
    for counted in listeners.values_mut() {
        counted.envoys = 1;
        counted.per_second = counted.counts.get(&Counter::Total).map_or(0.0, |total| total / age.as_secs_f64());
    }
    listeners.retain(|_, counted| counted.counts.contains_key(&Counter::Total));
    listeners
}

/// A histogram, as `B500(3,40)`: of the last seconds, and of all the time. The last one has all.
fn times(value: &str, counts: &mut BTreeMap<Counter, f64>) {
    for bucket in value.split(' ') {
        let read = || {
            let (bound, of) = bucket.strip_prefix('B')?.strip_suffix(')')?.split_once('(')?;
            Some((bound.parse::<f64>().ok()?, of.split_once(',')?.1.parse::<f64>().ok()?))
        };
        let Some((bound, count)) = read() else { continue };
        counts.insert(Counter::Timed, count);
        if bound.fract() == 0.0 {
            counts.insert(Counter::Within(bound as u64), count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHOWN: &str = "http.admin.downstream_rq_total: 8\n\
        http.edge.a.downstream_rq_5xx: 3\nhttp.edge.a.downstream_rq_completed: 398\nhttp.edge.a.downstream_rq_rx_reset: 5\n\
        http.edge.a.downstream_rq_total: 400\nhttp.edge.a.user_agent.ios.downstream_rq_total: 17\nno colon\n\
        http.new.downstream_rq_time: No recorded values\nhttp.new.downstream_rq_total: 0\n\
        http.edge.a.downstream_rq_time: B0.5(0,11) B250(0,380) B500(0,390) B3.6e+06(1,400)\n";

    #[test]
    fn counters_are_those_of_each_listener_since_its_envoy_began() {
        let age = age(br#"{"version": "x", "uptime_current_epoch": "10s", "uptime_all_epochs": "20s"}"#).unwrap();
        let listeners = parse(SHOWN, age);
        assert_eq!(listeners.keys().collect::<Vec<_>>(), ["admin", "edge.a", "new"]);
        let edge = &listeners["edge.a"];
        // Two of 400 had no response, and five were reset: three of them in their response.
        assert_eq!((edge.unanswered(), edge.all(), edge.rate()), (Some(2.0), Some(400.0), Some(20.0)));
        assert_eq!(
            (edge.over(250), edge.over(500), edge.over(1_000)),
            (Some((20.0, 400.0)), Some((10.0, 400.0)), None)
        );
        assert_eq!((edge.counts[&Counter::Error], listeners["new"].rate()), (3.0, None));
        assert_eq!(super::age(b"{}"), None);
    }
}
