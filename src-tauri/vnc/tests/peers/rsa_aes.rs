//! The server's half of security types 5, 6, 129 and 130.

use super::{Pipe, take};
use openssl::bn::BigNum;
use openssl::hash::{MessageDigest, hash};
use openssl::pkey::Private;
use openssl::rand::rand_bytes;
use openssl::rsa::{Padding, Rsa};
use openssl::symm::{Cipher, Crypter, Mode};
use tokio::io::AsyncWriteExt;

/// Where a dishonest server differs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Twist {
    #[default]
    None,
    /// The hash is of other keys.
    Hash,
    /// The proof of the first message is wrong.
    Proof,
    /// The secret is shorter than it must be.
    ShortSecret,
    /// Nothing is said after the secret.
    SilentAfterSecret,
    /// Nothing is said after the hash.
    SilentAfterHash,
}

/// A server with its key.
pub struct Server {
    key: Rsa<Private>,
    is_256: bool,
    /// 1 asks for account and password, 2 for the password.
    pub wanted: u8,
    pub twist: Twist,
}

/// Both directions after the sign-in.
pub struct Keys {
    pub to_client: Messages,
    pub from_client: Messages,
}

impl Server {
    pub fn new(bits: u32, is_256: bool) -> Self {
        Self {
            key: Rsa::generate(bits).unwrap(),
            is_256,
            wanted: 1,
            twist: Twist::None,
        }
    }

    /// The key as it goes over the wire.
    pub fn public(&self) -> Vec<u8> {
        let size = self.key.size() as i32;
        let mut wire = (self.key.n().num_bits() as u32).to_be_bytes().to_vec();
        wire.extend(self.key.n().to_vec_padded(size).unwrap());
        wire.extend(self.key.e().to_vec_padded(size).unwrap());
        wire
    }

    async fn fall_silent(&self, twist: Twist) {
        if self.twist == twist {
            std::future::pending::<()>().await;
        }
    }

    fn hash(&self, parts: &[&[u8]]) -> Vec<u8> {
        let algorithm = match self.is_256 {
            true => MessageDigest::sha256(),
            false => MessageDigest::sha1(),
        };
        hash(algorithm, &parts.concat()).unwrap().to_vec()
    }

    /// Speaks up to the credentials; answers them and the keys for what follows.
    pub async fn serve(&self, pipe: &mut impl Pipe) -> (String, String, Keys) {
        let ours = self.public();
        pipe.write_all(&ours).await.unwrap();
        let mut theirs = take(pipe, 4).await;
        let bits = u32::from_be_bytes(theirs[..].try_into().unwrap());
        assert!((1024..=8192).contains(&bits), "{bits}");
        let size = bits.div_ceil(8) as usize;
        theirs.extend(take(pipe, 2 * size).await);
        let modulus = BigNum::from_slice(&theirs[4..4 + size]).unwrap();
        let exponent = BigNum::from_slice(&theirs[4 + size..]).unwrap();
        let client = Rsa::from_public_components(modulus, exponent).unwrap();

        let length = if self.is_256 { 32 } else { 16 };
        let mut random = vec![0; length];
        rand_bytes(&mut random).unwrap();
        let cut = usize::from(self.twist == Twist::ShortSecret);
        let mut sealed = vec![0; size];
        client
            .public_encrypt(&random[cut..], &mut sealed, Padding::PKCS1)
            .unwrap();
        pipe.write_all(&(size as u16).to_be_bytes()).await.unwrap();
        pipe.write_all(&sealed).await.unwrap();

        self.fall_silent(Twist::SilentAfterSecret).await;

        let count = take(pipe, 2).await;
        let count = u16::from_be_bytes([count[0], count[1]]) as usize;
        assert_eq!(count, self.key.size() as usize);
        let mut open = vec![0; count];
        let opened = self
            .key
            .private_decrypt(&take(pipe, count).await, &mut open, Padding::PKCS1)
            .unwrap();
        assert_eq!(opened, length);
        let client_random = &open[..length];

        let mut keys = Keys {
            from_client: Messages::new(&self.hash(&[&random, client_random])[..length]),
            to_client: Messages::new(&self.hash(&[client_random, &random])[..length]),
        };
        let mut shown = self.hash(&[&ours, &theirs]);
        if self.twist == Twist::Hash {
            shown[0] ^= 1;
        }
        let mut message = keys.to_client.seal(&shown);
        if self.twist == Twist::Proof {
            *message.last_mut().unwrap() ^= 1;
        }
        pipe.write_all(&message).await.unwrap();
        assert_eq!(
            keys.from_client.read(pipe).await,
            self.hash(&[&theirs, &ours])
        );
        self.fall_silent(Twist::SilentAfterHash).await;
        pipe.write_all(&keys.to_client.seal(&[self.wanted]))
            .await
            .unwrap();
        let credentials = keys.from_client.read(pipe).await;
        let (name, rest) = credentials[1..].split_at(usize::from(credentials[0]));
        assert_eq!(usize::from(rest[0]), rest.len() - 1);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        (text(name), text(&rest[1..]), keys)
    }
}

