//! Packets as bytes (draft-ietf-secsh-filexfer-02). Integers are big-endian; a string is its length and its bytes.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use farwire_model::transfer::Attributes;

/// The longest packet either way, its length aside: what OpenSSH's own client and server allow.
pub const MAX_PACKET_BYTES: usize = 256 * 1024;
/// The longest handle (section 3).
pub const MAX_HANDLE_BYTES: usize = 256;
/// Length, kind and number.
const HEAD_BYTES: usize = 9;

pub const INIT: u8 = 1;
pub const VERSION: u8 = 2;
pub const OPEN: u8 = 3;
pub const CLOSE: u8 = 4;
pub const READ: u8 = 5;
pub const WRITE: u8 = 6;
pub const LSTAT: u8 = 7;
pub const FSTAT: u8 = 8;
pub const SETSTAT: u8 = 9;
pub const FSETSTAT: u8 = 10;
pub const OPENDIR: u8 = 11;
pub const READDIR: u8 = 12;
pub const REMOVE: u8 = 13;
pub const MKDIR: u8 = 14;
pub const RMDIR: u8 = 15;
pub const REALPATH: u8 = 16;
pub const STAT: u8 = 17;
pub const RENAME: u8 = 18;
pub const READLINK: u8 = 19;
pub const EXTENDED: u8 = 200;

const STATUS: u8 = 101;
const HANDLE: u8 = 102;
const DATA: u8 = 103;
const NAME: u8 = 104;
const ATTRS: u8 = 105;
const EXTENDED_REPLY: u8 = 201;

/// How a file is opened (section 6.3).
pub const OPEN_READ: u32 = 0x01;
pub const OPEN_WRITE: u32 = 0x02;
pub const OPEN_CREATE: u32 = 0x08;
pub const OPEN_EXCLUSIVE: u32 = 0x20;

const HAS_SIZE: u32 = 0x01;
const HAS_OWNER: u32 = 0x02;
const HAS_MODE: u32 = 0x04;
const HAS_TIMES: u32 = 0x08;
const HAS_EXTENDED: u32 = 0x8000_0000;

/// Bytes that are no packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Broken;

/// A request that is being written.
#[derive(Debug)]
pub struct Request {
    head: BytesMut,
    content: Bytes,
}

/// A packet: its second part follows the first at once, and is not copied before it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet(pub Bytes, pub Bytes);

impl Request {
    pub fn new(kind: u8) -> Self {
        let mut head = BytesMut::with_capacity(HEAD_BYTES + 64);
        // Length and number are known at the end.
        head.put_u32(0);
        head.put_u8(kind);
        head.put_u32(0);
        let content = Bytes::new();
        Self { head, content }
    }

    pub fn extended(name: &str) -> Self {
        Self::new(EXTENDED).string(name.as_bytes())
    }

    pub fn u32(mut self, value: u32) -> Self {
        self.head.put_u32(value);
        self
    }

    pub fn u64(mut self, value: u64) -> Self {
        self.head.put_u64(value);
        self
    }

    pub fn string(mut self, bytes: &[u8]) -> Self {
        // Ours are paths, handles and parts of files: far below 4 GiB.
        self.head
            .put_u32(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        self.head.put_slice(bytes);
        self
    }

    /// A string at the very end that is not copied.
    pub fn content(self, bytes: Bytes) -> Self {
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        Self {
            content: bytes,
            ..self.u32(length)
        }
    }

    pub fn attributes(self, attributes: &Attributes) -> Self {
        let Attributes {
            size,
            owner,
            mode,
            times,
        } = attributes;
        let flag = |is_there, flag| if is_there { flag } else { 0 };
        let mut this = self.u32(
            flag(size.is_some(), HAS_SIZE)
                | flag(owner.is_some(), HAS_OWNER)
                | flag(mode.is_some(), HAS_MODE)
                | flag(times.is_some(), HAS_TIMES),
        );
        if let Some(size) = size {
            this = this.u64(*size);
        }
        if let Some((user, group)) = owner {
            this = this.u32(*user).u32(*group);
        }
        if let Some(mode) = mode {
            this = this.u32(*mode);
        }
        if let Some((accessed, modified)) = times {
            this = this.u32(*accessed).u32(*modified);
        }
        this
    }

    /// The packet with its number.
    pub fn numbered(mut self, id: u32) -> Packet {
        let length = self.head.len() - 4 + self.content.len();
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        if let Some(place) = self.head.get_mut(..4) {
            place.copy_from_slice(&length.to_be_bytes());
        }
        if let Some(place) = self.head.get_mut(5..HEAD_BYTES) {
            place.copy_from_slice(&id.to_be_bytes());
        }
        Packet(self.head.freeze(), self.content)
    }
}

/// The first packet: the version we speak.
pub fn init() -> Bytes {
    Bytes::from_static(&[0, 0, 0, 5, INIT, 0, 0, 0, 3])
}

/// An entry of a folder as it is on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    pub name: Bytes,
    /// A line as `ls -l` prints it.
    pub long: Bytes,
    pub attributes: Attributes,
}

