//! The clipboard of a test's RDP server: it tells all it hears.

use crate::rdp_server::Told;
use ironrdp_cliprdr::backend::CliprdrBackend;
use ironrdp_cliprdr::pdu::{
    ClipboardFormat, ClipboardFormatId, ClipboardFormatName, ClipboardGeneralCapabilityFlags,
    FileContentsRequest, FileContentsResponse, FormatDataRequest, FormatDataResponse, LockDataId,
};
use ironrdp_core::impl_as_any;
use tokio::sync::mpsc;

/// What its clipboard hears. Kinds are numbers, with a name where they have one.
#[derive(Debug, PartialEq)]
pub enum Clip {
    Offers(Vec<(u32, String)>),
    Wants(u32),
    Brings(Option<Vec<u8>>),
}

/// A form as the protocol has it.
pub fn format((number, name): (u32, &'static str)) -> ClipboardFormat {
    let format = ClipboardFormat::new(ClipboardFormatId::new(number));
    match name {
        "" => format,
        name => format.with_name(ClipboardFormatName::new(name)),
    }
}

/// Hears what the clipboard's channel brings.
#[derive(Debug)]
pub struct Clips(pub mpsc::UnboundedSender<Told>);

impl_as_any!(Clips);

impl Clips {
    fn tell(&self, heard: Clip) {
        let _ = self.0.send(Told::Clip(heard));
    }
}

impl CliprdrBackend for Clips {
    fn temporary_directory(&self) -> &str {
        "/tmp"
    }

    fn client_capabilities(&self) -> ClipboardGeneralCapabilityFlags {
        ClipboardGeneralCapabilityFlags::USE_LONG_FORMAT_NAMES
    }

    fn on_remote_copy(&mut self, forms: &[ClipboardFormat]) {
        let name = |form: &ClipboardFormat| form.name().map(|name| name.value().to_owned());
        let forms = forms.iter();
        let forms = forms.map(|form| (form.id().value(), name(form).unwrap_or_default()));
        self.tell(Clip::Offers(forms.collect()));
    }

    fn on_format_data_request(&mut self, request: FormatDataRequest) {
        self.tell(Clip::Wants(request.format.value()));
    }

    fn on_format_data_response(&mut self, response: FormatDataResponse<'_>) {
        let bytes = (!response.is_error()).then(|| response.data().to_vec());
        self.tell(Clip::Brings(bytes));
    }

    fn on_ready(&mut self) {}
    fn on_request_format_list(&mut self) {}
    fn on_process_negotiated_capabilities(&mut self, _: ClipboardGeneralCapabilityFlags) {}
    fn on_file_contents_request(&mut self, _: FileContentsRequest) {}
    fn on_file_contents_response(&mut self, _: FileContentsResponse<'_>) {}
    fn on_lock(&mut self, _: LockDataId) {}
    fn on_unlock(&mut self, _: LockDataId) {}
}
