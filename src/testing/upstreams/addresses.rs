//! Where each upstream is, when nobody says.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use crate::policy::balance::Address;

/// Gives addresses that nobody else has: `10.0.HOST.NUMBER`, both counted from one.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    taken: BTreeSet<String>,
    /// Of each host its number, and how many there are at it so far.
    hosts: BTreeMap<String, (u32, u32)>,
}

impl Addresses {
    /// These are somebody's already.
    pub(super) fn without(taken: impl IntoIterator<Item = Address>) -> Self {
        let taken = taken.into_iter().filter_map(|address| address.host().map(str::to_owned)).collect();
        Self { taken, hosts: BTreeMap::new() }
    }

    /// Another one's at this host, which listens at this port; none: at every one.
    pub(super) fn next(&mut self, host: &str, port: Option<u16>) -> Option<Address> {
        let number = self.hosts.len() as u32 + 1;
        let (host, count) = self.hosts.entry(host.to_owned()).or_insert((number, 0));
        let address = loop {
            *count += 1;
            let address = Address::from(std::net::SocketAddr::new(numbered(*host, *count), 1));
            if address.host().is_some_and(|text| !self.taken.contains(text)) {
                break address;
            }
        };
        match port {
            Some(port) => Some(address.at_port(port)),
            None => address.host()?.parse().ok(),
        }
    }
}

/// What does not fit into the last two bytes goes on in the second, and then in another family.
fn numbered(host: u32, number: u32) -> IpAddr {
    let [over, high, low] = [number >> 16, number >> 8 & 0xff, number & 0xff].map(|part| part as u8);
    match u8::try_from(host) {
        Ok(host) if over == 0 => Ipv4Addr::new(10, high, host, low).into(),
        _ => {
            let parts = [host >> 16, host & 0xffff, number >> 16, number & 0xffff].map(|part| part as u16);
            Ipv6Addr::new(0xfd00, 0, 0, 0, parts[0], parts[1], parts[2], parts[3]).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_an_address_of_its_own_however_many_there_are() {
        let taken = ["10.0.1.2:80", "name:80"].map(|text| text.parse().expect("an address"));
        let mut addresses = Addresses::without(taken);
        let mut next = |host, port| addresses.next(host, port).expect("an address").to_string();
        assert_eq!(next("a", Some(9080)), "10.0.1.1:9080");
        assert_eq!(next("b", None), "10.0.2.1");
        assert_eq!(next("a", Some(9081)), "10.0.1.3:9081");
        let many: BTreeSet<_> = (0..300).map(|_| next("a", None)).collect();
        assert!(many.len() == 300 && many.contains("10.1.1.0"), "{many:?}");
        assert_eq!(numbered(256, 1).to_string(), "fd00::100:0:1");
        assert_eq!(numbered(1, 65536).to_string(), "fd00::1:1:0");
    }
}