/// What a server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// A number, 0 for success, and words.
    Status(u32, Bytes),
    Handle(Bytes),
    Data(Bytes),
    Names(Vec<Named>),
    Attributes(Attributes),
    /// The bytes of an extension's answer.
    Extended(Bytes),
}

/// Takes one packet off the front, its length left out. `None` until all of it is there.
pub fn packet(buffer: &mut BytesMut) -> Result<Option<Bytes>, Broken> {
    let Some(length) = buffer
        .first_chunk()
        .map(|length| u32::from_be_bytes(*length))
    else {
        return Ok(None);
    };
    let length = usize::try_from(length).map_err(|_| Broken)?;
    // The shortest has a kind and a number.
    if !(5..=MAX_PACKET_BYTES).contains(&length) {
        return Err(Broken);
    }
    if buffer.len() < 4 + length {
        buffer.reserve(4 + length - buffer.len());
        return Ok(None);
    }
    buffer.advance(4);
    Ok(Some(buffer.split_to(length).freeze()))
}

/// The server's version and the names of its extensions.
pub fn version(packet: Bytes) -> Result<(u32, Vec<Bytes>), Broken> {
    let mut left = Reader(packet);
    if left.u8()? != VERSION {
        return Err(Broken);
    }
    let version = left.u32()?;
    let mut extensions = Vec::new();
    while left.0.has_remaining() {
        extensions.push(left.string()?);
        left.string()?;
    }
    Ok((version, extensions))
}

/// A reply and the number of the request it answers.
pub fn reply(packet: Bytes) -> Result<(u32, Reply), Broken> {
    let mut left = Reader(packet);
    let kind = left.u8()?;
    let id = left.u32()?;
    let reply = match kind {
        // Old servers leave the words out.
        STATUS => Reply::Status(left.u32()?, left.string().unwrap_or_default()),
        HANDLE => Reply::Handle(left.string()?),
        DATA => Reply::Data(left.string()?),
        NAME => {
            let mut names = Vec::new();
            // The count alone allocates nothing: each entry has to be there.
            for _ in 0..left.u32()? {
                names.push(Named {
                    name: left.string()?,
                    long: left.string()?,
                    attributes: left.attributes()?,
                });
            }
            Reply::Names(names)
        }
        ATTRS => Reply::Attributes(left.attributes()?),
        EXTENDED_REPLY => Reply::Extended(left.0),
        _ => return Err(Broken),
    };
    if let Reply::Handle(handle) = &reply
        && handle.len() > MAX_HANDLE_BYTES
    {
        return Err(Broken);
    }
    Ok((id, reply))
}

/// The first so many 64-bit numbers of an extension's answer.
pub fn numbers<const N: usize>(answer: Bytes) -> Result<[u64; N], Broken> {
    let mut left = Reader(answer);
    let mut numbers = [0; N];
    for number in &mut numbers {
        *number = left.u64()?;
    }
    Ok(numbers)
}

struct Reader(Bytes);

impl Reader {
    fn u8(&mut self) -> Result<u8, Broken> {
        self.0.try_get_u8().map_err(|_| Broken)
    }

    fn u32(&mut self) -> Result<u32, Broken> {
        self.0.try_get_u32().map_err(|_| Broken)
    }

