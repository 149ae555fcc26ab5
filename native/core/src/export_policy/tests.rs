use proptest::prelude::*;

use std::net::IpAddr;

use super::*;
use crate::caller::Callers;

fn definition(path: &str) -> ExportDefinition {
    ExportDefinition {
        path: path.into(),
        fsid: None,
        read_only: false,
        squash: Squash::Root,
        anonuid: 65534,
        anongid: 65533,
        secure: true,
        sync: true,
        side_channel: true,
        mapped_stores: true,
        clients: vec!["*".into()],
    }
}

fn identity(uid: u32, gid: u32, gids: &[u32]) -> CallerIdentity {
    CallerIdentity {
        address: IpAddr::from([10, 1, 2, 3]),
        privileged_port: true,
        door: Door::Nfs,
        flavor: Flavor::Sys,
        uid,
        gid,
        gids: gids.into(),
    }
}

fn caller(identity: CallerIdentity) -> Arc<Caller> {
    let callers = Callers::new(1);
    callers.get(callers.intern(identity)).unwrap()
}

fn authorize(definition: ExportDefinition, identity: CallerIdentity, access: Access) -> Result<Credentials> {
    let policy = ExportPolicy::new();
    let id = policy.replace(vec![definition]).unwrap().exports[0].id;
    policy
        .authorize(&caller(identity), id, access)
        .map(|allowed| (*allowed.credentials).clone())
}

fn squashed(squash: Squash, identity: CallerIdentity) -> (u32, u32, Vec<u32>) {
    let allowed = authorize(
        ExportDefinition {
            squash,
            ..definition("/srv")
        },
        identity,
        Access::Read,
    )
    .unwrap();
    (allowed.uid, allowed.gid, allowed.gids.to_vec())
}

#[test]
fn root_squash_takes_root_away_in_every_place() {
    assert_eq!(
        squashed(Squash::Root, identity(0, 0, &[0, 5])),
        (65534, 65533, vec![65533, 5])
    );
    assert_eq!(
        squashed(Squash::Root, identity(1000, 0, &[0])),
        (1000, 65533, vec![65533])
    );
    assert_eq!(squashed(Squash::Root, identity(0, 7, &[8])), (65534, 7, vec![8]));
    assert_eq!(
        squashed(Squash::Root, identity(1000, 1000, &[4, 5])),
        (1000, 1000, vec![4, 5])
    );
}

#[test]
fn no_root_squash_changes_only_what_is_nobodys() {
    assert_eq!(squashed(Squash::None, identity(0, 0, &[0])), (0, 0, vec![0]));
    assert_eq!(
        squashed(Squash::None, identity(NO_ID, 3, &[4])),
        (65534, 65533, vec![])
    );
    assert_eq!(
        squashed(Squash::None, identity(3, NO_ID, &[NO_ID, 4])),
        (3, 65533, vec![4])
    );
}

#[test]
fn all_squash_leaves_nothing() {
    assert_eq!(
        squashed(Squash::All, identity(1000, 1000, &[0, 5])),
        (65534, 65533, vec![])
    );
}

#[test]
fn without_a_credential_one_is_anonymous() {
    let nobody = CallerIdentity {
        flavor: Flavor::None,
        ..identity(0, 0, &[0])
    };
    for squash in [Squash::Root, Squash::None, Squash::All] {
        assert_eq!(squashed(squash, nobody.clone()), (65534, 65533, vec![]));
    }
}

#[test]
fn an_export_without_side_channel_is_there_by_nfs_alone() {
    let by_channel = CallerIdentity {
        door: Door::SideChannel,
        ..identity(1, 1, &[])
    };
    let shut = ExportDefinition {
        side_channel: false,
        ..definition("/srv")
    };
    assert!(authorize(definition("/srv"), by_channel.clone(), Access::Read).is_ok());
    assert!(authorize(shut.clone(), identity(1, 1, &[]), Access::Mutate).is_ok());
    assert_eq!(
        authorize(shut, by_channel, Access::Read).err(),
        Some(Errno::ACCES)
    );
}

