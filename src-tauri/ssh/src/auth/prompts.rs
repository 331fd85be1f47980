//! Questions of the server (RFC 4256): what a stored password answers is answered, the rest goes to the person.

use super::{Outcome, SignIn};
use crate::limits::{ASK_LIMIT, AUTH_LIMIT, MAX_QUESTIONS, MAX_ROUNDS, MAX_TEXT_CHARS};
use crate::text;
use farwire_model::ask::{Question, Questions};
use farwire_model::error::Stage;
use farwire_model::secret::Secret;
use farwire_model::session::{FailureKind, SessionError, SessionEvent};
use russh::client::{KeyboardInteractiveAuthResponse as Response, Prompt};
use tokio::time::timeout;

impl SignIn<'_> {
    pub(super) async fn keyboard_interactive(&mut self) -> Result<Outcome, SessionError> {
        let start = self
            .handle
            .authenticate_keyboard_interactive_start(self.user.clone(), None);
        let started = timeout(AUTH_LIMIT, start).await;
        let mut response = self.answer(started)?;
        let mut is_password_sent = false;
        let mut is_changing = false;
        for _ in 0..MAX_ROUNDS {
            let (instructions, prompts) = match response {
                Response::Success => {
                    if is_changing {
                        let said = "The password was changed on the machine. The stored one is the old one: save the new one.";
                        let event = SessionEvent::Said(said.to_owned());
                        self.call.events.send(event).await.unwrap_or_default();
                    }
                    return Ok(Outcome::Success);
                }
                Response::Failure {
                    remaining_methods,
                    partial_success,
                } => {
                    if !partial_success {
                        let what = if is_password_sent {
                            self.is_password_refused = true;
                            "the password"
                        } else {
                            "the answers"
                        };
                        self.tried.push(what.to_owned());
                    }
                    return Ok(Outcome::More {
                        remaining: remaining_methods,
                        is_partial: partial_success,
                    });
                }
                Response::InfoRequest {
                    name,
                    instructions,
                    prompts,
                } => (format!("{name}\n{instructions}"), prompts),
            };
            is_changing |= prompts.iter().any(|prompt| is_new_password(&prompt.prompt));
            let answers = match self.stored_answer(&prompts, is_password_sent) {
                Stored::Answer(answers) => {
                    is_password_sent |= !answers.is_empty();
                    answers
                }
                Stored::Missing => return Ok(Outcome::Nothing),
                Stored::None => match self.ask(&instructions, &prompts).await? {
                    Some(answers) => answers,
                    None => {
                        self.is_unanswered = true;
                        return Err(self.unanswered(&prompts));
                    }
                },
            };
            let respond = self
                .handle
                .authenticate_keyboard_interactive_respond(answers);
            let responded = timeout(AUTH_LIMIT, respond).await;
            response = self.answer(responded)?;
        }
        let message = format!(
            "{} was asked more than {MAX_ROUNDS} times while signing in, so the sign-in was given up",
            self.machine()
        );
        Err(SessionError::new(
            Stage::Auth,
            FailureKind::Protocol,
            message,
        ))
    }

    /// What is stored that answers these questions. A password goes out once: asked again, it was wrong.
    fn stored_answer(&self, prompts: &[Prompt], is_password_sent: bool) -> Stored {
        let [prompt] = prompts else {
            return match prompts {
                // PAM ends with an empty list, which wants an empty answer.
                [] => Stored::Answer(Vec::new()),
                _ => Stored::None,
            };
        };
        if !is_password(prompt) {
            return Stored::None;
        }
        match &self.hop.credentials.password {
            _ if self.is_password_refused => Stored::Missing,
            Some(_) if is_password_sent && !is_current(&prompt.prompt) => Stored::None,
            Some(password) => Stored::Answer(vec![password.expose().to_owned()]),
            // The form that asks for a password can also store it.
            None => Stored::Missing,
        }
    }

    async fn ask(
        &self,
        instructions: &str,
        prompts: &[Prompt],
    ) -> Result<Option<Vec<String>>, SessionError> {
        if prompts.len() > MAX_QUESTIONS {
            let message = format!(
                "{} was asked {} things at once while signing in; more than {MAX_QUESTIONS} are no questions",
                self.machine(),
                prompts.len()
            );
            let error = SessionError::new(Stage::Auth, FailureKind::Protocol, message);
            return Err(error);
        }
        let questions = prompts.iter().map(|prompt| Question {
            text: text::shown(&prompt.prompt, MAX_TEXT_CHARS),
            echo: prompt.echo,
        });
        let banner = self.ear.said().banner;
        let instructions = format!("{banner}\n{instructions}");
        let asking = self.call.ask.ask(Questions {
            machine: self.machine(),
            instructions: text::shown(instructions.trim(), MAX_TEXT_CHARS),
            questions: questions.collect(),
        });
        let answers = timeout(ASK_LIMIT, asking).await.ok().flatten();
        // A wrong number of answers would be refused with a protocol error.
        let answers = answers.filter(|answers| answers.len() == prompts.len());
        Ok(answers.map(|answers| {
            answers
                .iter()
                .map(Secret::expose)
                .map(str::to_owned)
                .collect()
        }))
    }

    fn unanswered(&self, prompts: &[Prompt]) -> SessionError {
        let asked: Vec<_> = prompts
            .iter()
            .map(|prompt| text::line(&prompt.prompt, 80))
            .collect();
        let message = format!(
            "{} was asked \"{}\" while signing in, and nobody answered; open the connection in the window to answer",
            self.machine(),
            asked.join("\", \"")
        );
        SessionError::new(Stage::Auth, FailureKind::CredentialsMissing, message)
    }
}

enum Stored {
    Answer(Vec<String>),
    /// The answer is a password, and there is none to send.
    Missing,
    /// Somebody has to be asked.
    None,
}

/// Whether a question plainly asks for the password of the account: hidden, called so, and not a new or a one-time one.
fn is_password(prompt: &Prompt) -> bool {
    let text = prompt.prompt.to_lowercase();
    let is_called_so = [
        "password",
        "passwort",
        "kennwort",
        "mot de passe",
        "contraseña",
    ]
    .iter()
    .any(|word| text.contains(word));
    let is_other = [
        "new",
        "retype",
        "re-enter",
        "again",
        "confirm",
        "one-time",
        "one time",
        "otp",
        "token",
        "code",
        "verification",
        "neues",
        "wiederholen",
        "nouveau",
        "nueva",
    ]
    .iter()
    .any(|word| text.contains(word));
    !prompt.echo && is_called_so && !is_other
}

/// Whether the password that was used before is asked for again, so that a new one can be set.
fn is_current(prompt: &str) -> bool {
    let text = prompt.to_lowercase();
    text.contains("current") || text.contains("(old)") || text.contains("old password")
}

fn is_new_password(prompt: &str) -> bool {
    let text = prompt.to_lowercase();
    text.contains("new password") || text.contains("new unix password")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_password_answers_only_what_plainly_asks_for_it() {
        for (text, echo, expected) in [
            ("Password: ", false, true),
            ("(alice@host) Password: ", false, true),
            ("Current password: ", false, true),
            ("Password: ", true, false),
            ("New password: ", false, false),
            ("Retype new password: ", false, false),
            ("One-time password (OATH) for `alice': ", false, false),
            ("Verification code: ", false, false),
            ("Enter your token password", false, false),
            ("What is your favourite colour?", false, false),
        ] {
            let prompt = Prompt {
                prompt: text.to_owned(),
                echo,
            };
            assert_eq!(is_password(&prompt), expected, "{text}");
        }
    }
}
