//! Ids of sessions, which are all the proof of who he is that a client has.

use crate::{
    scene::Scene,
    support::{
        Peer,
        engine::{EnginePeer, Four},
        get, packets, request,
    },
};
use heirloom::{Listener, Transport};
use std::collections::HashSet;

const COUNT: usize = 1000;

/// So many ids of the packets generation, whose handshakes are over at once.
async fn ids(scene: &Scene) -> Vec<u128> {
    let mut ids = Vec::new();
    let mut connection = scene.server.connect().await;
    for _ in 0..COUNT {
        connection.send(get("/socket.io/1/?t=1290000000")).await;
        let id = packets::session_id(&connection.answer().await);
        assert_eq!(id.len(), 32, "128 bits in hexadecimal: {id}");
        ids.push(u128::from_str_radix(&id, 16).unwrap());
    }
    ids
}

#[tokio::test]
async fn cve_2017_16031_no_bit_of_an_id_follows_from_those_before() {
    let scene = Scene::with(Listener::builder().unlimited_handshakes()).await;
    let ids = ids(&scene).await;
    assert_eq!(ids.iter().collect::<HashSet<_>>().len(), COUNT);
    // Of a thousand fair coins fewer than 400 or more than 600 show heads once in a thousand million trials.
    let is_fair = |count: usize| (400..=600).contains(&count);
    for bit in 0..u128::BITS {
        let set = ids.iter().filter(|id| **id >> bit & 1 == 1).count();
        assert!(is_fair(set), "bit {bit} is set in {set} of {COUNT}");
        let changed = ids.windows(2).filter(|pair| (pair[0] ^ pair[1]) >> bit & 1 == 1).count();
        assert!(is_fair(changed), "bit {bit} changes {changed} times in {COUNT}");
        for other in [1, 8, 32, 64].map(|distance| (bit + distance) % u128::BITS) {
            let equal = ids.iter().filter(|id| **id >> bit & 1 == **id >> other & 1).count();
            assert!((350..=650).contains(&equal), "bits {bit} and {other} agree in {equal} of {COUNT}");
        }
    }
    scene.ends_well().await;
}

#[tokio::test]
async fn cve_2017_16031_an_id_that_is_nearly_right_is_nobodys() {
    let scene = Scene::new().await;
    let mut frames = Peer::open(&scene.server, Transport::XhrPolling).await;
    let mut engine = EnginePeer::connect(&scene.server, Four, Transport::Polling).await;
    let near = |id: &str| -> Vec<String> {
        let number = u128::from_str_radix(id, 16).unwrap();
        let mut near: Vec<String> = (0..u128::BITS).map(|bit| format!("{:032x}", number ^ (1 << bit))).collect();
        near.extend([number.wrapping_add(1), number.wrapping_sub(1)].map(|number| format!("{number:032x}")));
        near.extend([format!("0{id}"), id[1..].to_owned(), format!("{id}%00"), format!("+{}", &id[1..])]);
        near
    };
    for id in near(&frames.id) {
        let path = format!("/socket.io/xhr-polling/{id}/send");
        let mut connection = scene.server.ask(request("POST", &path, &["Connection: close"], "data=~m~1~m~x")).await;
        assert!(!connection.rest().await.starts_with(b"HTTP/1.1 2"), "{id}");
    }
    for id in near(&engine.sid).into_iter().chain([engine.id.clone()]) {
        let path = format!("/socket.io/?EIO=4&transport=polling&sid={id}");
        assert_eq!(scene.server.answer(request("POST", &path, &[], "42[\"message\"]")).await.status, 400, "{id}");
        assert_eq!(scene.server.answer(get(&path)).await.status, 400, "{id}");
    }
    assert_ne!(engine.sid, engine.id, "what others are told of a client is not what it proves itself with");
    engine.heard_nothing("guesses").await;
    frames.send(&["own"]).await;
    assert_eq!(scene.server.events.texts_until(&frames.id, 1).await, ["own"]);
    scene.ends_well().await;
}