#[test]
fn a_read_only_export_is_not_changed() {
    let read_only = ExportDefinition {
        read_only: true,
        ..definition("/srv")
    };
    let user = identity(1, 1, &[]);
    assert!(authorize(read_only.clone(), user.clone(), Access::Read).is_ok());
    assert_eq!(
        authorize(read_only.clone(), user.clone(), Access::Mutate),
        Err(Errno::ROFS)
    );
    assert!(authorize(definition("/srv"), user.clone(), Access::Mutate).is_ok());
    // Who may not even look is not told that it is read-only.
    let stranger = CallerIdentity {
        privileged_port: false,
        ..user
    };
    assert_eq!(authorize(read_only, stranger, Access::Mutate), Err(Errno::ACCES));
}

#[test]
fn secure_exports_want_a_port_that_only_root_gets() {
    let unprivileged = CallerIdentity {
        privileged_port: false,
        ..identity(1, 1, &[])
    };
    assert_eq!(
        authorize(definition("/srv"), unprivileged.clone(), Access::Read),
        Err(Errno::ACCES)
    );
    let insecure = ExportDefinition {
        secure: false,
        ..definition("/srv")
    };
    assert!(authorize(insecure, unprivileged, Access::Read).is_ok());
}

#[test]
fn clients_are_addresses_and_blocks() {
    let allowed = |clients: &[&str], address: &str| {
        let clients = clients.iter().map(|client| client.to_string()).collect();
        let from = CallerIdentity {
            address: address.parse().unwrap(),
            ..identity(1, 1, &[])
        };
        authorize(
            ExportDefinition {
                clients,
                ..definition("/srv")
            },
            from,
            Access::Read,
        )
        .is_ok()
    };
    assert!(allowed(&["10.0.0.0/8"], "10.255.255.255"));
    assert!(!allowed(&["10.0.0.0/8"], "11.0.0.0"));
    assert!(allowed(&["10.1.2.3/8"], "10.9.9.9"), "host bits do not matter");
    assert!(allowed(&["192.168.1.1", "10.1.1.1"], "10.1.1.1"));
    assert!(!allowed(&["10.1.1.1"], "10.1.1.2"));
    assert!(!allowed(&[], "10.1.1.1"));
    assert!(allowed(&["0.0.0.0/0"], "255.1.1.1"));
    assert!(!allowed(&["0.0.0.0/0"], "fe80::1"));
    assert!(allowed(&["*"], "fe80::1"));
    assert!(allowed(&["fd00::/8"], "fdff::1"));
    assert!(!allowed(&["fd00::/8"], "fe00::1"));
    assert!(allowed(&["::/0"], "fe00::1"));
    assert!(allowed(&["10.0.0.0/8"], "::ffff:10.1.1.1"), "IPv4-mapped");
    assert!(allowed(&["::ffff:10.0.0.0/104"], "10.1.1.1"));
    assert!(allowed(&["10.1.1.1/32"], "10.1.1.1"));
}

#[test]
fn what_is_no_client_is_refused() {
    for client in [
        "",
        "10.0.0.0/33",
        "::/129",
        "10.0.0.0/",
        "10.0.0.0/+8",
        "10.0.0",
        "host.example",
        "10.0.0.0/-1",
        "**",
    ] {
        let refused = ExportPolicy::new().replace(vec![ExportDefinition {
            clients: vec![client.into()],
            ..definition("/srv")
        }]);
        let message = refused.err().unwrap().to_string();
        assert!(message.contains(&format!("{client:?}")), "{message}");
    }
}

#[test]
fn an_export_that_is_gone_is_stale_and_the_rest_stays() {
    let policy = ExportPolicy::new();
    let user = caller(identity(1, 1, &[]));
    let table = policy.replace(vec![definition("/a"), definition("/b")]).unwrap();
    let (a, b) = (table.exports[0].id, table.exports[1].id);
    assert!(policy.authorize(&user, a, Access::Read).is_ok());
    policy.replace(vec![definition("/b")]).unwrap();
    assert_eq!(policy.authorize(&user, a, Access::Read).err(), Some(Errno::STALE));
    assert!(policy.authorize(&user, b, Access::Read).is_ok());
}

