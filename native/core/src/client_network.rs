//! The clients that an export names.

use std::net::IpAddr;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientNetwork {
    Everybody,
    V4 { network: u32, mask: u32 },
    V6 { network: u128, mask: u128 },
}

impl ClientNetwork {
    /// An address, a CIDR block or '*'; bits behind the prefix don't matter.
    pub fn parse(text: &str) -> Option<ClientNetwork> {
        if text == "*" {
            return Some(ClientNetwork::Everybody);
        }
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().ok()?;
        let prefix = |bits: u32| match prefix {
            None => Some(bits),
            Some(digits) if digits.bytes().all(|digit| digit.is_ascii_digit()) => {
                digits.parse().ok().filter(|&length: &u32| length <= bits)
            }
            Some(_) => None,
        };
        Some(match address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - prefix(32)?).unwrap_or(0);
                ClientNetwork::V4 {
                    network: u32::from(address) & mask,
                    mask,
                }
            }
            IpAddr::V6(address) => {
                let length = prefix(128)?;
                match address.to_ipv4_mapped() {
                    Some(mapped) if length >= 96 => {
                        let mask = u32::MAX.checked_shl(128 - length).unwrap_or(0);
                        ClientNetwork::V4 {
                            network: u32::from(mapped) & mask,
                            mask,
                        }
                    }
                    _ => {
                        let mask = u128::MAX.checked_shl(128 - length).unwrap_or(0);
                        ClientNetwork::V6 {
                            network: u128::from(address) & mask,
                            mask,
                        }
                    }
                }
            }
        })
    }

    /// `address` is canonical: IPv4-mapped IPv6 addresses are written as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self, address) {
            (ClientNetwork::Everybody, _) => true,
            (ClientNetwork::V4 { network, mask }, IpAddr::V4(address)) => {
                u32::from(address) & mask == *network
            }
            (ClientNetwork::V6 { network, mask }, IpAddr::V6(address)) => {
                u128::from(address) & mask == *network
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn blocks_contain_what_shares_their_prefix(network: u32, address: u32, length in 0u32..=32) {
            let text = format!("{}/{length}", std::net::Ipv4Addr::from(network));
            let expected = length == 0 || network >> (32 - length) == address >> (32 - length);
            let found = ClientNetwork::parse(&text).unwrap().contains(IpAddr::V4(address.into()));
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn any_text_is_survived(text: String) {
            let _ = ClientNetwork::parse(&text);
        }
    }
}