    fn u64(&mut self) -> Result<u64, Broken> {
        self.0.try_get_u64().map_err(|_| Broken)
    }

    fn string(&mut self) -> Result<Bytes, Broken> {
        let length = usize::try_from(self.u32()?).map_err(|_| Broken)?;
        if length > self.0.remaining() {
            return Err(Broken);
        }
        Ok(self.0.split_to(length))
    }

    fn attributes(&mut self) -> Result<Attributes, Broken> {
        let flags = self.u32()?;
        let mut attributes = Attributes::default();
        if flags & HAS_SIZE != 0 {
            attributes.size = Some(self.u64()?);
        }
        if flags & HAS_OWNER != 0 {
            attributes.owner = Some((self.u32()?, self.u32()?));
        }
        if flags & HAS_MODE != 0 {
            attributes.mode = Some(self.u32()?);
        }
        if flags & HAS_TIMES != 0 {
            attributes.times = Some((self.u32()?, self.u32()?));
        }
        if flags & HAS_EXTENDED != 0 {
            for _ in 0..self.u32()? {
                self.string()?;
                self.string()?;
            }
        }
        Ok(attributes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn framed(inside: &[u8]) -> BytesMut {
        let mut bytes = BytesMut::new();
        bytes.put_u32(u32::try_from(inside.len()).unwrap());
        bytes.put_slice(inside);
        bytes
    }

    fn names(count: u32) -> Vec<u8> {
        let entry = Request::new(0)
            .string(b"\xff")
            .string(b"-rw")
            .attributes(&Attributes {
                size: Some(7),
                owner: Some((1, 2)),
                mode: Some(0o100_644),
                times: Some((3, 4)),
            });
        let mut inside = vec![NAME, 0, 0, 0, 9];
        inside.extend(count.to_be_bytes());
        inside.extend(&entry.head[HEAD_BYTES..]);
        inside
    }

    #[test]
    fn any_cut_of_a_packet_asks_for_more_and_its_inside_cut_short_is_broken() {
        let whole = framed(&names(1));
        for length in 0..whole.len() {
            let mut cut = BytesMut::from(&whole[..length]);
            assert_eq!(packet(&mut cut), Ok(None), "{length}");
        }
        let inside = packet(&mut whole.clone()).unwrap().unwrap();
        let (id, read) = reply(inside.clone()).unwrap();
        let Reply::Names(read) = read else {
            panic!("{read:?}")
        };
        assert_eq!((id, read[0].name.as_ref()), (9, &b"\xff"[..]));
        assert_eq!(read[0].attributes.size, Some(7));
        for length in 0..inside.len() {
            assert_eq!(reply(inside.slice(..length)), Err(Broken), "{length}");
        }
    }

    #[test]
    fn lengths_and_counts_that_lie_are_broken() {
        for length in [0, 4, 256 * 1024 + 1, u32::MAX] {
            let mut bytes = BytesMut::from(&length.to_be_bytes()[..]);
            assert_eq!(packet(&mut bytes), Err(Broken), "{length}");
            assert!(bytes.capacity() < 1024);
        }
        assert_eq!(reply(names(u32::MAX).into()), Err(Broken));
        let long_handle = Request::new(0).string(&[0; 257]);
        let mut inside = vec![HANDLE, 0, 0, 0, 1];
        inside.extend(&long_handle.head[HEAD_BYTES..]);
        assert_eq!(reply(inside.into()), Err(Broken));
    }

    proptest! {
        #[test]
        fn noise_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = reply(bytes.clone().into());
            let _ = version(bytes.clone().into());
            let _ = packet(&mut BytesMut::from(&bytes[..]));
        }

        #[test]
        fn attributes_are_read_as_they_were_written(
            size in any::<Option<u64>>(), owner in any::<Option<(u32, u32)>>(),
            mode in any::<Option<u32>>(), times in any::<Option<(u32, u32)>>(),
        ) {
            let attributes = Attributes { size, owner, mode, times };
            let written = Request::new(0).attributes(&attributes).head.split_off(HEAD_BYTES);
            prop_assert_eq!(Reader(written.freeze()).attributes(), Ok(attributes));
        }
    }
}
