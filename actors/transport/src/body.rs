//! Bodies, read up to a cap and never beyond it, compressed or not.

use std::io::{self, Read};

use awc::error::PayloadError;
use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use futures_util::{Stream, StreamExt};

/// What was read of a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Body {
    /// At most the cap.
    pub(crate) bytes: Bytes,
    /// Whether the body was longer. Its connection is then not used again.
    pub(crate) cut: bool,
}

/// Reads `stream` until its end or until there are more than `cap` bytes, and keeps `cap` of them.
///
/// # Errors
/// What the stream fails with.
pub(crate) async fn read_capped<S>(mut stream: S, cap: usize) -> Result<Body, PayloadError>
where
    S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    let Some(first) = stream.next().await.transpose()? else {
        return Ok(Body { bytes: Bytes::new(), cut: false });
    };
    let Some(second) = stream.next().await.transpose()? else {
        return Ok(cut_to(first, cap));
    };
    let mut bytes = BytesMut::from(first);
    bytes.extend_from_slice(&second);
    while bytes.len() <= cap
        && let Some(chunk) = stream.next().await.transpose()?
    {
        bytes.extend_from_slice(&chunk);
    }
    Ok(cut_to(bytes.freeze(), cap))
}

fn cut_to(mut bytes: Bytes, cap: usize) -> Body {
    let cut = bytes.len() > cap;
    bytes.truncate(cap);
    Body { bytes, cut }
}

/// Decompresses gzip (RFC 1952) up to `cap` bytes; a body that was cut gives what can be had of it.
///
/// # Errors
/// The body is not gzip, or ends too early although it was not cut.
pub(crate) fn gunzip(body: &Body, cap: usize) -> io::Result<Bytes> {
    let mut plain = Vec::with_capacity(cap.min(body.bytes.len().saturating_mul(4)));
    let limit = u64::try_from(cap).unwrap_or(u64::MAX);
    match MultiGzDecoder::new(&*body.bytes).take(limit).read_to_end(&mut plain) {
        Err(error) if !(body.cut && error.kind() == io::ErrorKind::UnexpectedEof) => Err(error),
        _ => Ok(plain.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use futures_util::stream;

    use super::*;

    fn gzip(plain: &[u8]) -> Bytes {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap().into()
    }

    async fn read(chunks: &[&'static str], cap: usize) -> Body {
        let chunks: Vec<_> = chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))).collect();
        read_capped(stream::iter(chunks), cap).await.unwrap()
    }

    #[actix_rt::test]
    async fn a_body_is_kept_up_to_the_cap() {
        assert_eq!(read(&[], 4).await, Body { bytes: Bytes::new(), cut: false });
        assert_eq!(read(&["ab", "cd"], 4).await, Body { bytes: Bytes::from_static(b"abcd"), cut: false });
        assert_eq!(read(&["abcde"], 4).await, Body { bytes: Bytes::from_static(b"abcd"), cut: true });
        assert_eq!(
            read(&["a", "b", "cde", "f"], 4).await,
            Body { bytes: Bytes::from_static(b"abcd"), cut: true }
        );
    }

    #[actix_rt::test]
    async fn an_endless_body_is_left_alone_behind_the_cap() {
        let endless = stream::repeat_with(|| Ok(Bytes::from_static(b"x")));
        assert!(read_capped(endless, 1000).await.unwrap().cut);
    }

    #[test]
    fn a_gzip_bomb_gives_no_more_than_the_cap() {
        let bomb = Body { bytes: gzip(&vec![0; 50_000_000]), cut: false };
        assert!(bomb.bytes.len() < 64 * 1024);
        assert_eq!(gunzip(&bomb, 1000).unwrap().len(), 1000);
    }

    #[test]
    fn a_cut_gzip_body_gives_what_is_there_and_a_broken_one_is_an_error() {
        let whole = gzip(b"hello hello hello hello");
        let part = whole.slice(..whole.len() - 9);
        assert!(gunzip(&Body { bytes: part.clone(), cut: true }, 100).is_ok());
        assert!(gunzip(&Body { bytes: part, cut: false }, 100).is_err());
        assert!(gunzip(&Body { bytes: Bytes::from_static(b"plain text"), cut: true }, 100).is_err());
    }
}
