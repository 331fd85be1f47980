//! Which encoding an update outside the graphics pipeline has, read from its headers.

use farwire_model::codec::Codec;

/// The encoding of a fast-path update (MS-RDPBCGR 2.2.9.1.2); `None` when it brings no pixels.
pub fn of_update(frame: &[u8]) -> Option<Codec> {
    let [_, first, rest @ ..] = frame else {
        return None;
    };
    let mut updates = match first & 0x80 {
        0 => rest,
        _ => rest.get(1..)?,
    };
    let mut found = None;
    while let [header, rest @ ..] = updates {
        let is_packed = header >> 6 & 2 != 0;
        let (flags, rest) = match (is_packed, rest) {
            (true, [flags, rest @ ..]) => (*flags, rest),
            (false, rest) => (0, rest),
            _ => break,
        };
        let Some((length, rest)) = rest.split_first_chunk() else {
            break;
        };
        let length = usize::from(u16::from_le_bytes(*length));
        let Some((body, rest)) = rest.split_at_checked(length) else {
            break;
        };
        // Later parts of an update have none of its headers.
        let is_begin = matches!(header >> 4 & 3, 0 | 2);
        found = match header & 0xf {
            1 => Some(Codec::Bitmap),
            // Packed, it can only be read later; there is but one codec that the machine was offered.
            4 if flags & 0x20 != 0 => Some(Codec::RemoteFx),
            4 if is_begin => of_commands(body).or(found),
            _ => found,
        };
        updates = rest;
    }
    found
}

/// The encoding of surface commands (MS-RDPBCGR 2.2.9.2): the first that is no mark between frames.
fn of_commands(mut commands: &[u8]) -> Option<Codec> {
    while let [4, 0, _, _, _, _, _, _, rest @ ..] = commands {
        commands = rest;
    }
    // The kind, a rectangle, depth, flags, a reserve.
    match commands {
        [1 | 6, 0, body @ ..] => match body.get(11)? {
            0 => Some(Codec::Raw),
            _ => Some(Codec::RemoteFx),
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(header: u8, flags: Option<u8>, body: &[u8]) -> Vec<u8> {
        let mut update = vec![header];
        update.extend(flags);
        update.extend(u16::try_from(body.len()).unwrap().to_le_bytes());
        update.extend(body);
        update
    }

    fn frame(updates: &[Vec<u8>]) -> Vec<u8> {
        let body = updates.concat();
        let length = u16::try_from(body.len() + 3).unwrap() | 0x8000;
        [&[0][..], &length.to_be_bytes(), &body].concat()
    }

    #[test]
    fn updates_say_how_their_pixels_are_encoded() {
        let mark = [4, 0, 0, 0, 1, 0, 0, 0];
        let bits = |codec| [1, 0, 0, 0, 0, 0, 9, 0, 9, 0, 32, 0, 0, codec, 0];
        let begun = [&mark[..], &bits(3)].concat();
        for (updates, expected) in [
            (vec![update(1, None, &[0; 9])], Some(Codec::Bitmap)),
            (vec![update(4, None, &bits(3))], Some(Codec::RemoteFx)),
            (vec![update(4, None, &bits(0))], Some(Codec::Raw)),
            (
                vec![update(4 | 2 << 4, None, &begun)],
                Some(Codec::RemoteFx),
            ),
            (
                vec![update(4 | 0x80, Some(0x21), &[7; 20])],
                Some(Codec::RemoteFx),
            ),
            // The end of an update, a mark alone, a pointer.
            (vec![update(4 | 1 << 4, None, &bits(0))], None),
            (vec![update(4, None, &mark)], None),
            (vec![update(9, None, &[0; 9])], None),
            (
                vec![update(9, None, &[0; 9]), update(1, None, &[])],
                Some(Codec::Bitmap),
            ),
        ] {
            assert_eq!(of_update(&frame(&updates)), expected, "{updates:?}");
        }
    }

    #[test]
    fn any_cut_of_an_update_is_read_without_harm() {
        let whole = frame(&[update(4, None, &[1; 20]), update(1, Some(0x20), &[2; 9])]);
        for length in 0..whole.len() {
            of_update(whole.get(..length).unwrap());
        }
    }
}
