use super::*;
use crate::GarbledError;
use crate::limits::MAX_INTERIM_ANSWERS;

const MAX: usize = 4096;

fn read(bytes: &str) -> Result<(usize, Option<AnswerHead>), GarbledError> {
    HeadReader::new(MAX).read(bytes.as_bytes())
}

fn head(bytes: &str) -> AnswerHead {
    read(bytes).unwrap().1.unwrap()
}

/// The framing of a 200 with these lines.
fn framing_of(version: &str, lines: &str) -> Framing {
    head(&format!("HTTP/{version} 200 OK\r\n{lines}\r\n")).framing
}

#[test]
fn interim_answers_are_passed_over_however_they_are_cut() {
    let bytes = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n\
                 HTTP/1.1 200 OK\r\nX-Id: 7\r\nContent-Length: 2\r\n\r\n";
    let (taken, whole) = read(&format!("{bytes}ok")).unwrap();
    let whole = whole.unwrap();
    assert_eq!((taken, whole.status, whole.field("x-id")), (bytes.len(), StatusCode::OK, Some("7")));
    assert_eq!(whole.field("link"), None);
    for size in 1..bytes.len() {
        let mut reader = HeadReader::new(MAX);
        let heads: Vec<AnswerHead> =
            bytes.as_bytes().chunks(size).filter_map(|chunk| reader.read(chunk).unwrap().1).collect();
        assert_eq!(heads.as_slice(), std::slice::from_ref(&whole), "in pieces of {size}");
    }
}

#[test]
fn a_switch_of_protocols_is_final() {
    let switched = head("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
    assert_eq!((switched.status.as_u16(), switched.framing), (101, Framing::Empty));
}

#[test]
fn interim_answers_are_bounded_in_number_and_bytes() {
    let interim = "HTTP/1.1 100 Continue\r\n\r\n";
    let most = interim.repeat(MAX_INTERIM_ANSWERS);
    let last = "HTTP/1.1 200 OK\r\n\r\n";
    assert!(matches!(read(&format!("{most}{last}")), Ok((_, Some(_)))));
    assert!(matches!(read(&format!("{most}{interim}{last}")), Err(GarbledError::Interim { .. })));
    let long = format!("HTTP/1.1 103 Early Hints\r\nLink: {}\r\n\r\n", "x".repeat(MAX / 3));
    assert!(matches!(read(&long.repeat(3)), Err(GarbledError::HeadTooLong { max: MAX })));
}

#[test]
fn what_is_not_http_1_is_told_as_soon_as_it_shows() {
    for garbage in ["SSH-2.0", "\r\nHTTQ", "HTTP/2", "HTTP/1.2 200 OK\r\n\r\n", "HTTP/1.1 20 OK\r\n\r\n"] {
        assert!(matches!(read(garbage), Err(GarbledError::NotHttp)), "{garbage:?}");
    }
    for field in ["no colon", "bad name: x", ": x", " folded: first"] {
        let garbage = format!("HTTP/1.1 200 OK\r\n{field}\r\n\r\n");
        assert!(matches!(read(&garbage), Err(GarbledError::NotHttp)), "{garbage:?}");
    }
    assert_eq!(read("\r\nHTTP/1.1 200").unwrap(), (14, None));
}

#[test]
fn folded_lines_bare_line_ends_and_many_lines_are_understood() {
    let folded = head("HTTP/1.1 200 OK\r\nX-Long: one\r\n  two \r\n\tthree\r\n\r\n");
    assert_eq!(folded.field("x-long"), Some("one two three"));
    assert_eq!(head("HTTP/1.0 404\nX-Id : 7\n\n").field("x-id"), Some("7"));
    let lines: String = (0..200).map(|number| format!("X-{number}: {number}\r\n")).collect();
    assert_eq!(head(&format!("HTTP/1.1 200 OK\r\n{lines}\r\n")).fields.len(), 200);
}

#[test]
fn the_framing_is_that_of_rfc_9112() {
    let table = [
        ("1.1", "Content-Length: 5\r\n", Framing::Length(5)),
        ("1.1", "Content-Length: 5\r\nContent-Length: 5\r\n", Framing::Length(5)),
        ("1.1", "Content-Length: 5, 5\r\n", Framing::Length(5)),
        ("1.1", "Content-Length: 5\r\nContent-Length: 6\r\n", Framing::Unknown),
        ("1.1", "Content-Length: +5\r\n", Framing::Unknown),
        ("1.1", "Content-Length: \r\n", Framing::Unknown),
        ("1.1", "Transfer-Encoding: Chunked\r\nContent-Length: 5\r\n", Framing::Chunked),
        ("1.1", "Transfer-Encoding: identity\r\nContent-Length: 5\r\n", Framing::Length(5)),
        ("1.1", "Transfer-Encoding: gzip, chunked\r\n", Framing::Unknown),
        ("1.0", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", Framing::Length(5)),
        ("1.1", "", Framing::Empty),
        ("1.1", "Connection: close\r\n", Framing::Close),
        ("1.0", "", Framing::Close),
    ];
    for (version, lines, framing) in table {
        assert_eq!(framing_of(version, lines), framing, "HTTP/{version} {lines:?}");
    }
    assert_eq!(head("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n").framing, Framing::Empty);
}

#[test]
fn awc_is_told_where_the_body_ends_and_whether_the_connection_lives() {
    let table = [
        ("1.1", "Content-Length: 5\r\nX: y\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"),
        (
            "1.1",
            "Connection: x, Close\r\nTransfer-Encoding: chunked\r\n",
            "HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n",
        ),
        ("1.0", "Content-Length: 5\r\n", "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 5\r\n\r\n"),
        (
            "1.0",
            "Connection: Keep-Alive\r\nContent-Length: 5\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n",
        ),
        ("1.1", "Content-Length: many\r\n", "HTTP/1.0 200 OK\r\n\r\n"),
    ];
    for (version, lines, told) in table {
        assert_eq!(head(&format!("HTTP/{version} 503 Busy\r\n{lines}\r\n")).for_awc(), told, "{lines:?}");
    }
}
