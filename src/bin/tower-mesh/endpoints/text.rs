//! Clusters as people read them: a table each, or a line where there is nobody.

use std::{collections::BTreeMap, fmt};

use super::{Cluster, Row};

/// A cluster as people read it.
pub(super) struct Text<'c> {
    pub(super) cluster: &'c Cluster,
    /// Whether those of each endpoint are shown.
    pub(super) labels: bool,
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cluster { cluster, order, endpoints, nobody, .. } = self.cluster;
        if let Some(nobody) = nobody {
            return writeln!(f, "{cluster}: {nobody}");
        }
        let order = if order.is_empty() { String::new() } else { format!(": {order}") };
        writeln!(f, "{cluster}{order}")?;
        let table = self.table(endpoints.as_deref().unwrap_or_default());
        let column =
            |number: usize| table.iter().map(move |row| row[number].chars().count()).max().unwrap_or(0);
        let widths: Vec<_> = (0..table[0].len()).map(column).collect();
        for row in &table {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            writeln!(f, "  {}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

impl Text<'_> {
    /// Heads and rows, without the columns that say nothing.
    fn table(&self, rows: &[Row]) -> Vec<Vec<String>> {
        let has = |said: fn(&Row) -> bool| rows.iter().any(said);
        let columns = [
            ("address", true),
            ("locality", has(|row| !row.locality.is_empty())),
            ("priority", true),
            ("weight", true),
            ("locality's share", has(|row| row.locality_weight.is_some())),
            ("network", has(|row| !row.network.is_empty())),
            ("health", true),
            ("labels", self.labels),
        ];
        let shown = |cells: [String; 8]| {
            let cells = cells.into_iter().zip(&columns).filter(|(_, (_, is_shown))| *is_shown);
            cells.map(|(cell, _)| cell).collect()
        };
        let whole = whole(rows);
        let share =
            |row: &Row| row.locality_weight.map(|weight| format!("{weight} of {}", whole[&row.priority]));
        let row = |row: &Row| {
            shown([
                row.address.clone(),
                row.locality.clone(),
                row.priority.map_or_else(|| "left out".to_owned(), |priority| priority.to_string()),
                row.weight.to_string(),
                share(row).unwrap_or_default(),
                row.network.clone(),
                row.health.to_owned(),
                listed(&row.labels),
            ])
        };
        let heads = shown(columns.map(|(head, _)| head.to_owned()));
        [heads].into_iter().chain(rows.iter().map(row)).collect()
    }
}

/// What all localities of each priority weigh together.
fn whole(rows: &[Row]) -> BTreeMap<Option<u32>, u64> {
    let localities: BTreeMap<_, _> =
        rows.iter().map(|row| ((row.priority, &row.locality), row.locality_weight)).collect();
    localities.into_iter().fold(BTreeMap::new(), |mut whole, ((priority, _), weight)| {
        *whole.entry(priority).or_default() += u64::from(weight.unwrap_or(0));
        whole
    })
}

/// `version=v1,app=reviews`.
pub(super) fn listed(labels: &BTreeMap<String, String>) -> String {
    labels.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use tower_mesh::{
        Endpoint, Endpoints,
        layer::balance::BalanceLayer,
        policy::{
            balance::{Address, Distribute, Placement, Settings},
            outlier,
        },
    };

    use super::*;

    fn table(placement: Placement, endpoints: &[(&str, &str, bool)]) -> String {
        let endpoint = |(address, locality, ready): &(&str, &str, bool)| {
            let endpoint: Endpoint = address.parse().expect("an address");
            endpoint.locality(locality.parse().expect("a locality")).ready(*ready)
        };
        let endpoints = Endpoints::new(endpoints.iter().map(endpoint));
        let outlier = outlier::Settings::istio_default();
        let settings = Settings::builder().placing(placement).ejecting(outlier).build().expect("settings");
        let mut cluster = Cluster::unknown("a", Some(80), None);
        cluster.fill(&BalanceLayer::new(settings, &endpoints).handle(), Address::to_string);
        Text { cluster: &cluster, labels: false }.to_string()
    }

    fn here() -> Placement {
        Placement::of("us/z1".parse().expect("a locality"))
    }

    #[test]
    fn the_nearest_stand_first() {
        let all = [("c:80", "eu/z1", true), ("b:80", "us/z2", false), ("a:80", "us/z1", true)];
        insta::assert_snapshot!(table(here(), &all), @r"
        outbound|80||a: the nearest to us/z1 first
          address  locality  priority  weight  health
          a:80     us/z1     0         1       healthy
          b:80     us/z2     1         1       not ready
          c:80     eu/z1     2         1       healthy
        ");
    }

    #[test]
    fn a_locality_has_its_share_and_who_is_left_out_stands_last() {
        let pattern = |text: &str| text.parse().expect("a pattern");
        let shares = Distribute::from(pattern("us/*")).to(pattern("us/z1/*"), 80).to(pattern("us/z2/*"), 20);
        let all = [
            ("d:80", "eu/z1", true),
            ("c:80", "us/z2", true),
            ("a:80", "us/z1", true),
            ("b:80", "us/z1", true),
        ];
        insta::assert_snapshot!(table(here().distribute(shares), &all), @r"
        outbound|80||a: by locality 80 % to us/z1/*, 20 % to us/z2/*
          address  locality  priority  weight  locality's share  health
          a:80     us/z1     0         1       80 of 100         healthy
          b:80     us/z1     0         1       80 of 100         healthy
          c:80     us/z2     0         1       20 of 100         healthy
          d:80     eu/z1     left out  1                         healthy
        ");
    }
}
