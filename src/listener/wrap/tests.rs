use super::*;
use http::Method;
use http_body_util::{BodyExt, Full};

/// What malloc hands out quickly.
const QUICK: usize = 1024;

fn asked(method: Method, path: &str) -> Request<Full<Bytes>> {
    Request::builder().method(method).uri(path).body(Full::from("data=~m~1~m~x")).unwrap()
}

fn begun(listener: &Listener, method: Method, path: &str) -> Answer<'static> {
    match transport::answer(&listener.shared, asked(method, path), None) {
        Routed::Ours(answer) => answer,
        Routed::Theirs(_) => panic!("{path} is the application's"),
    }
}

async fn text(answer: Answer<'_>) -> String {
    String::from_utf8(answer.await.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn what_a_request_leaves_while_it_waits_is_small() {
    let listener = Listener::builder().build().unwrap();
    let opened = text(begun(&listener, Method::GET, "/socket.io/xhr-polling//1")).await;
    let id = opened.rsplit('~').next().unwrap();
    let frames = format!("/socket.io/xhr-polling/{id}/send");
    let opened = text(begun(&listener, Method::GET, "/socket.io/1/")).await;
    let packets = format!("/socket.io/1/xhr-polling/{}", opened.split(':').next().unwrap());
    let opened = text(begun(&listener, Method::GET, "/socket.io/?EIO=4&transport=polling")).await;
    let id = opened.split('"').nth(3).unwrap();
    let engine = format!("/socket.io/?EIO=4&transport=polling&sid={id}");
    for path in [frames, packets, engine] {
        for method in [Method::GET, Method::POST] {
            let size = size_of_val(&*begun(&listener, method.clone(), &path));
            assert!((64..QUICK).contains(&size), "{method} {path}: {size} bytes");
        }
    }
}

#[tokio::test]
async fn a_request_that_is_not_ours_is_given_back_whole() {
    let listener = Listener::builder().build().unwrap();
    let Routed::Theirs(request) = transport::answer(&listener.shared, asked(Method::POST, "/elsewhere?x=1"), None)
    else {
        panic!("it is the application's");
    };
    assert_eq!((request.method(), request.uri().to_string()), (&Method::POST, "/elsewhere?x=1".to_owned()));
    assert_eq!(request.into_body().collect().await.unwrap().to_bytes(), "data=~m~1~m~x");
}
