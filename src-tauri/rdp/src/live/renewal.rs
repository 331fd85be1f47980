//! A session that changes its size.

use super::{Ended, Live};
use crate::picture::Picture;
use farwire_model::frame::Size;
use ironrdp_connector::Sequence as _;
use ironrdp_connector::connection_activation::ConnectionActivationState;
use ironrdp_core::{MonotonicInstant, WriteBuf};
use tokio::time::Instant;

impl Live {
    /// Goes on with the Deactivation-Reactivation Sequence (MS-RDPBCGR 1.3.1.3). Some servers get lost in it: then a new
    /// session of the wanted size takes the place of this one.
    pub(super) fn renew(
        &mut self,
        frame: &[u8],
        received_at: Option<MonotonicInstant>,
    ) -> Result<(), Ended> {
        let Some((sequence, _)) = &mut self.renewal else {
            return Ok(());
        };
        let mut answer = WriteBuf::new();
        let mut stepped = sequence.step(frame, received_at, &mut answer);
        while stepped.is_ok()
            && !sequence.state().is_terminal()
            && sequence.next_pdu_hint().is_none()
        {
            stepped = sequence.step_no_input(&mut answer);
        }
        if let Err(error) = stepped {
            tracing::debug!(error = %error.report(), "the session did not change its size");
            return Err(self.again());
        }
        self.outgoing.extend_from_slice(answer.filled());
        let ConnectionActivationState::Finalized {
            desktop_size,
            share_id,
            input_flags,
            static_channel_chunk_size,
            enable_server_pointer,
            pointer_software_rendering,
            refresh_rect_support,
            suppress_output_support,
            ..
        } = sequence.connection_activation_state()
        else {
            return Ok(());
        };
        let (io_channel, user_channel) = (sequence.io_channel_id(), sequence.user_channel_id());
        self.renewal = None;
        let size = Size::new(desktop_size.width, desktop_size.height);
        // The graphics pipeline may have come to that size meanwhile, and have drawn what is not drawn again.
        if size != self.picture.size() {
            self.picture = Picture::new(size, &self.surface)
                .map_err(|error| Ended::Fault(error.to_string()))?;
        }
        let is_renewed = self.stage.reactivate(
            io_channel,
            user_channel,
            share_id,
            enable_server_pointer,
            pointer_software_rendering,
            static_channel_chunk_size,
        );
        if !is_renewed {
            return Err(Ended::Fault("channels of an unknown kind".to_owned()));
        }
        self.input_flags = input_flags;
        self.input.renewed(input_flags);
        (self.can_refresh, self.can_suppress) = (refresh_rect_support, suppress_output_support);
        self.hidden.forgotten(Instant::now());
        Ok(())
    }
}