#[test]
fn a_changed_policy_counts_from_the_next_call_on() {
    let policy = ExportPolicy::new();
    let root = caller(identity(0, 0, &[]));
    let id = policy.replace(vec![definition("/a")]).unwrap().exports[0].id;
    let uid = || {
        policy
            .authorize(&root, id, Access::Read)
            .map(|allowed| allowed.credentials.uid)
    };
    assert_eq!(uid(), Ok(65534));
    policy
        .replace(vec![ExportDefinition {
            squash: Squash::None,
            ..definition("/a")
        }])
        .unwrap();
    assert_eq!(uid(), Ok(0));
    policy
        .replace(vec![ExportDefinition {
            clients: vec![],
            ..definition("/a")
        }])
        .unwrap();
    assert_eq!(uid(), Err(Errno::ACCES));
}

#[test]
fn a_wrong_configuration_changes_nothing() {
    let policy = ExportPolicy::new();
    let before = policy.replace(vec![definition("/a")]).unwrap();
    for wrong in [
        vec![definition("relative")],
        vec![definition("/x/../a")],
        vec![definition("/a"), definition("/a/")],
        vec![ExportDefinition {
            fsid: Some(0),
            ..definition("/a")
        }],
        vec![ExportDefinition {
            anonuid: NO_ID,
            ..definition("/a")
        }],
        vec![ExportDefinition {
            anongid: NO_ID,
            ..definition("/a")
        }],
    ] {
        assert!(policy.replace(wrong).is_err());
        assert_eq!(policy.current().generation, before.generation);
        assert!(policy.current().get(before.exports[0].id).is_some());
    }
}

#[test]
fn equal_ids_are_found_and_both_exports_named() {
    let fsid = |path, fsid| ExportDefinition {
        fsid: Some(fsid),
        ..definition(path)
    };
    let error = ExportPolicy::new()
        .replace(vec![fsid("/a", 5), fsid("/b", 5)])
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("/a") && error.contains("/b") && error.contains("fsid"),
        "{error}"
    );
    let derived = id_of_path(Path::new("/c"));
    assert!(
        ExportPolicy::new()
            .replace(vec![definition("/c"), fsid("/d", derived)])
            .is_err()
    );
}

#[test]
fn ids_come_from_the_path_or_the_fsid_alone() {
    let id = |definition| ExportPolicy::new().replace(vec![definition]).unwrap().exports[0].id;
    assert_eq!(id(definition("/srv/x")), id(definition("/srv//x/.")));
    assert_ne!(id(definition("/srv/x")), id(definition("/srv/y")));
    assert_eq!(
        id(ExportDefinition {
            fsid: Some(9),
            ..definition("/srv/x")
        }),
        ExportId(9)
    );
    // Handles of running clients carry it: it must not change with the version of the server.
    assert_eq!(
        id(definition("/srv/x")),
        ExportId(id_of_path(Path::new("/srv/x")))
    );
    assert!(id_of_path(Path::new("/srv/x")) >= 0x8000_0000);
}

#[test]
fn exports_are_found_by_path() {
    let policy = ExportPolicy::new();
    let table = policy
        .replace(vec![definition("/srv/x"), definition("/srv")])
        .unwrap();
    assert_eq!(
        table.by_path(Path::new("/srv/x/")).unwrap().path,
        Path::new("/srv/x")
    );
    assert!(table.by_path(Path::new("/srv/x/y")).is_none());
    assert!(table.by_path(Path::new("srv")).is_none());
}

proptest! {
    #[test]
    fn nobody_becomes_root_by_root_squash(uid: u32, gid: u32, gids in proptest::collection::vec(0u32..3, 0..16)) {
        let (uid, gid, gids) = squashed(Squash::Root, identity(uid, gid, &gids));
        prop_assert!(uid != 0 && uid != NO_ID && gid != 0 && gid != NO_ID);
        prop_assert!(gids.iter().all(|&gid| gid != 0 && gid != NO_ID));
    }
}
