//! WebSockets by async-tungstenite, as it is published: it is written against `futures-io`, so our streams go in as they are.
#![allow(clippy::unwrap_used, reason = "a test may")]

mod support;

use async_tungstenite::tungstenite::protocol::frame::coding::{CloseCode, Data, OpCode};
use async_tungstenite::tungstenite::protocol::frame::{CloseFrame, Frame};
use async_tungstenite::tungstenite::{Bytes, Error, Message};
use async_tungstenite::{WebSocketStream, accept_async, client_async};
use futures::StreamExt;
use futures::future::RemoteHandle;
use step4::TcpStream;
use support::{Place, on_both, pair};

on_both! {
    messages_are_echoed_in_their_order
    a_long_message_is_held_back_and_comes_whole
    a_message_in_fragments_comes_as_one
    a_ping_is_answered_between_two_messages
    both_ends_agree_to_close
    a_peer_that_leaves_without_a_word_is_an_error
}

type Socket = WebSocketStream<TcpStream>;
type Echo = RemoteHandle<Result<(), Error>>;

/// Connects a client to a task that sends back every message, until either side closes.
async fn echo<P: Place>() -> (Socket, Echo) {
    let (client, server) = pair().await;
    let echo = P::spawn(async move {
        let mut socket = accept_async(server).await?;
        while let Some(message) = socket.next().await {
            let message = message?;
            if message.is_text() || message.is_binary() {
                socket.send(message).await?;
            }
        }
        Ok(())
    });
    (client_async("ws://localhost/", client).await.unwrap().0, echo)
}

async fn close(mut socket: Socket, echo: Echo) {
    socket.close(None).await.unwrap();
    while socket.next().await.is_some() {}
    echo.await.unwrap();
}

async fn messages_are_echoed_in_their_order<P: Place>() {
    let (mut socket, echo) = echo::<P>().await;
    for n in 0..500 {
        socket.send(Message::text(n.to_string())).await.unwrap();
    }
    for n in 0..500 {
        assert_eq!(socket.next().await.unwrap().unwrap(), Message::text(n.to_string()));
    }
    close(socket, echo).await;
}

async fn a_long_message_is_held_back_and_comes_whole<P: Place>() {
    let (socket, echo) = echo::<P>().await;
    let bytes: Bytes = (0..12_000_000_u32).map(|n| (n % 251) as u8).collect::<Vec<u8>>().into();
    let (mut sender, mut receiver) = socket.split();
    let sent = bytes.clone();
    let sending = P::spawn(async move {
        sender.send(Message::binary(sent)).await.unwrap();
        sender
    });
    assert!(receiver.next().await.unwrap().unwrap().into_data() == bytes);
    let sender = sending.await;
    close(Socket::reunite(sender, receiver).ok().unwrap(), echo).await;
}

async fn a_message_in_fragments_comes_as_one<P: Place>() {
    let (mut socket, echo) = echo::<P>().await;
    let parts =
        [("one ", Data::Text, false), ("two ", Data::Continue, false), ("three", Data::Continue, true)];
    for (text, kind, is_last) in parts {
        let frame = Frame::message(text.as_bytes(), OpCode::Data(kind), is_last);
        socket.send(Message::Frame(frame)).await.unwrap();
    }
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("one two three"));
    close(socket, echo).await;
}

async fn a_ping_is_answered_between_two_messages<P: Place>() {
    let (mut socket, echo) = echo::<P>().await;
    socket.send(Message::Ping(Bytes::from_static(b"there?"))).await.unwrap();
    socket.send(Message::text("still here")).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::Pong(Bytes::from_static(b"there?")));
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::text("still here"));
    close(socket, echo).await;
}

async fn both_ends_agree_to_close<P: Place>() {
    let (mut socket, echo) = echo::<P>().await;
    let frame = CloseFrame { code: CloseCode::Away, reason: "lunch".into() };
    socket.close(Some(frame.clone())).await.unwrap();
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::Close(Some(frame)));
    assert!(socket.next().await.is_none());
    echo.await.unwrap();
}

async fn a_peer_that_leaves_without_a_word_is_an_error<P: Place>() {
    let (socket, echo) = echo::<P>().await;
    drop(socket);
    assert!(matches!(echo.await, Err(Error::Protocol(_) | Error::Io(_))));
}