/// One direction's messages, under AES-EAX.
pub struct Messages {
    key: Vec<u8>,
    number: u128,
}

impl Messages {
    fn new(key: &[u8]) -> Self {
        Self {
            key: key.to_vec(),
            number: 0,
        }
    }

    /// A message as it goes over the wire.
    pub fn seal(&mut self, message: &[u8]) -> Vec<u8> {
        let header = (message.len() as u16).to_be_bytes();
        let nonce = self.omac(0, &self.number.to_le_bytes());
        let sealed = self.count_up(&nonce, message);
        let proof = self.proof(&nonce, &header, &sealed);
        self.number += 1;
        [&header[..], &sealed, &proof].concat()
    }

    /// The next message of the client, whose proof must be right.
    pub async fn read(&mut self, pipe: &mut impl Pipe) -> Vec<u8> {
        let header = take(pipe, 2).await;
        let length = usize::from(u16::from_be_bytes([header[0], header[1]]));
        let sealed = take(pipe, length).await;
        let proof = take(pipe, 16).await;
        let nonce = self.omac(0, &self.number.to_le_bytes());
        assert_eq!(proof, self.proof(&nonce, &header, &sealed));
        self.number += 1;
        self.count_up(&nonce, &sealed)
    }

    fn proof(&self, nonce: &[u8], header: &[u8], sealed: &[u8]) -> Vec<u8> {
        let (header, sealed) = (self.omac(1, header), self.omac(2, sealed));
        (0..16)
            .map(|at| nonce[at] ^ header[at] ^ sealed[at])
            .collect()
    }

    fn count_up(&self, start: &[u8], bytes: &[u8]) -> Vec<u8> {
        let cipher = match self.key.len() {
            16 => Cipher::aes_128_ctr(),
            _ => Cipher::aes_256_ctr(),
        };
        openssl::symm::encrypt(cipher, &self.key, Some(start), bytes).unwrap()
    }

    fn block(&self, block: [u8; 16]) -> [u8; 16] {
        let cipher = match self.key.len() {
            16 => Cipher::aes_128_ecb(),
            _ => Cipher::aes_256_ecb(),
        };
        let mut crypter = Crypter::new(cipher, Mode::Encrypt, &self.key, None).unwrap();
        crypter.pad(false);
        let mut out = [0; 32];
        crypter.update(&block, &mut out).unwrap();
        out[..16].try_into().unwrap()
    }

    /// CMAC by hand (RFC 4493), over the number as a block and the bytes.
    fn omac(&self, number: u8, bytes: &[u8]) -> Vec<u8> {
        let double = |block: [u8; 16]| {
            let value = u128::from_be_bytes(block);
            let carry = if value >> 127 == 1 { 0x87 } else { 0 };
            ((value << 1) ^ carry).to_be_bytes()
        };
        let first = double(self.block([0; 16]));
        let mut message = [0; 16].to_vec();
        message[15] = number;
        message.extend(bytes);
        let mask = if message.len() % 16 == 0 {
            first
        } else {
            message.push(0x80);
            while message.len() % 16 != 0 {
                message.push(0);
            }
            double(first)
        };
        let end = message.len() - 16;
        for at in 0..16 {
            message[end + at] ^= mask[at];
        }
        let mut state = [0; 16];
        for part in message.chunks(16) {
            for at in 0..16 {
                state[at] ^= part[at];
            }
            state = self.block(state);
        }
        state.to_vec()
    }
}
