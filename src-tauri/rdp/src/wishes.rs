//! What a session is asked for besides its picture: which of the machine's sessions, a program, how it looks.

use crate::drive::Lent;
use crate::redirect::Target;
use farwire_model::error::Stage;
use farwire_model::session::{FailureKind, SessionError, Start};
use ironrdp_connector::{ClientConnector, Config};
use ironrdp_pdu::gcc::{ClientClusterData, RedirectionFlags, RedirectionVersion};
use ironrdp_pdu::rdp::client_info::PerformanceFlags;

/// What is asked for, by the settings of a connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wishes {
    /// The machine's administrative session, once called its console.
    admin: bool,
    /// The program that is started instead of the desktop.
    program: String,
    /// The folder it is started in.
    folder: String,
    /// What a broker is told, so that it finds the machine or the farm.
    balance: Option<String>,
    /// What this computer is called there.
    pub client_name: String,
    effects: Effects,
    /// Whether the clipboard is shared.
    pub has_clipboard: bool,
    /// The folder of this computer that is lent as a drive.
    pub drive: Option<Lent>,
}

/// How much of a desktop's beauty is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Effects {
    #[default]
    Usual,
    All,
    None,
}

impl Wishes {
    /// Reads the dotted settings; what is absent or empty is not asked for.
    pub fn of(start: &Start) -> Self {
        let setting = |key: &str| start.settings.get(key);
        let is = |key: &str| setting(key).and_then(|value| value.as_bool());
        let text = |key: &str| setting(key).and_then(|value| value.as_str()).unwrap_or("");
        Self {
            admin: is("rdp.admin") == Some(true),
            program: text("rdp.program").to_owned(),
            folder: text("rdp.folder").to_owned(),
            balance: Some(text("rdp.balance").to_owned()).filter(|text| !text.is_empty()),
            client_name: match text("rdp.client_name") {
                "" => "Farwire".to_owned(),
                name => name.to_owned(),
            },
            effects: match text("rdp.effects") {
                "all" => Effects::All,
                "none" => Effects::None,
                _ => Effects::Usual,
            },
            has_clipboard: is("rdp.clipboard") != Some(false),
            drive: Some(text("rdp.drive").trim())
                .filter(|folder| !folder.is_empty())
                .map(|folder| Lent {
                    folder: folder.to_owned(),
                    is_read_only: is("rdp.drive_read_only") != Some(false),
                }),
        }
    }

    /// Refuses what no machine can be told.
    ///
    /// # Errors
    /// Stage `banner`.
    pub fn check(&self) -> Result<(), SessionError> {
        let is_plain = |text: &String| text.bytes().all(|byte| (0x20..=0x7e).contains(&byte));
        if self.balance.as_ref().is_none_or(is_plain) {
            return Ok(());
        }
        let message = "the load-balance info of this connection has other characters than ASCII ones, which no broker takes; correct it";
        Err(SessionError::new(
            Stage::Banner,
            FailureKind::Refused,
            message,
        ))
    }

    /// Writes what goes into the connector's settings.
    pub fn put(&self, config: &mut Config) {
        config.alternate_shell.clone_from(&self.program);
        config.work_dir.clone_from(&self.folder);
        config.client_name.clone_from(&self.client_name);
        config.performance_flags = match self.effects {
            Effects::Usual => PerformanceFlags::default(),
            Effects::All => {
                PerformanceFlags::ENABLE_FONT_SMOOTHING
                    | PerformanceFlags::ENABLE_DESKTOP_COMPOSITION
            }
            Effects::None => {
                PerformanceFlags::DISABLE_WALLPAPER
                    | PerformanceFlags::DISABLE_FULLWINDOWDRAG
                    | PerformanceFlags::DISABLE_MENUANIMATIONS
                    | PerformanceFlags::DISABLE_THEMING
                    | PerformanceFlags::DISABLE_CURSOR_SHADOW
                    | PerformanceFlags::DISABLE_CURSORSETTINGS
            }
        };
    }

    /// Adds what the connector is told besides (MS-RDPBCGR 2.2.1.3.5 and 3.2.5.3.1). `target` is where a broker sent us.
    pub fn ask(&self, mut connector: ClientConnector, target: Option<&Target>) -> ClientConnector {
        let mut flags = RedirectionFlags::REDIRECTION_SUPPORTED;
        let session = target.map(|target| target.session_id);
        // Session 0 is the administrative one.
        flags.set(
            RedirectionFlags::REDIRECTED_SESSION_FIELD_VALID,
            self.admin || session.is_some(),
        );
        connector = connector.with_cluster_data(ClientClusterData {
            flags,
            redirection_version: RedirectionVersion::V6,
            redirected_session_id: session.unwrap_or(0),
        });
        let balance = target.map_or(self.balance.as_ref(), |target| target.balance.as_ref());
        if let Some(balance) = balance {
            connector = connector.with_load_balance_info(balance.clone());
        }
        match target.and_then(|target| target.cookie.as_ref()) {
            Some(cookie) => connector.with_redirection_password_cookie(cookie.to_vec()),
            None => connector,
        }
    }
}
