use super::*;
use ironrdp_core::encode_vec;
use ironrdp_egfx::pdu::{
    CapabilitiesConfirmPdu, CreateSurfacePdu, EndFramePdu, GfxPdu, MapSurfaceToOutputPdu,
    PixelFormat, ResetGraphicsPdu, StartFramePdu, Timestamp, WireToSurface1Pdu,
};
use ironrdp_pdu::geometry::ExclusiveRectangle;

/// A message as it comes: uncompressed (MS-RDPEGFX 2.2.5.1).
fn message(pdus: Vec<GfxPdu>) -> Vec<u8> {
    let mut bytes = vec![0xe0, 0x04];
    for pdu in pdus {
        bytes.extend(encode_vec(&pdu).unwrap());
    }
    bytes
}

fn begin() -> Vec<GfxPdu> {
    let confirmed = capabilities(false).into_iter().next().unwrap();
    vec![
        GfxPdu::CapabilitiesConfirm(CapabilitiesConfirmPdu::from_typed(&confirmed)),
        GfxPdu::ResetGraphics(ResetGraphicsPdu {
            width: 64,
            height: 32,
            monitors: Vec::new(),
        }),
        GfxPdu::CreateSurface(CreateSurfacePdu {
            surface_id: 1,
            width: 64,
            height: 32,
            pixel_format: PixelFormat::XRgb,
        }),
        GfxPdu::MapSurfaceToOutput(MapSurfaceToOutputPdu {
            surface_id: 1,
            output_origin_x: 0,
            output_origin_y: 0,
        }),
    ]
}

fn frame(codec_id: Codec1Type, bitmap_data: Vec<u8>) -> Vec<GfxPdu> {
    vec![
        GfxPdu::StartFrame(StartFramePdu {
            timestamp: Timestamp {
                milliseconds: 0,
                seconds: 0,
                minutes: 0,
                hours: 0,
            },
            frame_id: 7,
        }),
        GfxPdu::WireToSurface1(WireToSurface1Pdu {
            surface_id: 1,
            codec_id,
            pixel_format: PixelFormat::XRgb,
            destination_rectangle: ExclusiveRectangle {
                left: 3,
                top: 5,
                right: 5,
                bottom: 6,
            },
            bitmap_data,
        }),
        GfxPdu::EndFrame(EndFramePdu { frame_id: 7 }),
    ]
}

fn graphics(output: &Output) -> Graphics {
    let mut graphics = Graphics::new(output, false, Arc::new(()));
    graphics.process(1, &message(begin())).unwrap();
    graphics
}

#[test]
fn pixels_come_where_they_belong_and_frames_are_answered() {
    let output = Output::default();
    let mut graphics = graphics(&output);
    // The surface shows itself with the first frame, black as it is.
    let nothing = frame(Codec1Type::Uncompressed, vec![0; 8]);
    graphics.process(1, &message(nothing)).unwrap();
    assert_eq!(output.take().size, Some(Size::new(64, 32)));
    let pixels = vec![1, 2, 3, 0, 4, 5, 6, 0];
    let sent = message(frame(Codec1Type::Uncompressed, pixels));
    let answers = graphics.process(1, &sent).unwrap();
    assert_eq!(answers.len(), 1, "the frame is acknowledged");
    let brought = output.take();
    let [part] = &brought.parts[..] else {
        panic!("{:?}", brought.parts)
    };
    assert_eq!((part.region.left, part.region.top), (3, 5));
    let (colours, _) = part.data.as_chunks::<4>();
    let colours: Vec<_> = colours.iter().map(|[r, g, b, _]| [*r, *g, *b]).collect();
    assert_eq!(colours, [[3, 2, 1], [6, 5, 4]]);
    assert!(!brought.is_damaged && brought.size.is_none());
    assert_eq!(output.codec(), Some(Codec::Raw));
    assert!(output.take().parts.is_empty(), "it is handed over once");
}

#[test]
fn what_cannot_be_decoded_is_told() {
    let output = Output::default();
    let mut graphics = graphics(&output);
    let wrong = message(frame(Codec1Type::Planar, vec![0xff; 3]));
    graphics.process(1, &wrong).unwrap();
    assert!(output.take().is_damaged);
    assert!(!output.take().is_damaged, "once");
}

#[test]
fn a_session_has_one_such_channel_at_a_time() {
    let mut opener = Opener::new(&Output::default(), false);
    let first = opener.create(1).unwrap();
    assert!(opener.create(2).is_none());
    drop(first);
    assert!(opener.create(3).is_some());
}

#[test]
fn h264_is_offered_only_where_it_is_wanted() {
    let has_h264 = |set: &CapabilitySet| match set {
        CapabilitySet::V8 { .. } => false,
        CapabilitySet::V8_1 { flags } => flags.contains(CapabilitiesV81Flags::AVC420_ENABLED),
        CapabilitySet::V10 { flags } | CapabilitySet::V10_2 { flags } => {
            !flags.contains(CapabilitiesV10Flags::AVC_DISABLED)
        }
        CapabilitySet::V10_3 { flags } => !flags.contains(CapabilitiesV103Flags::AVC_DISABLED),
        CapabilitySet::V10_4 { flags }
        | CapabilitySet::V10_5 { flags }
        | CapabilitySet::V10_6 { flags } => !flags.contains(CapabilitiesV104Flags::AVC_DISABLED),
        CapabilitySet::V10_7 { flags } => !flags.contains(CapabilitiesV107Flags::AVC_DISABLED),
        other => panic!("{other:?} says nothing of it"),
    };
    let count = |offers| {
        capabilities(offers)
            .iter()
            .filter(|set| has_h264(set))
            .count()
    };
    assert_eq!((count(false), count(true)), (0, 8));
}
