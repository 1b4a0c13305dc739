//! Bodies, read up to a cap and never beyond it, compressed or not.

use std::io::{self, Read};

use awc::error::PayloadError;
use bytes::{Bytes, BytesMut};
use flate2::read::MultiGzDecoder;
use futures_util::{Stream, StreamExt};

/// The part of a body that was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ReadBody {
    /// The bytes that were read, at most the cap.
    pub(crate) bytes: Bytes,
    /// Whether the body was longer. Its connection is then not used again.
    pub(crate) cut: bool,
}

/// The chunks of a body that have come so far. It stays when the reading ends early, whatever ends it.
#[derive(Default)]
pub(crate) struct Chunks {
    chunks: Vec<Bytes>,
    length: usize,
}

impl Chunks {
    /// Reads `stream` until its end or until there are more than `cap` bytes.
    ///
    /// # Errors
    /// What the stream fails with.
    pub(crate) async fn read<S>(&mut self, mut stream: S, cap: usize) -> Result<(), PayloadError>
    where
        S: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
    {
        while self.length <= cap
            && let Some(chunk) = stream.next().await.transpose()?
        {
            self.length = self.length.saturating_add(chunk.len());
            self.chunks.push(chunk);
        }
        Ok(())
    }

    /// At most `cap` bytes of it. The usual body comes in one piece and is not copied.
    pub(crate) fn into_body(self, cap: usize) -> ReadBody {
        let mut chunks = self.chunks.into_iter();
        let first = chunks.next().unwrap_or_default();
        if first.len() == self.length {
            return cut_to(first, cap);
        }
        let mut bytes = BytesMut::with_capacity(self.length);
        bytes.extend_from_slice(&first);
        chunks.for_each(|chunk| bytes.extend_from_slice(&chunk));
        cut_to(bytes.freeze(), cap)
    }
}

fn cut_to(mut bytes: Bytes, cap: usize) -> ReadBody {
    let cut = bytes.len() > cap;
    bytes.truncate(cap);
    ReadBody { bytes, cut }
}

/// Decompresses gzip (RFC 1952) up to `cap` bytes; a body that was cut gives what can be had of it.
///
/// # Errors
/// The body is not gzip, or ends too early although it was not cut.
pub(crate) fn gunzip(body: &ReadBody, cap: usize) -> io::Result<Bytes> {
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

    async fn read(chunks: &[&'static str], cap: usize) -> ReadBody {
        let chunks: Vec<_> = chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk.as_bytes()))).collect();
        let mut read = Chunks::default();
        read.read(stream::iter(chunks), cap).await.unwrap();
        read.into_body(cap)
    }

    #[actix_rt::test]
    async fn a_body_is_kept_up_to_the_cap() {
        assert_eq!(read(&[], 4).await, ReadBody { bytes: Bytes::new(), cut: false });
        assert_eq!(read(&["ab", "cd"], 4).await, ReadBody { bytes: Bytes::from_static(b"abcd"), cut: false });
        assert_eq!(read(&["abcde"], 4).await, ReadBody { bytes: Bytes::from_static(b"abcd"), cut: true });
        assert_eq!(
            read(&["a", "b", "cde", "f"], 4).await,
            ReadBody { bytes: Bytes::from_static(b"abcd"), cut: true }
        );
    }

    #[actix_rt::test]
    async fn what_came_before_a_failure_is_kept() {
        let broken = [Ok(Bytes::from_static(b"ab")), Err(PayloadError::Overflow)];
        let mut read = Chunks::default();
        assert!(read.read(stream::iter(broken), 4).await.is_err());
        assert_eq!(read.into_body(4), ReadBody { bytes: Bytes::from_static(b"ab"), cut: false });
    }

    #[actix_rt::test]
    async fn an_endless_body_is_left_alone_behind_the_cap() {
        let endless = stream::repeat_with(|| Ok(Bytes::from_static(b"x")));
        let mut read = Chunks::default();
        read.read(endless, 1000).await.unwrap();
        assert!(read.into_body(1000).cut);
    }

    #[test]
    fn a_gzip_bomb_gives_no_more_than_the_cap() {
        let bomb = ReadBody { bytes: gzip(&vec![0; 50_000_000]), cut: false };
        assert!(bomb.bytes.len() < 64 * 1024);
        assert_eq!(gunzip(&bomb, 1000).unwrap().len(), 1000);
    }

    #[test]
    fn a_cut_gzip_body_gives_what_is_there_and_a_broken_one_is_an_error() {
        let whole = gzip(b"hello hello hello hello");
        let part = whole.slice(..whole.len() - 9);
        assert!(gunzip(&ReadBody { bytes: part.clone(), cut: true }, 100).is_ok());
        assert!(gunzip(&ReadBody { bytes: part, cut: false }, 100).is_err());
        assert!(gunzip(&ReadBody { bytes: Bytes::from_static(b"plain text"), cut: true }, 100).is_err());
    }
}
